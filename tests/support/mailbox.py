"""Mails of a running application, read from its mail directory."""

import asyncio
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from sqlalchemy import select

from db.core.prepared import Prepared
from db.models.jobs import Job
from tests.support.app import App
from tests.support.world import SYSTEM

every_mail: Prepared[Job] = Prepared(select(Job).where(Job.kind == "mail").order_by(Job.id))


class Mailbox:
    """Mails of a site in the order of sending."""

    def __init__(self, app: App, directory: Path) -> None:
        self.app, self.directory = app, directory

    async def letters(self, count: int) -> list[EmailMessage]:
        """Return the mails when there are `count` of them and none is in the queue."""
        async with asyncio.timeout(10):
            while len(await self._sent()) < count:
                await asyncio.sleep(0.02)
        jobs = await self._sent()
        assert len(jobs) == count
        return [self._read(job) for job in jobs]

    async def _sent(self) -> list[Job]:
        jobs = await self.app.backend.database.read(every_mail, SYSTEM)
        return jobs if all(job.finished_at for job in jobs) else []

    def _read(self, job: Job) -> EmailMessage:
        (path,) = self.directory.glob(f"*-{job.id.hex}.eml")
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message

    async def token(self, count: int) -> str:
        """Return the token in the last of `count` mails."""
        letter = (await self.letters(count))[-1]
        (token,) = re.findall(r"^    (\S{43})$", plain_text(letter), re.MULTILINE)
        return str(token)


def plain_text(message: EmailMessage) -> str:
    """Return the plain text of a mail; an unfinished file has none yet."""
    body = message.get_body(("plain",))
    return "" if body is None else str(body.get_content())


def html_text(message: EmailMessage) -> str:
    """Return the HTML of a mail that has both parts, the plain text first."""
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    body = message.get_body(("html",))
    assert body is not None
    return str(body.get_content())
