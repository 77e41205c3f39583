"""Jobs that create and drop the indexes that the columns of a table ask for."""

import asyncio
import logging
from uuid import UUID

from db.core.engine import Database, LockTimeout
from db.tables.query import cell_indexes
from db.tables.query.cell_indexes import TooManyIndexes
from jobs.runner.job_run import JobContext, JobFailure

AT_ONCE = 1  # PostgreSQL makes one index of a table at a time, whatever is asked
TRIES, PAUSE_SECONDS = 5, 2.0

log = logging.getLogger("sheetgpt.job")


class Indexes:
    """Handler of jobs of kind `index`; queries work without the index meanwhile."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, held: JobContext) -> None:
        table_id = UUID(held.job.arguments["table_id"])
        for attempt in range(TRIES):
            try:
                await cell_indexes.sync_indexes(self._database, table_id)
            except TooManyIndexes as error:
                log.warning("Table %s gets no index: %s", table_id, error)
                raise JobFailure("CONFLICT", f"{error} Take the mark from columns that nobody filters by.") from None
            except LockTimeout:
                await asyncio.sleep(PAUSE_SECONDS * (attempt + 1))
            else:
                return
        raise JobFailure("CONFLICT", "Others held the rows for too long: mark the column again later.", retryable=True)
