"""GraphQL multipart requests: an operation whose variables are files, streamed into files without a name.

The form is the one that clients share (https://github.com/jaydenseric/graphql-multipart-request-spec): a part
`operations`, a part `map`, then the files.
"""

import asyncio
import re
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from execution.operations import Request
from transport.core.callers import header
from transport.core.errors import BodyRefused, RequestRefused
from transport.graphql import requests
from transport.graphql.file_map import Slot, read_map
from transport.graphql.multipart import PartBegun, PartEnded, Parts, Piece

MULTIPART = "multipart/form-data"
# A form can be sent to anybody by any page; one of these makes the browser ask the server first.
PREFLIGHT = ("x-requested-with", "apollo-require-preflight", "graphql-preflight")
MAX_FILES = 10
TOTAL_FILES = 3  # of the largest size, in one request
MAX_MAP_BYTES = 16_000
HEADERS_BYTES = 64_000  # of all parts, with their boundaries
MAX_FILE_NAME = 255
IN_MEMORY = 64_000  # bytes of a file that is not written to the disk
BUFFERED = 256_000  # bytes that are written at once
AT_ONCE, AT_ONCE_OF_ONE = 16, 4  # requests with files, in this process and of one person

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\u2028-\u202e\u2066-\u2069]+")


@dataclass(frozen=True)
class UploadedFile:
    """A file that came with a request; it is gone when the request is over.

    `name` is the last part of what the client calls it: for people to read, and never a path.
    """

    name: str
    size: int
    file: IO[bytes]


class Uploads:
    """What a request may bring along: `file_bytes` in each of ten files, three times as much in all.

    What does not fit into memory lies in the directory, without a name, until the request is over.
    """

    def __init__(self, directory: Path, file_bytes: int, operations_bytes: int) -> None:
        self.file_bytes, self.operations_bytes = file_bytes, operations_bytes
        self._directory = directory
        self._under_way: Counter[object] = Counter()

    @property
    def body_bytes(self) -> int:
        """The largest body that can be a request within the other limits."""
        return TOTAL_FILES * self.file_bytes + self.operations_bytes + MAX_MAP_BYTES + HEADERS_BYTES

    @asynccontextmanager
    async def reading(self, scope: Scope, receive: Receive, person: object) -> AsyncIterator[Request]:
        """The request that a form is, with its files in the variables. Raises BodyRefused."""
        if not any(header(scope, name.encode()) for name in PREFLIGHT):
            raise BodyRefused(f"A form needs one of these headers, with any value: {', '.join(PREFLIGHT)}.")
        with self._room(person):
            await asyncio.to_thread(self._directory.mkdir, parents=True, exist_ok=True)
            form = _Form(self, self._directory)
            try:
                parts = Parts(header(scope, b"content-type") or "")
                async for data in _chunks(receive):
                    await form.take(parts.feed(data))
                parts.end()
                yield await form.request()
            finally:
                form.close()

    @contextmanager
    def _room(self, person: object) -> Iterator[None]:
        if self._under_way.total() >= AT_ONCE or self._under_way[person] >= AT_ONCE_OF_ONE:
            busy = "Too many files are being sent: wait for one to arrive, and try again."
            raise BodyRefused(busy, status=429, code="RATE_LIMITED")
        self._under_way[person] += 1
        try:
            yield
        finally:
            self._under_way[person] -= 1
            self._under_way += Counter()  # forgets who has none


def has_files(scope: Scope) -> bool:
    """Whether a request says that it is a form."""
    return (header(scope, b"content-type") or "").partition(";")[0].strip().lower() == MULTIPART


async def discard(receive: Receive) -> None:
    """Read a body to its end and keep nothing, so that its sender gets to see the answer."""
    async for _ in _chunks(receive):
        pass


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


