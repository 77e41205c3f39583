"""Mail by SMTP, or into files where no mail server is configured."""

import asyncio
import logging
import os
import time
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from integrations.addresses import hide_addresses

STEP_SECONDS, TOTAL_SECONDS = 20.0, 60.0
DEFAULT_PORTS = {"smtps": 465, "smtp": 587, "smtp+plain": 25}
HOW_TO = "Write it as smtps://user:password@host, smtp://user:password@host or smtp+plain://host"

DEFAULT_NAME = "SheetGPT"
log = logging.getLogger("sheetgpt.mail")


@dataclass(frozen=True)
class Mail:
    """Text to one recipient, also as HTML if given. Two mails with one `id` are the same mail to their recipient."""

    id: str
    to: str
    subject: str
    text: str
    html: str | None = None


class MailFailed(Exception):
    """Error of a mail that was not sent; `message` gives the reason, `retryable` whether another try may help."""

    code = "UPSTREAM_FAILED"

    def __init__(self, message: str, *, retryable: bool) -> None:
        self.message, self.retryable = message, retryable
        super().__init__(message)


class Mailer(Protocol):
    """Sender of mail from one address."""

    async def send(self, mail: Mail) -> None:
        """Send a mail; return when another system is responsible for it. Raises MailFailed."""


@dataclass(frozen=True)
class Server:
    """Mail server of `SMTP_URL`; `scheme` determines when TLS begins."""

    scheme: str
    host: str
    port: int
    username: str | None
    password: str | None

    @classmethod
    def of(cls, url: str) -> "Server":
        """Parse the URL. Raises ValueError, whose message never has the password."""
        parts = urlsplit(url)
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError(f"SMTP_URL is not a mail server's URL. {HOW_TO}")
        try:
            port = parts.port or DEFAULT_PORTS[parts.scheme]
        except ValueError:
            raise ValueError(f"the port in SMTP_URL is not a number up to 65535. {HOW_TO}") from None
        username, password = (unquote(part) if part else None for part in (parts.username, parts.password))
        return cls(parts.scheme, parts.hostname, port, username, password)


class SMTPMailer:
    """Mailer for a server. Certificates are checked, and nothing is sent without TLS unless the URL allows it."""

    def __init__(self, server: Server, sender: str, name: str = DEFAULT_NAME) -> None:
        self._server, self._sender, self._name = server, sender, name

    async def send(self, mail: Mail) -> None:
        await self._run(compose(mail, self._sender, self._name), mail.to)

    async def check(self) -> None:
        """Connect and sign in. Raises MailFailed."""
        await self._run(None, "")

    async def _run(self, message: EmailMessage | None, to: str) -> None:
        import aiosmtplib

        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                await self._hand_over(message, to)
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _refused(max(refused.code for refused in error.recipients)) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _refused(error.code) from error
        except OSError as error:  # includes a closed connection and a timeout
            raise MailFailed(f"The mail server cannot be reached: {type(error).__name__}.", retryable=True) from error
        except aiosmtplib.SMTPException as error:
            raise MailFailed(
                f"The mail server does not match SMTP_URL: {hide_addresses(error.message, self._server.host)}",
                retryable=False,
            ) from error

    async def _hand_over(self, message: EmailMessage | None, to: str) -> None:
        from aiosmtplib import SMTP

        server = self._server
        client = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.scheme == "smtps",
            start_tls=server.scheme == "smtp",
            timeout=STEP_SECONDS,
        )
        try:
            async with client:
                if message is not None:
                    await client.send_message(message, sender=self._sender, recipients=[to])
        finally:
            client.close()


class FileMailer:
    """Mailer that writes files readable only by this user, for machines without a mail server."""

    def __init__(self, directory: Path, sender: str, name: str = DEFAULT_NAME) -> None:
        self._directory, self._sender, self._name = directory, sender, name

    async def send(self, mail: Mail) -> None:
        content = bytes(compose(mail, self._sender, self._name))
        try:
            path = await asyncio.to_thread(self._write, mail.id, content)
        except OSError as error:
            raise MailFailed(f"The mail could not be written: {error.strerror}.", retryable=True) from error
        log.info("No SMTP_URL is set; the mail was written to %s", path)

    def _write(self, id: str, content: bytes) -> Path:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._directory / f"{time.time_ns() // 1_000_000}-{id}.eml"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        return path.absolute()


def compose(mail: Mail, sender: str, name: str = DEFAULT_NAME) -> EmailMessage:
    """Return the message to send. Raises MailFailed for an invalid address, or several."""
    message = EmailMessage()
    try:
        message["To"] = Address(addr_spec=mail.to)
        message["From"] = Address(name, addr_spec=sender)
    except (MessageError, ValueError, IndexError) as error:
        raise MailFailed("The address is not a single valid e-mail address.", retryable=False) from error
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{mail.id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html")
    return message


def _refused(code: int) -> MailFailed:
    return MailFailed(f"The mail server refused the mail with code {code}.", retryable=400 <= code < 500)
