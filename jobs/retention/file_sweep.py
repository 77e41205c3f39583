"""Deletion of expired files: contents without a message, and old exports."""

import asyncio
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
from db.retention import storage
from integrations.blobs import Blobs
from jobs.retention.purger import FILE
from jobs.runner.periodic import PeriodicTask

INTERVAL_SECONDS = 3_600.0
MIN_AGE = timedelta(hours=1)  # a running request stores its files before its message
BATCH = 500
SYSTEM = Viewer.system()
PART = re.compile(r"\.[0-9a-f]{32}\.\d+\.part")


class Sweep(PeriodicTask):
    """Hourly sweep, which also runs at start."""

    def __init__(self, database: Database, blobs: Blobs, exports: Path, export_retention: timedelta) -> None:
        self._database, self._blobs = database, blobs
        self._exports, self._export_retention = exports, export_retention
        super().__init__(self.sweep, INTERVAL_SECONDS, "Expired files could not be deleted")

    async def sweep(self) -> int:
        """Delete expired files and return their number."""
        expired = now() - self._export_retention
        while await self._database.write(storage.release_expired_exports, SYSTEM, expired, BATCH):
            pass
        erased = await asyncio.to_thread(_erase_exports, self._exports, expired)
        candidates = self._blobs.before(now() - MIN_AGE)
        while batch := await asyncio.to_thread(lambda: list(islice(candidates, BATCH))):
            attached = await self._database.read(attachments.of_blobs, SYSTEM, ids=batch)
            unused = set(batch) - {row.blob_id for row in attached}
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
