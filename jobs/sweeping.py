"""Erasing contents of files that no message has: of requests that failed, and of messages that were purged."""

import asyncio
import logging
from datetime import timedelta
from itertools import islice
from uuid import UUID

from auth.viewer import Viewer
from db import attachments
from db.base import now
from db.engine import Database
from integrations.blobs import Blobs

EVERY_SECONDS = 3_600.0
YOUNGEST = timedelta(hours=1)  # a request that is under way has its files before it has its message
BATCH = 500

log = logging.getLogger("sheetgpt.job")


class Sweep:
    """Looks once an hour, and at the start."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database, self._blobs = database, blobs
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
                log.exception("Contents that no message has could not be erased; they are looked for again")
            await asyncio.sleep(EVERY_SECONDS)

    async def sweep(self) -> int:
        """How many were erased."""
        found, erased = self._blobs.before(now() - YOUNGEST), 0
        while batch := await asyncio.to_thread(lambda: list(islice(found, BATCH))):
            kept = await self._database.read(attachments.of_blobs, Viewer.system(), ids=batch)
            unused = set(batch) - {row.blob_id for row in kept}
            await asyncio.to_thread(self._erase, unused)
            erased += len(unused)
        return erased

    def _erase(self, ids: set[UUID]) -> None:
        for id_ in ids:
            self._blobs.delete(id_)
