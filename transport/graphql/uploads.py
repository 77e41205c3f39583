"""GraphQL multipart requests: operations whose variables are files, streamed into unnamed temporary files.

The format is https://github.com/jaydenseric/graphql-multipart-request-spec: a part `operations`, a part `map`,
then the files.
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
from telemetry import metrics
from telemetry.catalog import LIMITS
from transport.core.callers import header
from transport.core.errors import BodyRefused, RequestRefused
from transport.graphql import requests
from transport.graphql.file_map import Slot, read_map
from transport.graphql.multipart import PartBegun, PartEnded, Parts, Piece
from transport.graphql.persisted import PersistedQueries

MULTIPART = "multipart/form-data"
# Any web page may post a form to another origin; one of these headers forces a CORS preflight request first.
PREFLIGHT = ("x-requested-with", "apollo-require-preflight", "graphql-preflight")
MAX_FILES = 10
TOTAL_FACTOR = 3  # all files of a request may have so many times the size of one
MAX_MAP_BYTES = 16_000
HEADERS_BYTES = 64_000  # of all parts, with their boundaries
MAX_FILE_NAME = 255
MAX_MEMORY_BYTES = 64_000  # a smaller file is not written to the disk
FLUSH_BYTES = 256_000
MAX_CONCURRENT, MAX_CONCURRENT_PER_USER = 16, 4  # requests with files, in this process and of one person

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\u2028-\u202e\u2066-\u2069]+")


@dataclass(frozen=True)
class UploadedFile:
    """File that came with a request; it is deleted when the request ends.

    `name` is the last segment of the client's file name. It is for display only, never a path.
    """

    name: str
    size: int
    file: IO[bytes]


class Uploads:
    """Reader of requests with files: at max_bytes ten files of `file_bytes`, and three times that in total.

    Content that does not fit into memory is in `directory`, in files without a name, until the request ends.
    """

    def __init__(self, directory: Path, file_bytes: int, operations_bytes: int) -> None:
        self.file_bytes, self.operations_bytes = file_bytes, operations_bytes
        self._directory = directory
        self._in_progress: Counter[object] = Counter()

    @property
    def body_bytes(self) -> int:
        """Return the size of the largest body within the other limits."""
        return TOTAL_FACTOR * self.file_bytes + self.operations_bytes + MAX_MAP_BYTES + HEADERS_BYTES

    @asynccontextmanager
    async def reading(
        self, scope: Scope, receive: Receive, user: object, persisted: PersistedQueries | None = None
    ) -> AsyncIterator[Request]:
        """Read a form and yield its request, with the files in the variables. Raises BodyRefused."""
        if not any(header(scope, name.encode()) for name in PREFLIGHT):
            raise BodyRefused(
                f"A multipart request needs one of these headers, with any value: {', '.join(PREFLIGHT)}."
            )
        with self._reserve(user):
            await asyncio.to_thread(self._directory.mkdir, parents=True, exist_ok=True)
            form = _Form(self, self._directory, persisted)
            try:
                parts = Parts(header(scope, b"content-type") or "")
                async for data in _chunks(receive):
                    await form.take(parts.feed(data))
                parts.end()
                yield await form.request()
            finally:
                form.close()

    @contextmanager
    def _reserve(self, user: object) -> Iterator[None]:
        if self._in_progress.total() >= MAX_CONCURRENT or self._in_progress[user] >= MAX_CONCURRENT_PER_USER:
            metrics.count(LIMITS, "uploads")
            busy = "Too many uploads are in progress. Wait for one to finish, then try again."
            raise BodyRefused(busy, status=429, code="RATE_LIMITED")
        self._in_progress[user] += 1
        try:
            yield
        finally:
            self._in_progress[user] -= 1
            self._in_progress += Counter()  # drops the entries at zero


def has_files(scope: Scope) -> bool:
    """Return whether a request's content type is a form."""
    return (header(scope, b"content-type") or "").partition(";")[0].strip().lower() == MULTIPART


