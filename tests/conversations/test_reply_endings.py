"""Interrupted replies: the end of the process, and a stop at any moment."""

import asyncio
import threading
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from assistant import offline
from assistant.reading import extraction
from assistant.reading.extraction import ProposedTable
from db.conversations import replies, sending
from db.core.base import now
from db.core.events import Event, JobChanged
from db.core.prepared import Prepared
from db.core.session import Session
from db.jobs import jobs
from db.models.jobs import Job, JobStatus
from db.models.messages import Message, MessageStatus
from db.models.usage import Usage
from db.models.users import User
from jobs.runner.worker import SWEEP_SECONDS
from tests.support.conversations.reply_harness import TABLE, ReplyHarness
from tests.support.loopback.provider_faults import events_then_silence
from tests.support.processes.waiting import until
from tests.support.scripted_llm import (
    ScriptedLLM,
    follow,
    joined_text,
    open_app_with_faults,
    open_app_with_llm,
    read,
    send,
    wait_for_readers,
    wait_for_text,
)
from tests.support.superusers import sign_up_superuser
from tests.support.world import SYSTEM


async def test_the_end_of_the_process_interrupts_a_reply_and_keeps_its_text(
    scripted_llm: ScriptedLLM, database_url: str, tmp_path: Path
) -> None:
    async with open_app_with_llm(scripted_llm.server, database_url, tmp_path) as before:
        ann = await before.person()
        sent = await send(ann, TABLE)
        scripted_llm.say("So far ", "so good 👍")
        await wait_for_text(before, ann, sent["reply"]["id"], "So far so good 👍")
        following = asyncio.create_task(follow(before, ann, sent["reply"]["id"]))
        await wait_for_readers(before, 1)
        await before.product.worker.stop()
        happened = await following
        assert (joined_text(happened), happened[-1]["message"]["status"]) == ("So far so good 👍", "INTERRUPTED")
    async with open_app_with_llm(scripted_llm.server, database_url, tmp_path) as after:
        again = after.client()
        again.token = ann.token
        reply = await read(again, sent["reply"]["id"])
        assert (reply["status"], reply["text"]) == ("INTERRUPTED", "So far so good 👍")
        assert (reply["error"]["code"], reply["error"]["retryable"]) == ("INTERRUPTED", True)
        # The message was read beside the model, so its table waits for a decision.
        assert [(proposal["tableName"], proposal["status"]) for proposal in reply["proposals"]] == [
            ("Table 1", "PENDING")
        ]
        *_, end = await follow(after, again, sent["reply"]["id"], len(reply["text"]))
        assert end["message"]["status"] == "INTERRUPTED"
    assert len(scripted_llm.requests) == 1


async def test_replies_end_when_the_account_is_deactivated(
    scripted_llm: ScriptedLLM, database_url: str, tmp_path: Path
) -> None:
    async with open_app_with_llm(scripted_llm.server, database_url, tmp_path) as app:
        ann, root = await app.person(), await sign_up_superuser(app, "root")
        sent = await send(ann)
        scripted_llm.say("So far ", "so good")
        await wait_for_text(app, ann, sent["reply"]["id"], "So far so good")
        id_ = (await ann.run("{ me { id } }"))["me"]["id"]
        await root.mutate("updateUser", "{ __typename }", id=id_, isActive=False)
        await asyncio.wait_for(scripted_llm.server.exchanges[0].hung_up.wait(), 2)
        assert (await read(root, sent["reply"]["id"]))["status"] == "STOPPED"
        jobs_left: Prepared[Job] = Prepared(select(Job).where(Job.kind == "reply"))
        (job,) = await app.backend.database.read(jobs_left, SYSTEM)
        assert (job.status, job.finished_at is not None, job.leased_until) == ("CANCELED", True, None)
        usages: Prepared[Usage] = Prepared(select(Usage))
        (spent,) = await app.backend.database.read(usages, SYSTEM)
        assert spent.settled_at is not None


async def test_a_reply_of_a_process_that_was_killed_is_interrupted_with_the_text_that_was_saved(
    reply_harness: ReplyHarness,
) -> None:
    reply = (await reply_harness.post()).reply
    assert reply.job_id is not None
    await reply_harness.database.write(jobs.claim, SYSTEM, reply.job_id)
    await reply_harness.database.write(
        replies.checkpoint, reply_harness.viewer, reply.id, reply.job_id, 1, "Half of it"
    )

    def die(session: Session) -> None:
        assert reply.job_id is not None
        session.get(Job, reply.job_id).leased_until = now() - timedelta(seconds=1)

    await reply_harness.database.write(die, SYSTEM)
    async with reply_harness.working():
        ended, job = await reply_harness.wait_for_end(reply.id)
    assert (ended.status, ended.text, ended.output_tokens) == (MessageStatus.INTERRUPTED, "Half of it", None)
    assert (job.status, job.attempt) == (JobStatus.FAILED, 2)
    with pytest.raises(jobs.LeaseLost):
        await reply_harness.database.write(
            replies.checkpoint, reply_harness.viewer, reply.id, reply.job_id, 1, "too late"
        )
    again = await reply_harness.database.write(
        sending.send, reply_harness.viewer, "Again", conversation_id=ended.conversation_id, models={"offline": None}
    )
    assert again.reply.status is MessageStatus.IN_PROGRESS


