"""Jobs that notify all users in batches; a later attempt continues after the last batch."""

from db.core.engine import Database
from db.notifications import broadcasts
from jobs.runner.job_run import JobContext


class Broadcasts:
    """Handler of jobs of kind `broadcast`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, context: JobContext) -> None:
        while await self._database.write(broadcasts.notify_next_batch, context.viewer, context.job.id, context.attempt):
            pass
