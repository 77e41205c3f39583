"""Jobs that send mail, with a few retries."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from auth.links import sign
from db.core.base import now
from db.core.engine import Database
from db.models.users import User
from integrations.mail import Mail, Mailer, MailFailed
from jobs.mail.templates import DEFAULT_NAME, TEMPLATES, write
from jobs.runner.job_run import JobContext, JobFailure

MAX_CONCURRENT = 8
RETRY_SECONDS: Sequence[float] = (1.0, 5.0, 25.0)  # seconds between the attempts
LINK_LIFETIME = timedelta(days=7)
NOT_VERIFIED = "Your address is not verified, so no notices are sent to it. Verify it with verifyEmail, then retry."


@dataclass(frozen=True)
class Sender:
    """Way of a mail to people: `server` is the public URL for links, which `secret` signs.

    With `to_verified_only`, an account with somebody else's address cannot have notices sent there.
    """

    mailer: Mailer
    server: str | None
    secret: bytes
    to_verified_only: bool
    app_name: str = DEFAULT_NAME


class Mails:
    """Handler of jobs of kind `mail`: arguments `template`, `to` and the template's own `arguments`.

    A `link` among the arguments is the address of what the mail is about; a `path` is one of this server, to be signed.
    """

    def __init__(self, database: Database, sender: Sender) -> None:
        self._database, self._sender = database, sender

    async def __call__(self, context: JobContext) -> None:
        """Send the mail. Raises MailFailed or JobFailure, which fails the job."""
        arguments = context.job.arguments
        if TEMPLATES[arguments["template"]].is_notice:
            await self._check_address(context)
        link = self._link(arguments)
        letter = write(arguments["template"], arguments["arguments"], self._sender.server, link, self._sender.app_name)
        mail = Mail(context.job.id.hex, arguments["to"], letter.subject, letter.text, letter.html)
        for wait in RETRY_SECONDS:
            try:
                return await self._sender.mailer.send(mail)
            except MailFailed as error:
                if not error.retryable:
                    raise
            await asyncio.sleep(wait)
        return await self._sender.mailer.send(mail)

    async def _check_address(self, context: JobContext) -> None:
        if not self._sender.to_verified_only:
            return
        owner = await self._database.find(User, context.viewer, context.job.owner_id)
        if owner is None or not owner.is_email_verified:
            raise JobFailure("FORBIDDEN", NOT_VERIFIED)

    def _link(self, arguments: dict[str, Any]) -> str | None:
        """Return the link of a mail; None without PUBLIC_URL, as a path alone opens nothing from a mail."""
        if "link" in arguments or self._sender.server is None or "path" not in arguments:
            return arguments.get("link")
        signed = sign(self._sender.secret, arguments["path"], expires_at=now() + LINK_LIFETIME)
        return self._sender.server.rstrip("/") + signed
