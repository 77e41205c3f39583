"""Jobs of one user, and workers that run them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from auth.viewer import Viewer
from db.core.engine import Database
from db.core.events import Event, Hub, JobChanged
from db.core.session import Session
from db.jobs import jobs
from db.models.jobs import Job
from jobs.runner.worker import Handler, Worker
from tests.support.processes.waiting import until
from tests.support.units import personal_organization
from tests.support.world import SYSTEM


class Desk:
    """User who enqueues jobs, and the workers that run them."""

    def __init__(self, database: Database, viewer: Viewer) -> None:
        self.database, self.viewer, self.hub = database, viewer, Hub()
        self.changes: list[Event] = []
        self.hub.handle(JobChanged, self.changes.append)
        database.publish = self.hub.publish

    async def enqueue(self, kind: str = "work", **arguments: Any) -> UUID:
        """Queue a job and return its id."""

        def unit(session: Session) -> UUID:
            return jobs.enqueue(session, kind, personal_organization(session), **arguments).id

        return await self.database.write(unit, self.viewer)

    async def job(self, id_: UUID) -> Job:
        result = await self.database.find(Job, self.viewer, id_)
        assert result is not None
        return result

    async def over(self, id_: UUID) -> Job:
        """Return the job when it has finished."""

        async def look() -> Job | None:
            job = await self.job(id_)
            return job if job.finished_at else None

        result: Job = await until(look)
        return result

    async def change(self, id_: UUID, **values: Any) -> None:
        """Set columns of a job."""

        def unit(session: Session) -> None:
            job = session.get(Job, id_)
            for name, value in values.items():
                setattr(job, name, value)

        await self.database.write(unit, SYSTEM)

    @asynccontextmanager
    async def working(self, handler: Handler, *, fresh: bool = False, at_once: int = 64) -> AsyncIterator[Worker]:
        """Run a worker for the block, with one handler for jobs of kind `work`."""
        worker = Worker(self.database, self.hub, {"work": handler}, fresh=fresh, concurrency={"work": at_once})
        await worker.start()
        try:
            yield worker
        finally:
            await worker.stop()