class _Form:
    """The parts that have come so far, in the order that the form must have."""

    def __init__(self, limits: Uploads, directory: Path) -> None:
        self._limits, self._directory = limits, directory
        self._request: Request | None = None
        self._slots: dict[str, list[Slot]] | None = None
        self._files: dict[str, UploadedFile] = {}
        self._open: list[IO[bytes]] = []
        self._part: PartBegun | None = None
        self._text = bytearray()
        self._size = self._total = 0
        self._waiting: list[tuple[IO[bytes], bytes]] = []

    async def take(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            if isinstance(piece, PartBegun):
                self._begin(piece)
            elif isinstance(piece, PartEnded):
                self._end()
            else:
                self._add(piece)
        if sum(len(data) for _, data in self._waiting) >= BUFFERED:
            await self._flush()

    async def request(self) -> Request:
        """The operation, once everything has come."""
        await self._flush()
        if self._request is None or self._slots is None:
            raise BodyRefused("The form has no parts `operations` and `map`: send them first, in this order.")
        missing = next((name for name in self._slots if name not in self._files), None)
        if missing is not None:
            raise BodyRefused(f"The part `map` names the file {missing[:100]!r}, which the form does not have.")
        for name, slots in self._slots.items():
            for held, key in slots:
                held[key] = self._files[name]
        return self._request

    def close(self) -> None:
        """The files have no name: closed, they are gone."""
        for file in self._open:
            file.close()

    def _begin(self, part: PartBegun) -> None:
        expected = "operations" if self._request is None else "map" if self._slots is None else None
        if expected and part.name != expected:
            raise BodyRefused(
                f"The part {part.name[:100]!r} comes too early: `operations` first, then `map`, then files."
            )
        if not expected:
            self._begin_file(part)
        self._part, self._size = part, 0
        self._text.clear()

    def _begin_file(self, part: PartBegun) -> None:
        assert self._slots is not None
        if part.name not in self._slots:
            raise BodyRefused(f"The part {part.name[:100]!r} is not in `map`: say which variable it is.")
        if part.name in self._files:
            raise BodyRefused(f"The part {part.name[:100]!r} is there twice: send each file once.")
        if not clean_name(part.filename or ""):
            raise BodyRefused(f"The part {part.name[:100]!r} has no file name: send the file with one.")
        file = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(self._directory))  # noqa: SIM115  closed by close()
        self._open.append(cast("IO[bytes]", file))

    def _add(self, data: bytes) -> None:
        assert self._part is not None
        self._size += len(data)
        if self._slots is not None:
            self._total += len(data)
            self._check_size()
            self._waiting.append((self._open[-1], data))
            return
        most = self._limits.operations_bytes if self._part.name == "operations" else MAX_MAP_BYTES
        if self._size > most:
            raise _too_large(f"The part `{self._part.name}` is larger than {most:,} bytes.")
        self._text += data

    def _check_size(self) -> None:
        most = self._limits.file_bytes
        if self._size > most:
            raise _too_large(f"A file is larger than {most:,} bytes: send a smaller one, or a part of it.")
        if self._total > TOTAL_FILES * most:
            raise _too_large(
                f"The files have more than {TOTAL_FILES * most:,} bytes together: send some of them later."
            )

    def _end(self) -> None:
        assert self._part is not None
        if self._request is None:
            self._request = _operation(bytes(self._text))
        elif self._slots is None:
            self._slots = read_map(bytes(self._text), self._request.variables, max_files=MAX_FILES)
        else:
            name = clean_name(self._part.filename or "")
            self._files[self._part.name] = UploadedFile(name, self._size, self._open[-1])

    async def _flush(self) -> None:
        """Write beside the event loop: a full disk buffer makes a writer wait."""
        waiting, self._waiting = self._waiting, []

        def write() -> None:
            for file, data in waiting:
                file.write(data)

        if waiting:
            await asyncio.to_thread(write)


def _operation(raw: bytes) -> Request:
    try:
        return requests.from_body(raw)
    except RequestRefused as error:
        raise BodyRefused(f"The part `operations`: {error.message}") from None


def _too_large(message: str) -> BodyRefused:
    return BodyRefused(message, status=413, code="PAYLOAD_TOO_LARGE")


def clean_name(filename: str) -> str:
    """A client's name of a file without its path and what cannot be shown; empty when nothing is left."""
    last = re.split(r"[/\\]", filename)[-1]
    return " ".join(_UNPRINTABLE.sub(" ", last).split())[:MAX_FILE_NAME].strip(" .")
