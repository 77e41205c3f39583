"""Commands for a running server: one JSON line each way, over a socket that only the server's user can open."""

import asyncio
import contextlib
import json
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from errors import ProductError

LONGEST_REQUEST, LONGEST_ANSWER = 64 * 1024, 4 * 1024 * 1024  # bytes
LONGEST_ADDRESS = 100  # bytes; sockaddr_un has 108 on Linux and 104 on macOS
MAX_OPEN = 8
TRANSFER_SECONDS, WORK_SECONDS = 5.0, 30.0
ANSWER_SECONDS = WORK_SECONDS + 2 * TRANSFER_SECONDS

log = logging.getLogger("sheetgpt.error")

Perform = Callable[[Any, dict[str, Any]], Awaitable[Any]]


class NotServing(RuntimeError):
    """Nobody listens at the socket: nothing was asked."""


class CommandFailed(RuntimeError):
    """The server refused, or did not answer; the message says what to do."""


class Control:
    """Performs what comes in at `path`: {"operation": name, "arguments": {…}}, answered by a result or an error."""

    def __init__(self, path: Path, perform: Perform) -> None:
        self._path, self._perform = path, perform
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Listen; a server that cannot says so in its log and serves all the same."""
        try:
            listener = _listening(self._path)
        except OSError as error:
            log.warning("Commands cannot reach this server: %s cannot be listened on (%s)", self._path, error)
            return
        self._server = await asyncio.start_unix_server(self._serve, sock=listener, limit=LONGEST_REQUEST)

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open)
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            if len(self._open) <= MAX_OPEN:
                await self._exchange(reader, writer)
        except (TimeoutError, OSError):
            pass  # whoever asked is gone, or too slow to be waited for
        except asyncio.CancelledError:
            pass  # by `stop`; asyncio's streams report a task that ends canceled as an error
        finally:
            self._open.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(TRANSFER_SECONDS):
            try:
                line = await reader.readline()
            except ValueError:  # longer than the reader's limit
                line = b""
        writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
        async with asyncio.timeout(TRANSFER_SECONDS):
            await writer.drain()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(line)
            operation, arguments = asked["operation"], dict(asked["arguments"])
        except (ValueError, TypeError, KeyError, RecursionError):
            return {"error": f"Send a JSON object of at most {LONGEST_REQUEST:,} bytes: operation, arguments."}
        try:
            async with asyncio.timeout(WORK_SECONDS):
                return {"result": await self._perform(operation, arguments)}
        except ProductError as error:
            return {"error": error.message}
        except TimeoutError:
            return {"error": "The server is busy: look whether it was done, and try again in a moment."}
        except Exception:
            log.exception("Unexpected error in the command %r", operation)
            return {"error": "The server failed at this: its log says why."}


def ask(path: Path, operation: str, arguments: dict[str, Any]) -> Any:
    """What the server at a socket answers; raises NotServing and CommandFailed. Blocks."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWER_SECONDS)
        try:
            with _address(path) as address:
                connection.connect(address)
        except OSError as error:
            raise NotServing(str(error)) from None
        try:
            connection.sendall(json.dumps({"operation": operation, "arguments": arguments}).encode() + b"\n")
            with connection.makefile("rb") as answers:
                answer = json.loads(answers.readline(LONGEST_ANSWER))
        except (OSError, ValueError):
            raise CommandFailed("The server did not answer: look at its log whether this was done.") from None
    if "error" in answer:
        raise CommandFailed(answer["error"])
    return answer["result"]


def _listening(path: Path) -> socket.socket:
    """Only its user can connect: the mode is set before it listens."""
    if path.is_socket():
        path.unlink()  # of a server that was killed: the lock on the database says that no other one is alive
    listener = socket.socket(socket.AF_UNIX)
    try:
        with _address(path) as address:
            listener.bind(address)
        path.chmod(0o600)
        listener.listen(MAX_OPEN)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


@contextlib.contextmanager
def _address(path: Path) -> Iterator[str]:
    """A socket's path, or for a long one the same by way of its open directory, which Linux has a short name for."""
    if len(os.fsencode(path)) <= LONGEST_ADDRESS:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
