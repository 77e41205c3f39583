"""Jobs: claimed once, run as their owner, renewed, stopped, released, and never lost."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from db.core.base import now
from db.core.events import Event, JobChanged, JobQueued
from db.core.session import Session
from db.jobs import jobs
from db.jobs.jobs import LeaseLost
from db.models.jobs import Job, JobStatus
from db.models.users import User
from errors import NotFound, RateLimited
from jobs.runner import job_run
from jobs.runner.worker import JobContext, JobFailure
from tests.support.job_desk import Desk
from tests.support.processes.waiting import until
from tests.support.units import personal_organization
from tests.support.world import SYSTEM


async def nothing(context: JobContext) -> None:
    """Return at once, which completes the job."""


async def for_ever(context: JobContext) -> None:
    await asyncio.sleep(60)


async def test_a_job_runs_as_the_person_who_asked_and_its_return_completes_it(desk: Desk) -> None:
    seen: list[JobContext] = []

    async def handler(context: JobContext) -> None:
        seen.append(context)

    async with desk.working(handler):
        job = await desk.over(await desk.enqueue(number=7))
    (context,) = seen
    assert (context.job.id, context.job.arguments, context.attempt) == (job.id, {"number": 7}, 1)
    assert (context.viewer, context.stopped) == (desk.viewer, False)
    assert (job.status, job.attempt, job.crashes, job.error_code) == (JobStatus.COMPLETED, 1, 0, None)
    assert (job.leased_until, job.started_at is not None) == (None, True)
    assert desk.changes == [JobChanged(job.id)] * 2


async def test_the_job_of_a_superuser_runs_as_a_superuser(desk: Desk) -> None:
    def promote(session: Session) -> None:
        session.get(User, session.get(Job, id_).owner_id).is_superuser = True

    id_ = await desk.enqueue()
    await desk.database.write(promote, SYSTEM)
    seen: list[bool] = []

    async def handler(context: JobContext) -> None:
        seen.append(context.viewer.is_superuser)

    async with desk.working(handler):
        await desk.over(id_)
    assert seen == [True]


async def test_a_job_whose_owner_is_gone_fails_without_running(desk: Desk) -> None:
    def remove(session: Session) -> None:
        session.get(User, session.get(Job, id_).owner_id).deleted_at = now()

    id_ = await desk.enqueue()
    await desk.database.write(remove, SYSTEM)
    assert await desk.database.write(jobs.claim, SYSTEM, id_) is None
    job = await desk.database.find(Job, SYSTEM, id_)
    assert job is not None
    assert (job.status, job.error_code, job.attempt) == (JobStatus.FAILED, "NOT_FOUND", 0)


async def test_a_transaction_that_is_rolled_back_enqueues_nothing(desk: Desk) -> None:
    queued: list[Event] = []
    desk.hub.handle(JobQueued, queued.append)

    def unit(session: Session) -> None:
        jobs.enqueue(session, "work", personal_organization(session))
        session.flush()
        raise RuntimeError("changed my mind")

    async with desk.working(nothing):
        with pytest.raises(RuntimeError, match="changed my mind"):
            await desk.database.write(unit, desk.viewer)
        assert await desk.database.read(jobs.claimable_jobs, SYSTEM, kind="work") == []
    assert queued == []


async def test_a_job_whose_delivery_was_lost_is_found_by_the_sweep(desk: Desk) -> None:
    id_ = await desk.enqueue()
    async with desk.working(nothing):
        assert (await desk.over(id_)).status is JobStatus.COMPLETED


async def test_a_kind_without_a_handler_waits_for_a_worker_that_has_one(desk: Desk) -> None:
    other = await desk.enqueue("other")
    async with desk.working(nothing):
        await desk.over(await desk.enqueue())
        assert ((await desk.job(other)).status, (await desk.job(other)).attempt) == (JobStatus.QUEUED, 0)


async def test_a_job_is_claimed_once(desk: Desk) -> None:
    id_ = await desk.enqueue()
    claims = await asyncio.gather(*(desk.database.write(jobs.claim, SYSTEM, id_) for _ in range(8)))
    assert len([claim for claim in claims if claim]) == 1
    assert (await desk.job(id_)).attempt == 1


@pytest.mark.parametrize("status", [JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELED])
async def test_a_job_that_is_over_is_not_claimed_when_it_is_delivered_again(desk: Desk, status: JobStatus) -> None:
    id_ = await desk.enqueue(token="secret", nested={"token": "secret", "other": 1})
    await desk.database.write(jobs.claim, SYSTEM, id_)
    await desk.database.write(lambda session: jobs.finish(session, id_, 1, status), desk.viewer)
    before, changes = await desk.job(id_), list(desk.changes)
    assert (before.status, before.arguments) == (status, {"nested": {"other": 1}, "lost_secrets": True})
    for _ in range(2):
        assert await desk.database.write(jobs.claim, SYSTEM, id_) is None
    assert (await desk.job(id_), desk.changes) == (before, changes)
    assert await desk.database.read(jobs.claimable_jobs, SYSTEM, kind="work") == []


async def test_leases_follow_the_clock_of_the_database_whatever_the_workers_think(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour between two workers must not end what one of them runs."""
    id_ = await desk.enqueue()
    for skew in (timedelta(hours=1), timedelta(hours=-1)):
        monkeypatch.setattr("db.jobs.jobs.now", lambda skew=skew: now() + skew)
        claimed = await desk.database.write(jobs.claim, SYSTEM, id_)
        assert (claimed is not None) == (skew > timedelta())
        assert await desk.database.read(jobs.claimable_jobs, SYSTEM, kind="work") == []
        await desk.database.write(jobs.renew_lease, SYSTEM, id_, 1)
    until = (await desk.job(id_)).leased_until
    assert until is not None
    assert abs((until - now() - jobs.LEASE).total_seconds()) < 2
    monkeypatch.setattr(jobs, "LEASE", timedelta(seconds=-1))
    await desk.database.write(jobs.progress, SYSTEM, id_, 1, 0, None)
    await desk.database.write(lambda session: jobs._renewed(session, id_, 1, timedelta(seconds=-1)), SYSTEM)
    assert len(await desk.database.read(jobs.claimable_jobs, SYSTEM, kind="work")) == 1
    assert await desk.database.write(jobs.claim, SYSTEM, id_) is not None


