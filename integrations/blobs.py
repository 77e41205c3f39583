"""Blob storage: one interface, and a directory that implements it."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Protocol
from uuid import UUID

COPIED = 1_000_000  # bytes at once


class Blobs(Protocol):
    """Contents by their id. Every call blocks."""

    def put(self, id: UUID, source: IO[bytes]) -> None:
        """Keep what a file holds from its beginning; once this returns it survives a power failure."""

    def open(self, id: UUID) -> IO[bytes] | None:
        """The content to read, to be closed by the caller; None when there is none."""

    def delete(self, id: UUID) -> None:
        """Erase it; what is not there is no error."""

    def before(self, moment: datetime) -> Iterator[UUID]:
        """The ids of what was put before a moment."""


class DirectoryBlobs:
    """A file for each, named by its id."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, id: UUID, source: IO[bytes]) -> None:
        """Written aside, synced, then renamed: a name is always that of a whole file."""
        self._directory.mkdir(parents=True, exist_ok=True)
        part = self._directory / f".{id.hex}.part"
        try:
            with part.open("wb") as file:
                source.seek(0)
                while data := source.read(COPIED):
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
        """Also erases what was begun before that moment and never became whole."""
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
    """Rename, and see to it that the name survives a power failure."""
    part.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
