"""Worker: hands jobs to their handlers, from the queue or from the sweep that finds unclaimed ones.

The rows hold the state. The queue only delivers ids and may lose or repeat them: the worker that claims a row runs it.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from auth.viewer import Viewer
from db.core.engine import Database
from db.core.events import Hub
from db.jobs import jobs
from db.models.jobs import Job
from jobs.runner.job_run import Handler, JobContext, JobFailure, JobRun, log
from jobs.runner.queue import Delivery, InProcessQueue, Queue

__all__ = ["Handler", "JobContext", "JobFailure", "Worker"]

MAX_CONCURRENT = 64  # jobs of one kind; further ones wait in the database
SWEEP_SECONDS = 2.0
STOP_SECONDS, ABANDON_SECONDS = 0.7, 0.2
SYSTEM = Viewer.system()


@dataclass(eq=False)
class Lane:
    """Running jobs of one kind; `is_behind` when some had to wait in the database for `room`."""

    handler: Handler
    free_slots: int
    is_behind: bool = False


class Worker:
    """Runner of the jobs of which it has a handler; without handlers it only sends jobs to other processes.

    A handler may finish its job in its own transaction (jobs.finish); otherwise its return completes the job, a
    JobFailure or ProductError fails it with the error's message, and any other exception as an internal error.
    `fresh` means that no other process uses this database, so that every lease in it belongs to a dead process.
    `concurrency` limits the number of jobs of a kind that run at the same time; the default is MAX_CONCURRENT.
    """

    def __init__(
        self,
        database: Database,
        hub: Hub,
        handlers: Mapping[str, Handler],
        *,
        fresh: bool,
        concurrency: Mapping[str, int] | None = None,
        queue: Queue | None = None,
    ) -> None:
        self._database, self._hub, self._fresh = database, hub, fresh
        self._queue = queue or InProcessQueue()
        self._delivery = Delivery(hub, self._queue)
        limits = concurrency or {}
        self._lanes = {kind: Lane(handler, limits.get(kind, MAX_CONCURRENT)) for kind, handler in handlers.items()}
        self._has_room = asyncio.Event()
        self._runs: dict[UUID, JobRun] = {}
        self._receiving: set[asyncio.Task[object]] = set()
        self._background: list[asyncio.Task[None]] = []
        self._taking: list[asyncio.Task[None]] = []  # those that take jobs
        self._is_stopping = False
        self._run_ended = asyncio.Event()

    async def start(self) -> None:
        """Start without waiting for the import of the queue, which takes 0.3 s."""
        if self._fresh:
            await self._database.write(jobs.release_dead, SYSTEM)
        steps = [self._queue.receive(self._receive), self._sweep()] if self._lanes else []
        self._taking = [asyncio.create_task(step) for step in steps]
        self._background = [asyncio.create_task(self._delivery.run()), *self._taking]
        for task in self._background:
            task.add_done_callback(_report)

    async def drain(self, seconds: float) -> None:
        """Take no more jobs, and return when the running ones have ended or `seconds` have passed."""
        self._is_stopping = True
        for task in self._taking:
            task.cancel()
        if self._runs:
            log.info("jobs end", extra={"fields": {"running": len(self._runs), "seconds": seconds}})
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._runs:
                    self._run_ended.clear()
                    await self._run_ended.wait()

    async def stop(self) -> None:
        """Cancel running jobs and release them, within a second."""
        self._is_stopping = True
        for task in self._background:
            task.cancel()
        for run in self._runs.values():
            run.leave()
        if ending := {*self._background, *self._receiving}:
            await asyncio.wait(ending, timeout=STOP_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(ABANDON_SECONDS):
                await asyncio.gather(*(run.abandon() for run in self._runs.values()))
        await self._queue.close()

    def stop_job(self, job_id: UUID) -> bool:
        """Cancel the handler of a job because someone asked; return True if it runs here."""
        run = self._runs.get(job_id)
        if run is not None:
            run.stop()
        return run is not None

    async def _sweep(self) -> None:
        while True:
            try:
                await self._run_claimable()
            except Exception:
                log.exception("Waiting jobs could not be read")
            with suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._has_room.wait()
            self._has_room.clear()

    async def _run_claimable(self) -> None:
        """Run jobs that no worker has claimed, so that work continues while the queue is unreachable."""
        for kind, lane in self._lanes.items():
            waiting = await self._database.read(jobs.claimable_jobs, SYSTEM, kind=kind) if lane.free_slots else []
            lane.is_behind = lane.free_slots < max(1, len(waiting))
            for job in waiting[: lane.free_slots]:
                task = asyncio.create_task(self._receive(job.id))
                self._receiving.add(task)

    async def _receive(self, job_id: UUID) -> None:
        """Run a job that the queue or the sweep delivered."""
        task = asyncio.current_task()
        assert task is not None
        self._receiving.add(task)
        try:
            await self._run(job_id)
        except Exception:
            log.exception("Job %s could not be run", job_id)
        finally:
            self._receiving.discard(task)

    async def _run(self, job_id: UUID) -> None:
        job = await self._database.find(Job, SYSTEM, job_id)
        lane = self._lanes.get(job.kind) if job else None
        if lane is None or job_id in self._runs or self._is_stopping:
            return
        if lane.free_slots == 0:
            lane.is_behind = True
            return
        lane.free_slots -= 1
        run = self._runs[job_id] = JobRun(self._database, self._hub, job_id, lane.handler)
        try:
            await run.attempt()
        finally:
            lane.free_slots += 1
            del self._runs[job_id]
            self._run_ended.set()
            if lane.is_behind:
                self._has_room.set()


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        log.critical("The worker has failed and runs no more jobs. Restart the server.", exc_info=task.exception())
