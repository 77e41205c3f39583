"""Background erasure of deleted accounts and expired rows."""

import asyncio
import logging
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from auth.viewer import Viewer
from db.accounts import account_deletion
from db.core.audit_context import AuditContext, audit_context
from db.core.base import now
from db.core.engine import Database
from db.core.events import AccountDeleted, Event, Hub
from db.exports.exports import EXTENSIONS
from db.retention import purging
from db.tables.query import cell_indexes

FIRST_SECONDS, SECONDS = 30.0, 3600.0
MOST = 500  # rows in one transaction
PAUSE_SECONDS = 0.02
FILE = re.compile(rf"([0-9a-f]{{32}})\.({'|'.join(EXTENSIONS.values())})")
SYSTEM = Viewer.system()

log = logging.getLogger("sheetgpt.job")


class Purger:
    """Runs once an hour, and at once when an account is deleted; interrupted work continues at the next run.

    `kept` is how long deleted rows can be restored; `files` is the directory of exports.
    """

    def __init__(self, database: Database, hub: Hub, files: Path, kept: timedelta) -> None:
        self._database, self._hub, self._files, self._kept = database, hub, files, kept
        self._wake = asyncio.Event()
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
        wait = FIRST_SECONDS
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            self._wake.clear()
            wait = SECONDS
            try:
                await self.purge()
            except Exception:
                log.exception("What is over could not be erased; it is tried again in an hour")

    async def purge(self) -> None:
        """Erase everything that is due."""
        await self._all(account_deletion.erase_batch)
        await self._all(purging.purge_some, now() - self._kept)
        await cell_indexes.drop_stale_indexes(self._database)
        await self._erase_files()

    async def _all(self, erase_some: Callable[..., bool], *given: datetime) -> None:
        """Run transactions until nothing is left, with pauses for other writers."""
        more = True
        while more:
            more = await self._database.write(erase_some, SYSTEM, MOST, *given)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _erase_files(self) -> None:
        """Delete files whose export is gone; an export exists before its file."""
        names = await asyncio.to_thread(lambda: sorted(path.name for path in self._files.glob("*")))
        found = {name: UUID(match[1]) for name in names if (match := FILE.fullmatch(name))}
        for start in range(0, len(found), MOST):
            part = dict(list(found.items())[start : start + MOST])
            kept = {row.id for row in await self._database.read(purging.exports, SYSTEM, ids=list(part.values()))}
            for name, id_ in part.items():
                if id_ not in kept:
                    await asyncio.to_thread((self._files / name).unlink, missing_ok=True)