async def test_a_job_is_left_alone_until_its_lease_has_run_out(desk: Desk) -> None:
    id_ = await desk.enqueue()
    await desk.database.write(jobs.claim, SYSTEM, id_)
    async with desk.working(nothing):
        await desk.over(await desk.enqueue())
        assert (await desk.job(id_)).status is JobStatus.RUNNING
        await desk.change(id_, leased_until=now() - timedelta(seconds=1))
        job = await desk.over(id_)
    assert (job.status, job.attempt, job.crashes) == (JobStatus.COMPLETED, 2, 1)


async def test_a_process_that_is_alone_takes_over_at_once_what_a_dead_one_held(desk: Desk) -> None:
    id_ = await desk.enqueue()
    await desk.database.write(jobs.claim, SYSTEM, id_)
    async with desk.working(nothing, fresh=True):
        job = await desk.over(id_)
    assert (job.status, job.attempt) == (JobStatus.COMPLETED, 2)


async def test_a_worker_that_lost_its_job_can_write_nothing_to_it(desk: Desk) -> None:
    id_ = await desk.enqueue()
    await desk.database.write(jobs.claim, SYSTEM, id_)
    await desk.change(id_, leased_until=now() - timedelta(seconds=1))
    await desk.database.write(jobs.claim, SYSTEM, id_)
    before = await desk.job(id_)
    attempts: list[Callable[[Session], object]] = [
        lambda session: jobs.renew_lease(session, id_, 1),
        lambda session: jobs.progress(session, id_, 1, 5, 9),
        lambda session: jobs.finish(session, id_, 1, JobStatus.COMPLETED),
        lambda session: jobs.fail(session, id_, 1, "X", "x", True),
        lambda session: jobs.release(session, id_, 1),
    ]
    for unit in attempts:
        with pytest.raises(LeaseLost):
            await desk.database.write(unit, desk.viewer)
    assert await desk.job(id_) == before


async def test_a_handler_is_cancelled_when_another_worker_has_its_job(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_run, "HEARTBEAT_SECONDS", 0.05)
    cancelled: list[bool] = []

    async def handler(context: JobContext) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(context.stopped)
            raise

    id_ = await desk.enqueue()
    async with desk.working(handler):
        await until(lambda: desk.changes)
        await desk.change(id_, attempt=2)
        await until(lambda: cancelled)
        job = await desk.job(id_)
    assert cancelled == [False]
    assert (job.status, job.attempt) == (JobStatus.RUNNING, 2)


