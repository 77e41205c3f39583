"""Operations of the command line: in the server that has the SQLite file open, or in the command's own process."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from db.accounts import administration
from db.core.audit_context import AuditContext, audit_context
from db.core.engine import Database
from db.core.events import Hub
from errors import BadUserInput
from integrations.blobs import DirectoryBlobs
from jobs.retention.file_sweep import Sweep
from jobs.retention.purger import Purger
from settings.settings import Settings

PURGE_SECONDS = 10.0  # of one call; an operation must end before its caller's patience does
MAX_DAYS = 3_650


@dataclass(frozen=True)
class Administration:
    """Operations on a database that is open, with everything they need."""

    database: Database
    settings: Settings

    async def perform(self, name: object, arguments: Mapping[str, Any]) -> Any:
        """Run an operation by its name. Raises ProductError."""
        if name == "purge" and arguments.keys() <= {"days"}:
            return await self._purge(_days(arguments.get("days", str(self.settings.purge_after_days))))
        return await administration.perform(self.database, name, arguments)

    async def _purge(self, days: int) -> dict[str, Any]:
        """Erase what is due for a few seconds; `is_complete` is False when there may be more."""
        settings = self.settings
        purger = Purger(self.database, Hub(), settings.files_dir, timedelta(days=days))
        blobs = DirectoryBlobs(settings.files_dir / "attachments")
        sweep = Sweep(self.database, blobs, settings.files_dir, timedelta(days=settings.export_retention_days))
        is_complete, files = False, 0
        with audit_context(AuditContext("purge")), suppress(TimeoutError):
            async with asyncio.timeout(PURGE_SECONDS):
                await purger.purge()
                files = await sweep.sweep()
                is_complete = True
        return {"rows": purger.erased, "files": files, "is_complete": is_complete}


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= MAX_DAYS):
        raise BadUserInput(f"--days {text} is not valid: write a whole number from 0 to {MAX_DAYS}.")
    return int(text)
