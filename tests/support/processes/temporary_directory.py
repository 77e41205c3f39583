"""Directory of test files, in memory if there is room: no file is needed after a crash."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")
ENOUGH = 2 * 1024**3  # bytes free: PostgreSQL with the databases of all workers takes about 300 MB


def directory_in_memory() -> Path | None:
    """Return a directory in memory, or None: containers often have one of only 64 MB."""
    if not os.access(MEMORY, os.W_OK | os.X_OK) or shutil.disk_usage(MEMORY).free < ENOUGH:
        return None
    return MEMORY


def directory_of_run(factory: pytest.TempPathFactory) -> Path:
    """Return the directory that all processes of a run share."""
    base = factory.getbasetemp()
    # A worker's directory lies in the run's; without workers the parent is shared with other runs.
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def once_in_a_run(directory: Path, name: str, create: Callable[[], None]) -> None:
    """Call `create` in the first process of a run that needs it; the others wait until it returns."""
    created = directory / f"{name}.created"
    with (directory / f"{name}.creating").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not created.exists():
            create()
            created.touch()