@pytest.mark.parametrize("moment", ["claimed", "begun", "extracted"])
async def test_a_reply_is_stopped_at_any_moment(
    reply_harness: ReplyHarness, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Stop the reply at each step; it must never stay IN_PROGRESS."""
    stopping: list[asyncio.Task[Message]] = []
    is_stopped = threading.Event()
    exchange = await reply_harness.post()
    loop = asyncio.get_running_loop()

    def stop(_: Event | None = None) -> None:
        if not stopping:
            stopping.append(
                loop.create_task(reply_harness.database.write(replies.stop, reply_harness.viewer, exchange.reply.id))
            )
            stopping[0].add_done_callback(lambda _: is_stopped.set())

    def slow(text: str, attachments: Sequence[extraction.Attached]) -> Sequence[ProposedTable]:
        loop.call_soon_threadsafe(stop)
        assert is_stopped.wait(10)
        return extraction.propose_from(text, attachments)

    if moment == "claimed":
        reply_harness.hub.handle(JobChanged, stop)
    elif moment == "extracted":
        monkeypatch.setattr(offline, "propose_from", slow)
    monkeypatch.setattr(offline, "stream", partial(offline.stream, delay=0.3))
    async with reply_harness.working():
        if moment == "begun":
            async with asyncio.timeout(5):
                await anext(reply_harness.log.follow(exchange.reply.id, 0, idle=5))
            stop()
        reply, job = await reply_harness.wait_for_end(exchange.reply.id)
        await asyncio.gather(*stopping)
    assert (reply.status, job.status) == (MessageStatus.STOPPED, JobStatus.CANCELED)
    assert reply_harness.log.texts == {}
    again = await reply_harness.database.write(
        sending.send, reply_harness.viewer, "Again", conversation_id=reply.conversation_id, models={"offline": None}
    )
    assert again.conversation.message_count == 4


@pytest.mark.parametrize("reason", ["crashes", "owner"])
async def test_a_reply_whose_job_is_given_up_ends_with_it(reply_harness: ReplyHarness, reason: str) -> None:
    exchange = await reply_harness.post()
    job_id = exchange.reply.job_id
    assert job_id is not None

    def spoil(session: Session) -> None:
        job = session.get(Job, job_id)
        job.crashes = jobs.MAX_CRASHES
        if reason == "owner":
            session.get(User, job.owner_id).deactivated_at = now()

    await reply_harness.database.write(spoil, SYSTEM)
    assert await reply_harness.database.write(jobs.claim, SYSTEM, job_id) is None
    reply, job = await reply_harness.wait_for_end(exchange.reply.id)
    assert job.status is JobStatus.FAILED
    if reason == "owner":
        assert (reply.status, reply.error_code, reply.error_message) == (
            MessageStatus.FAILED,
            "NOT_FOUND",
            job.error_message,
        )
    else:
        assert (reply.status, reply.error_code, job.error_code) == (
            MessageStatus.INTERRUPTED,
            "INTERRUPTED",
            "INTERNAL_SERVER_ERROR",
        )
    assert reply.error_retryable is (reason == "crashes")


def test_a_dead_worker_is_found_within_ten_seconds() -> None:
    assert jobs.LEASE.total_seconds() + SWEEP_SECONDS < 10


async def test_a_reply_whose_job_has_ended_can_still_be_stopped(reply_harness: ReplyHarness) -> None:
    reply = (await reply_harness.post()).reply
    assert reply.job_id is not None

    def give_up(session: Session) -> None:
        assert reply.job_id is not None
        jobs.end(session, session.get(Job, reply.job_id), JobStatus.FAILED)

    await reply_harness.database.write(give_up, SYSTEM)
    stopped = await reply_harness.database.write(replies.stop, reply_harness.viewer, reply.id)
    assert stopped.status is MessageStatus.STOPPED
    job = await reply_harness.database.find(Job, SYSTEM, reply.job_id)
    assert job is not None
    assert job.status is JobStatus.FAILED


async def test_a_stop_and_the_end_may_come_at_once(reply_harness: ReplyHarness) -> None:
    async with reply_harness.working():
        for _ in range(5):
            exchange = await reply_harness.post("Hello")
            await asyncio.sleep(0.1)
            stops = (
                reply_harness.database.write(replies.stop, reply_harness.viewer, exchange.reply.id) for _ in range(4)
            )
            await asyncio.gather(*stops)
            reply, _ = await reply_harness.wait_for_end(exchange.reply.id)
            assert reply.status in (MessageStatus.STOPPED, MessageStatus.COMPLETED)


async def test_silence_of_the_provider_does_not_keep_a_reply_from_being_stopped(
    database_url: str, tmp_path: Path
) -> None:
    async with open_app_with_faults(database_url, tmp_path, events_then_silence()) as (app, server):
        ann = await app.person()
        sent = await send(ann)

        async def is_asked() -> bool:
            return bool(server.exchanges)

        await until(is_asked)
        stopped = await ann.mutate("stopReply", "{ message { status text } }", messageId=sent["reply"]["id"])
        assert stopped["message"] == {"status": "STOPPED", "text": ""}
        await asyncio.wait_for(server.exchanges[0].hung_up.wait(), 2)
