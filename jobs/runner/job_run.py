"""Run of a job: one attempt by its handler, with a lease that is kept alive and a recorded result."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Protocol, TypeAlias, runtime_checkable
from uuid import UUID

from auth.viewer import Viewer
from db.core.audit_context import AuditContext, audit_context
from db.core.engine import Database
from db.core.events import Hub, JobChanged
from db.core.session import Session
from db.jobs import jobs
from db.jobs.jobs import LeaseLost
from db.models.jobs import Job, JobStatus
from errors import NotFound, ProductError, RateLimited, Unavailable, UpstreamFailed
from telemetry import metrics
from telemetry.catalog import JOB_RUNS, JOB_SECONDS

HEARTBEAT_SECONDS = 3.0
MIN_PAUSE_SECONDS = 0.2  # between two writes of progress, and between two checks of the job's state
INTERNAL = "INTERNAL_SERVER_ERROR"
SYSTEM = Viewer.system()

log = logging.getLogger("sheetgpt.job")


class JobFailure(Exception):
    """Raised by a handler that cannot do its job; `message` tells the owner what to do, `retry_after` is in seconds."""

    def __init__(self, code: str, message: str, *, retryable: bool = False, retry_after: float | None = None) -> None:
        self.code, self.message, self.retryable, self.retry_after = code, message, retryable, retry_after
        super().__init__(f"{code}: {message}")


@runtime_checkable
class ExplainedError(Protocol):
    """Protocol of errors that explain themselves: JobFailure, and errors of integrations."""

    code: str
    message: str
    retryable: bool


class JobContext:
    """Job of a running handler. It runs as `viewer`, its owner, and writes with `attempt`.

    When the handler is cancelled, `stopped` is True if someone asked for it and `is_released` if the process ends;
    otherwise another worker has the job (LeaseLost on every write). A handler that has shown nothing yet sets
    `start_over`, and the next attempt `is_first` again.
    """

    def __init__(self, job: Job, viewer: Viewer, wake: Callable[[], object]) -> None:
        self.job, self.viewer, self.attempt = job, viewer, job.attempt
        self.stopped = self.is_released = self.start_over = False
        self.reported: tuple[int, int | None] = job.done, job.total
        self._loop = asyncio.get_running_loop()
        self._wake = wake

    @property
    def is_first(self) -> bool:
        """Return True if no earlier attempt has shown anything."""
        return bool(self.attempt == self.job.arguments.get(jobs.FIRST_ATTEMPT, 1))

    def progress(self, done: int, total: int | None) -> None:
        """Report progress, from any thread and at any rate; it is written at most five times a second."""
        self.reported = done, total
        self._loop.call_soon_threadsafe(self._wake)


Handler: TypeAlias = Callable[[JobContext], Coroutine[Any, Any, None]]


class JobRun:
    """Attempt at a job, from its claim to its end."""

    def __init__(self, database: Database, hub: Hub, job_id: UUID, handler: Handler) -> None:
        self._database, self._hub, self._job_id, self._handler = database, hub, job_id, handler
        self._is_stopped = self._is_process_ending = self._is_cancelled = False
        self._context: JobContext | None = None
        self._task: asyncio.Task[None] | None = None
        self._written: tuple[int, int | None] = 0, None
        self._renewed = 0.0

    async def attempt(self) -> None:
        claimed = await self._database.write(jobs.claim, SYSTEM, self._job_id)
        if claimed is None:
            return
        started = time.perf_counter()
        self._renewed = time.monotonic()
        with self._hub.subscribe(JobChanged(self._job_id)) as wake:
            self._context = context = JobContext(*claimed, wake.set)
            self._written = context.reported
            with audit_context(AuditContext(context.job.kind)):
                self._task = task = asyncio.create_task(self._handler(context))
            self._cancel_if_asked(context)
            keeper = asyncio.create_task(self._keep_lease(context, wake))
            await asyncio.wait([task])
            keeper.cancel()
            await asyncio.wait([keeper])
        await self._conclude(context, task)
        self._report(context, task, time.perf_counter() - started)

    def stop(self) -> None:
        """Cancel the handler at the request of a user."""
        self._is_stopped = True
        if self._context:
            self._cancel_if_asked(self._context)

    def leave(self) -> None:
        """Cancel the handler because the process shuts down."""
        self._is_process_ending = True
        if self._context:
            self._cancel_if_asked(self._context)

    async def abandon(self) -> None:
        """Release the job although the handler does not end; it can no longer write."""
        if self._context:
            with suppress(LeaseLost, NotFound):
                await self._database.write(jobs.release, SYSTEM, self._job_id, self._context.attempt)

    def _cancel_if_asked(self, context: JobContext) -> None:
        context.stopped, context.is_released = self._is_stopped, self._is_process_ending
        if self._is_stopped or self._is_process_ending:
            self._cancel()

    def _cancel(self) -> None:
        """Cancel once: a second cancellation would interrupt the handler's cleanup."""
        if self._task and not self._is_cancelled:
            self._is_cancelled = True
            # Scheduled after its first step: a task that is cancelled before it never enters the handler's `try`.
            asyncio.get_running_loop().call_soon(self._task.cancel)

    async def _keep_lease(self, context: JobContext, wake: asyncio.Event) -> None:
        """Renew the lease and write progress until the job ends or is lost."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await wake.wait()
            wake.clear()
            try:
                if await self._is_lost_or_over(context):
                    return
            except Exception:
                log.exception("The lease of job %s could not be renewed", self._job_id)
            await asyncio.sleep(MIN_PAUSE_SECONDS)

    async def _is_lost_or_over(self, context: JobContext) -> bool:
        """Write due progress; cancel the handler and return True when the job is lost."""
        if context.reported != self._written or time.monotonic() - self._renewed >= HEARTBEAT_SECONDS:
            reported = context.reported
            with suppress(LeaseLost, NotFound):
                await self._database.write(jobs.progress, SYSTEM, self._job_id, context.attempt, *reported)
                self._written, self._renewed = reported, time.monotonic()
                return False
        job = await self._database.find(Job, SYSTEM, self._job_id)
        status = job.status if job is not None and job.attempt == context.attempt else None
        # A handler that has finished its job itself is about to return, so it is not cancelled.
        if status not in (JobStatus.RUNNING, JobStatus.COMPLETED, JobStatus.FAILED):
            self._cancel()
        return status is not JobStatus.RUNNING

    async def _conclude(self, context: JobContext, task: asyncio.Task[None]) -> None:
        # LeaseLost: the handler has finished its job itself, or another worker has taken it over.
        with suppress(LeaseLost, NotFound):
            await self._database.write_when_back(self._ending(context, task), SYSTEM)

    def _report(self, context: JobContext, task: asyncio.Task[None], seconds: float) -> None:
        job, result = context.job, "completed"
        if task.cancelled():
            result = "canceled" if self._is_stopped else "released" if self._is_process_ending else "lost"
        elif (error := task.exception()) is not None:
            result = "lost" if isinstance(error, LeaseLost) else "failed"
        metrics.count(JOB_RUNS, job.kind, result)
        metrics.observe(JOB_SECONDS, seconds, job.kind)
        fields = {"kind": job.kind, "jobId": str(job.id), "attempt": context.attempt, "result": result}
        log.info("job", extra={"fields": fields | {"ms": round(seconds * 1000, 3)}})

    def _ending(self, context: JobContext, task: asyncio.Task[None]) -> Callable[[Session], Any]:
        """Return the unit that records the result of the attempt."""
        this = context.job.id, context.attempt
        if task.cancelled() and self._is_stopped:
            return lambda session: jobs.finish(session, *this, JobStatus.CANCELED)
        if task.cancelled() and self._is_process_ending:
            return lambda session: jobs.release(session, *this, start_over=context.start_over)
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is None:
            return lambda session: jobs.finish(session, *this, JobStatus.COMPLETED)
        code, message, retryable = explanation(error, context)
        return lambda session: jobs.fail(session, *this, code, message, retryable)


def explanation(error: BaseException, context: JobContext) -> tuple[str, str, bool]:
    """Return code, message and retryability of an error; unexplained errors are logged."""
    if isinstance(error, ExplainedError):
        return error.code, error.message, error.retryable
    if isinstance(error, ProductError):
        return error.code, error.message, isinstance(error, RateLimited | Unavailable | UpstreamFailed)
    if not isinstance(error, LeaseLost | asyncio.CancelledError):
        log.error("Job %s (%s) failed", context.job.id, context.job.kind, exc_info=error)
    return INTERNAL, f"Something went wrong on the server. Try again, and report it with the id {context.job.id}.", True