async def discard(receive: Receive) -> None:
    """Read a body to its end and discard it, so that its sender gets to see the response."""
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
    """Parts read so far; they must arrive in the order of the specification."""

    def __init__(self, limits: Uploads, directory: Path, persisted: PersistedQueries | None) -> None:
        self._limits, self._directory, self._persisted = limits, directory, persisted
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
        if sum(len(data) for _, data in self._waiting) >= FLUSH_BYTES:
            await self._flush()

    async def request(self) -> Request:
        """Return the request, once all parts have arrived. Raises BodyRefused."""
        await self._flush()
        if self._request is None or self._slots is None:
            raise BodyRefused("The form has no parts `operations` and `map`. Send them first, in this order.")
        missing = next((name for name in self._slots if name not in self._files), None)
        if missing is not None:
            raise BodyRefused(f"The part `map` names the file {missing[:100]!r}, but the form has no such part.")
        for name, slots in self._slots.items():
            for container, key in slots:
                container[key] = self._files[name]
        return self._request

    def close(self) -> None:
        """Close the files, which deletes them: they have no name."""
        for file in self._open:
            file.close()

    def _begin(self, part: PartBegun) -> None:
        expected = "operations" if self._request is None else "map" if self._slots is None else None
        if expected and part.name != expected:
            raise BodyRefused(
                f"The part {part.name[:100]!r} comes too early. Send `operations`, then `map`, then the files."
            )
        if not expected:
            self._begin_file(part)
        self._part, self._size = part, 0
        self._text.clear()

    def _begin_file(self, part: PartBegun) -> None:
        assert self._slots is not None
        if part.name not in self._slots:
            raise BodyRefused(
                f"The part {part.name[:100]!r} is not in `map`. Add it there with the path of its variable."
            )
        if part.name in self._files:
            raise BodyRefused(f"The form has two parts {part.name[:100]!r}. Send each file once.")
        if not clean_name(part.filename or ""):
            raise BodyRefused(f"The part {part.name[:100]!r} has no file name. Send the file with one.")
        file = tempfile.SpooledTemporaryFile(MAX_MEMORY_BYTES, dir=str(self._directory))  # noqa: SIM115  closed by close()
        self._open.append(cast("IO[bytes]", file))

    def _add(self, data: bytes) -> None:
        assert self._part is not None
        self._size += len(data)
        if self._slots is not None:
            self._total += len(data)
            self._check_size()
            self._waiting.append((self._open[-1], data))
            return
        max_bytes = self._limits.operations_bytes if self._part.name == "operations" else MAX_MAP_BYTES
        if self._size > max_bytes:
            raise _too_large(f"The part `{self._part.name}` is larger than {max_bytes:,} bytes.")
        self._text += data

    def _check_size(self) -> None:
        max_bytes = self._limits.file_bytes
        if self._size > max_bytes:
            raise _too_large(f"A file is larger than {max_bytes:,} bytes. Send a smaller file.")
        if self._total > TOTAL_FACTOR * max_bytes:
            raise _too_large(
                f"The files have more than {TOTAL_FACTOR * max_bytes:,} bytes together. Send fewer files at once."
            )

    def _end(self) -> None:
        assert self._part is not None
        if self._request is None:
            self._request = _operation(bytes(self._text), self._persisted)
        elif self._slots is None:
            self._slots = read_map(bytes(self._text), self._request.variables, max_files=MAX_FILES)
        else:
            name = clean_name(self._part.filename or "")
            self._files[self._part.name] = UploadedFile(name, self._size, self._open[-1])

    async def _flush(self) -> None:
        """Write in a thread, because writing to the disk may block."""
        waiting, self._waiting = self._waiting, []

        def write() -> None:
            for file, data in waiting:
                file.write(data)

        if waiting:
            await asyncio.to_thread(write)


def _operation(raw: bytes, persisted: PersistedQueries | None) -> Request:
    try:
        return requests.from_body(raw, persisted)
    except RequestRefused as error:
        raise BodyRefused(f"The part `operations`: {error.message}", status=error.status, code=error.code) from None


def _too_large(message: str) -> BodyRefused:
    return BodyRefused(message, status=413, code="PAYLOAD_TOO_LARGE")


def clean_name(filename: str) -> str:
    """Return a file name without path and unprintable characters; empty when nothing is left."""
    last = re.split(r"[/\\]", filename)[-1]
    return " ".join(_UNPRINTABLE.sub(" ", last).split())[:MAX_FILE_NAME].strip(" .")
