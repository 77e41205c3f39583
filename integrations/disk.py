"""Free space of the disks that the server writes to."""

import asyncio
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


class Disk:
    """Disks of some directories. They are asked in a thread: a network file system may hang."""

    def __init__(self, directories: Sequence[Path], min_free_bytes: int) -> None:
        self._directories, self._min_free_bytes = directories, min_free_bytes
        self._thread = ThreadPoolExecutor(1, "disk-check")  # asyncio's own threads may all be busy

    async def check(self) -> bool:
        """Return True if every disk has enough free space."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._has_space)

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _has_space(self) -> bool:
        return all(free_bytes(directory) >= self._min_free_bytes for directory in self._directories)


def free_bytes(directory: Path) -> int:
    """Return the free space of the disk of a directory, or of the first of its parents that exists."""
    existing = next(path for path in (directory.absolute(), *directory.absolute().parents) if path.exists())
    return shutil.disk_usage(existing).free
