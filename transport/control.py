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

MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES = 64 * 1024, 4 * 1024 * 1024
MAX_ADDRESS_BYTES = 100  # sockaddr_un has 108 on Linux and 104 on macOS
MAX_OPEN = 8
TRANSFER_SECONDS, WORK_SECONDS = 5.0, 30.0
ANSWER_SECONDS = WORK_SECONDS + 2 * TRANSFER_SECONDS

log = logging.getLogger("sheetgpt.error")

Perform = Callable[[Any, dict[str, Any]], Awaitable[Any]]


class NotServing(RuntimeError):
    """Error: no server listens at the socket, so nothing was sent."""


class CommandFailed(RuntimeError):
    """Error: the server refused the command or did not answer; the message says what to do."""


class Control:
    """Server of commands at the socket `path`.

    A request is {"operation": name, "arguments": {…}}, on one line; the response has a `result` or an `error`.
    """

    def __init__(self, path: Path, perform: Perform) -> None:
        self._path, self._perform = path, perform
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Listen. A server that cannot listen logs a warning and serves without commands."""
        try:
            listener = _listening(self._path)
        except OSError as error:
            log.warning("Commands cannot reach this server: cannot listen at %s (%s)", self._path, error)
            return
        self._server = await asyncio.start_unix_server(self._serve, sock=listener, limit=MAX_REQUEST_BYTES)

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
            pass  # the client is gone, or too slow
        except asyncio.CancelledError:
            pass  # by `stop`; asyncio's streams would report a cancelled task as an error
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
            request = json.loads(line)
            operation, arguments = request["operation"], dict(request["arguments"])
        except (ValueError, TypeError, KeyError, RecursionError):
            return {
                "error": f"Send a JSON object with `operation` and `arguments`, of at most {MAX_REQUEST_BYTES:,} bytes."
            }
        try:
            async with asyncio.timeout(WORK_SECONDS):
                return {"result": await self._perform(operation, arguments)}
        except ProductError as error:
            return {"error": error.message}
        except TimeoutError:
            return {"error": "The server was too busy. Check whether the command took effect, then try again."}
        except Exception:
            log.exception("Unexpected error in the command %r", operation)
            return {"error": "The command failed on the server. See the server's log for the reason."}


def ask(path: Path, operation: str, arguments: dict[str, Any]) -> Any:
    """Send a command and return its result. Blocks.

    Raises NotServing when no server listens at `path`, CommandFailed when the command fails.
    """
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
                answer = json.loads(answers.readline(MAX_RESPONSE_BYTES))
        except (OSError, ValueError):
            raise CommandFailed("The server did not answer. See its log for whether the command took effect.") from None
    if "error" in answer:
        raise CommandFailed(answer["error"])
    return answer["result"]


def _listening(path: Path) -> socket.socket:
    """Return a listening socket that only its user can connect to: the mode is set before it listens."""
    if path.is_socket():
        path.unlink()  # left by a server that was killed: the lock on the database is ours, so no other one is alive
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
    """Yield an address of the socket that fits into `sockaddr_un`.

    A long path is reached through its open directory, for which Linux has a short name.
    """
    if len(os.fsencode(path)) <= MAX_ADDRESS_BYTES:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
