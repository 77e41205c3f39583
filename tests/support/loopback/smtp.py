"""Mail server on loopback that stores the mail it receives, and refuses mail as scripted."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Received:
    """One mail: the envelope, the message, whether it came through TLS, and who had logged in."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    is_encrypted: bool
    login: tuple[str, str] | None


@dataclass
class LoopbackSMTP:
    """`answers` are given to MAIL FROM in turn instead of 250; `is_silent` lets clients wait for ever."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    is_silent: bool = False
    tls: ssl.SSLContext | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _Conversation(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass  # the client hung up
        finally:
            writer.close()


class _Conversation:
    def __init__(self, server: LoopbackSMTP, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._sender, self._recipients = "", list[str]()
        self._login: tuple[str, str] | None = None

    @property
    def _is_encrypted(self) -> bool:
        return self._writer.get_extra_info("ssl_object") is not None

    async def _say(self, line: str) -> None:
        self._writer.write(f"{line}\r\n".encode())
        await self._writer.drain()

    async def run(self) -> None:
        if self._server.is_silent:
            await self._reader.read()
            return
        await self._say("220 loopback ready")
        while line := (await self._reader.readline()).decode().strip():
            verb, _, rest = line.partition(" ")
            await self._answer(verb.upper(), rest)
            if verb.upper() == "QUIT":
                return

    async def _answer(self, verb: str, rest: str) -> None:
        match verb:
            case "EHLO":
                await self._greet()
            case "STARTTLS":
                await self._say("220 go ahead")
                await self._writer.start_tls(self._server.tls)  # type: ignore[arg-type]  # offered only with one
            case "AUTH":
                _, name, password = base64.b64decode(rest.split()[1]).decode().split("\0")
                self._login = name, password
                await self._say("235 welcome")
            case "MAIL":
                self._sender = _address(rest)
                await self._say(self._server.answers.pop(0) if self._server.answers else "250 fine")
            case "RCPT":
                self._recipients.append(_address(rest))
                await self._say("250 fine")
            case "DATA":
                await self._keep()
            case _:
                await self._say("221 bye" if verb == "QUIT" else "250 fine")

    async def _greet(self) -> None:
        offers = ["loopback", "AUTH PLAIN"]
        if self._server.tls and not self._is_encrypted:
            offers.insert(1, "STARTTLS")
        for offer in offers[:-1]:
            await self._say(f"250-{offer}")
        await self._say(f"250 {offers[-1]}")

    async def _keep(self) -> None:
        await self._say("354 go on")
        content = (await self._reader.readuntil(b"\r\n.\r\n"))[:-3].replace(b"\r\n..", b"\r\n.")
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self._server.received.append(Received(self._sender, self._recipients, message, self._is_encrypted, self._login))
        self._recipients = []
        await self._say("250 kept")


def _address(rest: str) -> str:
    return rest[rest.index("<") + 1 : rest.index(">")]


@asynccontextmanager
async def loopback_smtp(
    *, tls: ssl.SSLContext | None = None, encrypted: bool = False, silent: bool = False
) -> AsyncIterator[LoopbackSMTP]:
    """Run a server; with `tls` it offers STARTTLS, with `encrypted` it speaks TLS from the start."""
    sink = LoopbackSMTP(tls=None if encrypted else tls, is_silent=silent)
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0, ssl=tls if encrypted else None)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