async def test_the_lease_is_renewed_while_the_handler_works(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_run, "HEARTBEAT_SECONDS", 0.05)
    id_ = await desk.enqueue()
    async with desk.working(for_ever):
        await until(lambda: desk.changes)
        first = (await desk.job(id_)).leased_until

        async def renewed() -> bool:
            lease = (await desk.job(id_)).leased_until
            return first is not None and lease is not None and lease > first

        await until(renewed)
    assert desk.changes == [JobChanged(id_)] * 2


async def test_canceling_a_job_in_the_database_ends_its_handler(desk: Desk) -> None:
    ended: list[bool] = []

    async def handler(context: JobContext) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(context.stopped)

    id_ = await desk.enqueue()
    async with desk.working(handler):
        await until(lambda: desk.changes)
        await desk.database.write(lambda s: jobs.end(s, s.get(Job, id_), JobStatus.CANCELED), desk.viewer)
        await until(lambda: ended)
    assert (await desk.job(id_)).status is JobStatus.CANCELED


async def test_a_job_that_somebody_stops_is_canceled_and_its_handler_is_told(desk: Desk) -> None:
    messages: list[bool] = []

    async def handler(context: JobContext) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            messages.append(context.stopped)

    id_ = await desk.enqueue()
    async with desk.working(handler) as worker:
        await until(lambda: desk.changes)
        assert worker.stop_job(id_) is True
        assert worker.stop_job(id_) is True
        job = await desk.over(id_)
        await until(lambda: not worker.stop_job(id_))
    assert (job.status, messages) == (JobStatus.CANCELED, [True])


async def test_a_handler_that_is_stopped_at_its_very_beginning_has_begun(desk: Desk) -> None:
    begun: list[bool] = []

    async def handler(context: JobContext) -> None:
        begun.append(True)
        await asyncio.sleep(60)

    async with desk.working(handler) as worker:

        def stop(event: Event) -> None:
            assert isinstance(event, JobChanged)
            worker.stop_job(event.job_id)

        desk.hub.handle(JobChanged, stop)
        job = await desk.over(await desk.enqueue())
    assert (job.status, begun) == (JobStatus.CANCELED, [True])


async def test_a_handler_may_end_its_job_itself_and_go_on_undisturbed(desk: Desk) -> None:
    tidied: list[bool] = []

    async def handler(context: JobContext) -> None:
        await desk.database.write(jobs.finish, context.viewer, context.job.id, context.attempt, JobStatus.COMPLETED)
        await asyncio.sleep(0.5)
        tidied.append(True)

    id_ = await desk.enqueue()
    async with desk.working(handler):
        await until(lambda: tidied)
    assert (await desk.job(id_)).status is JobStatus.COMPLETED


async def test_stopping_the_worker_gives_its_jobs_back_within_a_second(desk: Desk) -> None:
    id_ = await desk.enqueue()
    async with desk.working(for_ever) as worker:
        await until(lambda: desk.changes)
        started = time.monotonic()
        await worker.stop()
        assert time.monotonic() - started < 1
        job = await desk.job(id_)
        assert (job.status, job.leased_until, job.attempt) == (JobStatus.QUEUED, None, 1)
    async with desk.working(nothing):
        job = await desk.over(id_)
    assert (job.status, job.attempt, job.crashes) == (JobStatus.COMPLETED, 2, 0)


async def test_a_handler_that_ends_its_job_while_the_worker_stops_has_the_last_word(desk: Desk) -> None:
    async def handler(context: JobContext) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            assert not context.stopped
            await desk.database.write(jobs.finish, context.viewer, context.job.id, context.attempt, JobStatus.FAILED)
            raise

    id_ = await desk.enqueue()
    async with desk.working(handler):
        await until(lambda: desk.changes)
    assert (await desk.job(id_)).status is JobStatus.FAILED


async def test_a_handler_that_does_not_react_does_not_hold_up_the_end(desk: Desk) -> None:
    go_on = asyncio.Event()

    async def handler(context: JobContext) -> None:
        while not go_on.is_set():
            try:
                await go_on.wait()
            except asyncio.CancelledError:
                continue

    id_ = await desk.enqueue()
    async with desk.working(handler) as worker:
        await until(lambda: desk.changes)
        started = time.monotonic()
        await worker.stop()
        assert time.monotonic() - started < 1
        assert (await desk.job(id_)).status is JobStatus.QUEUED
        go_on.set()
        await until(lambda: not worker._runs)
    assert (await desk.job(id_)).status is JobStatus.QUEUED


