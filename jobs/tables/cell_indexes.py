"""Jobs that create and drop the indexes of columns that are marked for filtering."""

import asyncio
import logging
from uuid import UUID

from db.core.engine import Database, LockTimeout
from db.tables.query import cell_indexes
from db.tables.query.cell_indexes import TooManyIndexes
from jobs.runner.job_run import JobContext, JobFailure

MAX_CONCURRENT = 1  # PostgreSQL builds one index of a table at a time
MAX_ATTEMPTS, PAUSE_SECONDS = 5, 2.0

log = logging.getLogger("sheetgpt.job")


class Indexes:
    """Handler of jobs of kind `index`; queries work without the index meanwhile."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, context: JobContext) -> None:
        table_id = UUID(context.job.arguments["table_id"])
        for attempt in range(MAX_ATTEMPTS):
            try:
                await cell_indexes.sync_indexes(self._database, table_id)
            except TooManyIndexes as error:
                log.warning("Table %s gets no index: %s", table_id, error)
                raise JobFailure("CONFLICT", f"{error} Unmark columns that you do not filter by.") from None
            except LockTimeout:
                await asyncio.sleep(PAUSE_SECONDS * (attempt + 1))
            else:
                return
        raise JobFailure(
            "CONFLICT",
            "The table was locked by other changes for too long. Mark the column again later.",
            retryable=True,
        )
