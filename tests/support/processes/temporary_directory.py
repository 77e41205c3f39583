"""Directory of test files, in memory if there is room: no file is needed after a crash."""

import os
import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")
ENOUGH = 2 * 1024**3  # bytes free: PostgreSQL with the databases of all workers takes about 300 MB


def directory_in_memory() -> Path | None:
    """Return a directory in memory, or None: containers often have one of only 64 MB."""
    if not os.access(MEMORY, os.W_OK | os.X_OK) or shutil.disk_usage(MEMORY).free < ENOUGH:
        return None
    return MEMORY