@pytest.mark.parametrize(
    ("error", "code", "message", "retryable"),
    [
        (JobFailure("NO_STORAGE", "Make room."), "NO_STORAGE", "Make room.", False),
        (JobFailure("AWAY", "Try later.", retryable=True), "AWAY", "Try later.", True),
        (NotFound("It was deleted."), "NOT_FOUND", "It was deleted.", False),
        (RateLimited("Too much."), "RATE_LIMITED", "Too much.", True),
    ],
)
async def test_a_failure_is_kept_in_its_own_words(
    desk: Desk, error: Exception, code: str, message: str, retryable: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(context: JobContext) -> None:
        raise error

    async with desk.working(handler):
        job = await desk.over(await desk.enqueue())
    assert job.status is JobStatus.FAILED
    assert (job.error_code, job.error_message, job.error_retryable) == (code, message, retryable)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_bug_is_logged_and_shown_only_as_an_internal_error(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(context: JobContext) -> None:
        raise KeyError("secret")

    async with desk.working(handler):
        job = await desk.over(await desk.enqueue())
    message = f"Something went wrong on the server. Try again, and report it with the id {job.id}."
    assert (job.status, job.error_code) == (JobStatus.FAILED, "INTERNAL_SERVER_ERROR")
    assert (job.error_message, job.error_retryable) == (message, True)
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], KeyError)


async def test_a_job_that_ends_five_workers_is_not_given_to_a_sixth(desk: Desk) -> None:
    id_ = await desk.enqueue()
    for attempt in range(1, 6):
        claimed = await desk.database.write(jobs.claim, SYSTEM, id_)
        assert claimed is not None
        assert claimed[0].attempt == attempt
        await desk.change(id_, leased_until=now() - timedelta(seconds=1))
    assert await desk.database.write(jobs.claim, SYSTEM, id_) is None
    job = await desk.job(id_)
    assert (job.status, job.attempt, job.error_code) == (JobStatus.FAILED, 5, "INTERNAL_SERVER_ERROR")
    assert job.finished_at is not None


async def test_what_finds_no_room_waits_in_the_database_and_is_done_as_soon_as_there_is_some(desk: Desk) -> None:
    at_work = most = 0
    pair = asyncio.Barrier(2)

    async def handler(context: JobContext) -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        if not context.job.arguments:
            await pair.wait()
        at_work -= 1

    async with desk.working(handler, at_once=2):
        await desk.over(await desk.enqueue(alone=True))
        started = time.monotonic()
        ids = [await desk.enqueue() for _ in range(12)]
        done = [await desk.over(id_) for id_ in ids]
        # The sweep alone would bring two jobs every two seconds.
        assert time.monotonic() - started < 8
    assert most == 2
    assert [(job.status, job.attempt) for job in done] == [(JobStatus.COMPLETED, 1)] * 12


async def test_a_run_ends_also_when_news_comes_in_the_moment_of_its_end(desk: Desk) -> None:
    """A wait with a deadline must not mistake its own cancellation for a wake-up."""

    async def handler(context: JobContext) -> None:
        desk.hub.publish(JobChanged(context.job.id))

    async with desk.working(handler):
        for _ in range(20):
            assert (await desk.over(await desk.enqueue())).status is JobStatus.COMPLETED


async def test_progress_is_written_a_few_times_a_second_however_often_it_is_told(desk: Desk) -> None:
    async def handler(context: JobContext) -> None:
        started = time.monotonic()
        done = 0
        while time.monotonic() - started < 0.7:
            done += 1
            context.progress(done, 1_000_000)
            await asyncio.sleep(0)

    async with desk.working(handler):
        job = await desk.over(await desk.enqueue())
    assert job.total == 1_000_000
    assert 3 <= len(desk.changes) <= 7  # begun, up to five times progress, ended


async def test_progress_may_be_told_from_a_thread(desk: Desk) -> None:
    async def handler(context: JobContext) -> None:
        await asyncio.to_thread(context.progress, 3, 4)

        async def written() -> bool:
            job = await desk.job(context.job.id)
            return (job.done, job.total) == (3, 4)

        await until(written)

    async with desk.working(handler):
        assert (await desk.over(await desk.enqueue())).status is JobStatus.COMPLETED
