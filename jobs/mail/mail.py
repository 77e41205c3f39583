"""Jobs that send mail, with a few retries."""

import asyncio
from collections.abc import Sequence

from integrations.mail import Mail, Mailer, MailFailed
from jobs.mail.templates import write
from jobs.runner.job_run import JobContext

MAX_CONCURRENT = 8
RETRY_SECONDS: Sequence[float] = (1.0, 5.0, 25.0)  # seconds between the attempts


class Mails:
    """Handler of jobs of kind `mail`: arguments `template`, `to` and the template's own `arguments`."""

    def __init__(self, mailer: Mailer, server: str | None) -> None:
        self._mailer, self._server = mailer, server

    async def __call__(self, context: JobContext) -> None:
        """Send the mail. Raises MailFailed, which fails the job."""
        arguments = context.job.arguments
        subject, text = write(arguments["template"], arguments["arguments"], self._server)
        mail = Mail(context.job.id.hex, arguments["to"], subject, text)
        for wait in RETRY_SECONDS:
            try:
                return await self._mailer.send(mail)
            except MailFailed as error:
                if not error.retryable:
                    raise
            await asyncio.sleep(wait)
        return await self._mailer.send(mail)
