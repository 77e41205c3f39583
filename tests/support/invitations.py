"""Invitations as they arrive: the tokens in the mails."""

import asyncio
import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from sqlalchemy import select

from db.core.session import Session
from db.models.jobs import Job
from tests.support.app import App
from tests.support.mailbox import plain_text
from tests.support.world import SYSTEM


async def token_of(app: App, email: str) -> str:
    """Return the token in the newest invitation mailed to an address."""

    def newest(session: Session) -> str:
        jobs = session.scalars(select(Job).where(Job.kind == "mail").order_by(Job.id.desc())).all()
        expected = ("invitation", email)
        return next(job.id.hex for job in jobs if (job.arguments["template"], job.arguments["to"]) == expected)

    id_ = await app.backend.database.write(newest, SYSTEM)
    async with asyncio.timeout(20):
        while (text := mailed(app.backend.settings.mail_dir, id_)) is None:
            await asyncio.sleep(0.02)
    (token,) = re.findall(r"^    (\S{43})$", text, re.MULTILINE)
    return str(token)


def mailed(directory: Path, id_: str) -> str | None:
    """Return the text of a mail, or None until it is sent."""
    for path in directory.glob(f"*-{id_}.eml"):
        message = message_from_bytes(path.read_bytes(), policy=default)
        assert isinstance(message, EmailMessage)
        if (text := plain_text(message)).rstrip().endswith("SheetGPT"):
            return str(text)
    return None
