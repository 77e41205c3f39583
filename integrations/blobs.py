"""Storage of file contents: an interface, and an implementation in a directory."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Protocol
from uuid import UUID

CHUNK_BYTES = 1_000_000


class Blobs(Protocol):
    """Storage of contents by id. Every call blocks."""

    def put(self, id: UUID, source: IO[bytes]) -> None:
        """Store a file from its beginning; the content survives a power failure once this returns."""

    def open(self, id: UUID) -> IO[bytes] | None:
        """Return the content for reading, to be closed by the caller, or None when there is none."""

    def delete(self, id: UUID) -> None:
        """Delete a content; a missing one is not an error."""

    def before(self, moment: datetime) -> Iterator[UUID]:
        """Yield the ids of contents stored before a moment."""


class DirectoryBlobs:
    """Directory with one file for each content, named by its id."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, id: UUID, source: IO[bytes]) -> None:
        """Write to a temporary file, sync it, then rename it, so that a name always belongs to a complete file."""
        self._directory.mkdir(parents=True, exist_ok=True)
        part = self._directory / f".{id.hex}.part"
        try:
            with part.open("wb") as file:
                source.seek(0)
                while data := source.read(CHUNK_BYTES):
                    file.write(data)
                file.flush()
                os.fsync(file.fileno())
            put_in_place(part, self._directory / id.hex)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def open(self, id: UUID) -> IO[bytes] | None:
        try:
            return (self._directory / id.hex).open("rb")
        except FileNotFoundError:
            return None

    def delete(self, id: UUID) -> None:
        (self._directory / id.hex).unlink(missing_ok=True)

    def before(self, moment: datetime) -> Iterator[UUID]:
        """Yield the ids, and delete temporary files older than the moment, whose writers died."""
        if not self._directory.is_dir():
            return
        for entry in os.scandir(self._directory):
            if datetime.fromtimestamp(entry.stat().st_mtime, UTC) >= moment:
                continue
            if entry.name.endswith(".part"):
                Path(entry.path).unlink(missing_ok=True)
            else:
                yield UUID(hex=entry.name)


def put_in_place(part: Path, path: Path) -> None:
    """Rename a file durably: the directory is synced too, so that the name survives a power failure."""
    part.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
