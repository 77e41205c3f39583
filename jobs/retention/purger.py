"""Background erasure of deleted accounts and expired rows."""

import asyncio
import logging
import re
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from auth.viewer import Viewer
from db.accounts import account_deletion
from db.core.audit_context import AuditContext, audit_context
from db.core.base import now
from db.core.engine import Database
from db.core.events import AccountDeleted, Event, Hub
from db.exports.exports import EXTENSIONS, JSON_LINES_EXTENSION
from db.retention import purging
from db.tables.query import cell_indexes

FIRST_DELAY_SECONDS, INTERVAL_SECONDS = 30.0, 3600.0
BATCH = 500  # rows in one transaction
PAUSE_SECONDS = 0.02
FILE = re.compile(rf"([0-9a-f]{{32}})\.({'|'.join((*EXTENSIONS.values(), JSON_LINES_EXTENSION))})")
SYSTEM = Viewer.system()

log = logging.getLogger("sheetgpt.job")


class Purger:
    """Hourly purge, which also runs right after an account is deleted; interrupted work continues in the next run.

    `retention` is how long deleted rows can be restored; `files` is the directory of exports; `erased` counts rows.
    """

    def __init__(self, database: Database, hub: Hub, files: Path, retention: timedelta) -> None:
        self._database, self._hub, self._files, self._retention = database, hub, files, retention
        self._wake = asyncio.Event()
        self.erased = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._hub.handle(AccountDeleted, self._on_deletion)
        with audit_context(AuditContext("purge")):
            self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    def _on_deletion(self, _: Event) -> None:
        self._wake.set()

    async def _work(self) -> None:
        wait = FIRST_DELAY_SECONDS
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            self._wake.clear()
            wait = INTERVAL_SECONDS
            try:
                await self.purge()
            except Exception:
                log.exception("The purge of expired data failed; the next attempt is in an hour")

    async def purge(self, retention: timedelta | None = None) -> None:
        """Erase everything that is due, or what was deleted longer than `retention` ago, and count it in `erased`."""
        while (rows := await self._database.write(account_deletion.erase_batch, SYSTEM, BATCH)) is not None:
            await self._count(rows)
        deleted_before, rows = now() - (self._retention if retention is None else retention), BATCH
        while rows >= BATCH:
            rows = await self._database.write(purging.purge_batch, SYSTEM, BATCH, deleted_before)
            await self._count(rows)
        await cell_indexes.drop_stale_indexes(self._database)
        await self._erase_files()

    async def _count(self, rows: int) -> None:
        """Count the rows of a transaction, and leave other writers a moment before the next one."""
        self.erased += rows
        await asyncio.sleep(PAUSE_SECONDS)

    async def _erase_files(self) -> None:
        """Delete files without an export; the row of an export exists before its file."""
        names = await asyncio.to_thread(lambda: sorted(path.name for path in self._files.glob("*")))
        matched = {name: UUID(match[1]) for name in names if (match := FILE.fullmatch(name))}
        for start in range(0, len(matched), BATCH):
            batch = dict(list(matched.items())[start : start + BATCH])
            existing = {row.id for row in await self._database.read(purging.exports, SYSTEM, ids=list(batch.values()))}
            for name, id_ in batch.items():
                if id_ not in existing:
                    await asyncio.to_thread((self._files / name).unlink, missing_ok=True)
