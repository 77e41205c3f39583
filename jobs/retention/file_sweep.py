"""Deletion of expired files: contents without a message, and old exports."""

import asyncio
import logging
import os
import re
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from uuid import UUID

from auth.viewer import Viewer
from db.conversations import attachments
from db.core.base import now
from db.core.engine import Database
from integrations.blobs import Blobs
from jobs.retention.purger import FILE

EVERY_SECONDS = 3_600.0
YOUNGEST = timedelta(hours=1)  # a request that is under way has its files before it has its message
BATCH = 500
PART = re.compile(r"\.[0-9a-f]{32}\.\d+\.part")

log = logging.getLogger("sheetgpt.job")


class Sweep:
    """Runs at start and once an hour."""

    def __init__(self, database: Database, blobs: Blobs, exports: Path, exports_kept: timedelta) -> None:
        self._database, self._blobs = database, blobs
        self._exports, self._exports_kept = exports, exports_kept
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            try:
                await self.sweep()
            except Exception:
                log.exception("Files whose time is over could not be erased; they are looked for again")
            await asyncio.sleep(EVERY_SECONDS)

    async def sweep(self) -> int:
        """Delete expired files and return their number."""
        erased = await asyncio.to_thread(_erase_exports, self._exports, now() - self._exports_kept)
        found = self._blobs.before(now() - YOUNGEST)
        while batch := await asyncio.to_thread(lambda: list(islice(found, BATCH))):
            kept = await self._database.read(attachments.of_blobs, Viewer.system(), ids=batch)
            unused = set(batch) - {row.blob_id for row in kept}
            await asyncio.to_thread(self._erase, unused)
            erased += len(unused)
        return erased

    def _erase(self, ids: set[UUID]) -> None:
        for id_ in ids:
            self._blobs.delete(id_)


def _erase_exports(directory: Path, moment: datetime) -> int:
    """Delete complete and partial files that exports wrote before a moment."""
    erased = 0
    for entry in os.scandir(directory) if directory.is_dir() else ():
        is_export = FILE.fullmatch(entry.name) or PART.fullmatch(entry.name)
        if is_export and datetime.fromtimestamp(entry.stat().st_mtime, UTC) < moment:
            Path(entry.path).unlink(missing_ok=True)
            erased += 1
    return erased
