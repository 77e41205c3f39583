"""Edge cases of budgets: crashed replies, ends of months, notification thresholds and growing reservations."""

import json
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from auth.viewer import Role
from db.accounts.cancel_jobs import cancel_user_jobs
from db.billing import spending
from db.conversations import conversation_deletion, conversations, replies, titles
from db.conversations.conversations import NewConversation
from db.core.base import now
from db.core.session import Session
from db.jobs import jobs
from db.models.budgets import Budget, month_of
from db.models.conversations import Conversation
from db.models.jobs import Job, JobStatus
from db.models.memberships import MembershipStatus
from db.models.messages import Message, MessageStatus
from db.models.notifications import Notification
from db.models.usage import Tokens, Usage
from db.retention import restoring
from errors import BudgetExceeded
from tests.support.app import open_app
from tests.support.budgets import TERMS, BudgetedConversation
from tests.support.loopback.provider_faults import chunk, events, fault_server, usage
from tests.support.processes.waiting import until
from tests.support.scripted_llm import finished_reply
from tests.support.world import SYSTEM, World

HALF = "Half of what was to be said"  # 7 tokens as they are estimated
WHOLE = events(chunk("Hi"), chunk(finish="stop"), usage(10, 5), "[DONE]")


async def crash_worker(budgeted: BudgetedConversation, reply: Message) -> None:
    """Claim a reply, store half of its text and let the lease expire, as after a crash."""
    assert reply.job_id is not None
    claimed = await budgeted.database.write(jobs.claim, SYSTEM, reply.job_id)
    assert claimed is not None
    job, _ = claimed
    await budgeted.database.write(replies.checkpoint, budgeted.ann, reply.id, job.id, job.attempt, HALF)

    def forget(session: Session) -> None:
        session.get(Job, job.id).leased_until = now() - timedelta(seconds=1)

    await budgeted.database.write(forget, SYSTEM)


def charged(reply: Message | None) -> tuple[int | None, int | None, int | None, bool]:
    assert reply is not None
    return reply.input_tokens, reply.output_tokens, reply.cost_nanos, reply.usage_estimated


async def test_a_crashed_reply_is_charged_an_estimate_and_marked_so(
    budgeted: BudgetedConversation,
) -> None:
    await budgeted.limit(100_000)
    reply = (await budgeted.post()).reply
    reserved = (await budgeted.counters())[1]
    await crash_worker(budgeted, reply)
    assert reply.job_id is not None
    assert await budgeted.database.write(jobs.claim, SYSTEM, reply.job_id) is not None
    ending = replies.ReplyOutcome(MessageStatus.INTERRUPTED, error_code="INTERRUPTED")
    await budgeted.database.write(replies.finish, budgeted.ann, reply.id, reply.job_id, 2, ending)
    read = reserved - 1_000
    assert charged(await budgeted.database.find(Message, budgeted.ann, reply.id)) == (read, 7, (read + 7) * 1_000, True)
    assert await budgeted.counters() == (read + 7, 0)


async def test_a_reply_that_is_given_up_is_settled_also_when_its_conversation_was_deleted(
    budgeted: BudgetedConversation,
) -> None:
    await budgeted.limit(100_000)
    reply = (await budgeted.post()).reply
    reserved = (await budgeted.counters())[1]
    assert reply.job_id is not None
    for _ in range(jobs.MAX_CRASHES):
        await crash_worker(budgeted, reply)
    await budgeted.database.write(
        partial(conversation_deletion.delete, with_tables=False), budgeted.ann, budgeted.conversation_id
    )
    assert await budgeted.database.write(jobs.claim, SYSTEM, reply.job_id) is None
    assert await budgeted.counters() == (reserved - 1_000 + 7, 0)
    job = await budgeted.database.find(Job, SYSTEM, reply.job_id)
    assert job is not None
    assert (job.status, await budgeted.notifications()) == (JobStatus.FAILED, [])
    await budgeted.database.write(restoring.restore, budgeted.ann, Conversation, budgeted.conversation_id)
    given_up = await budgeted.database.find(Message, budgeted.ann, reply.id)
    assert given_up is not None
    assert given_up.status is MessageStatus.INTERRUPTED


async def test_a_failed_reply_and_one_that_never_began_are_settled(budgeted: BudgetedConversation) -> None:
    await budgeted.limit(100_000)
    reply = (await budgeted.post()).reply
    reserved = (await budgeted.counters())[1]
    assert reply.job_id is not None
    for _ in range(jobs.MAX_CRASHES):
        await crash_worker(budgeted, reply)
    assert await budgeted.database.write(jobs.claim, SYSTEM, reply.job_id) is None
    given_up = await budgeted.database.find(Message, budgeted.ann, reply.id)
    assert given_up is not None
    assert given_up.status is MessageStatus.INTERRUPTED
    spent = reserved - 1_000 + 7
    assert (charged(given_up)[1], await budgeted.counters()) == (7, (spent, 0))
    stopped = await budgeted.database.write(replies.stop, budgeted.ann, (await budgeted.post()).reply.id)
    assert (charged(stopped), await budgeted.counters()) == ((0, 0, 0, False), (spent, 0))


async def test_replies_of_a_closed_account_are_charged_and_reserve_nothing(
    budgeted: BudgetedConversation,
) -> None:
    await budgeted.limit(100_000)
    reply = (await budgeted.post()).reply
    reserved = (await budgeted.counters())[1]
    await crash_worker(budgeted, reply)

    def close(session: Session) -> None:
        titles.reserve(session, budgeted.conversation_id, "m", TERMS, Tokens(100, 300))
        jobs.enqueue(session, "title", budgeted.organization_id, conversation_id=budgeted.conversation_id.hex)
        session.flush()
        assert session.user_id is not None
        cancel_user_jobs(session, session.user_id)

    await budgeted.database.write(close, budgeted.ann)
    stopped = await budgeted.database.find(Message, budgeted.ann, reply.id)
    assert stopped is not None
    assert (stopped.status, charged(stopped)[1]) == (MessageStatus.STOPPED, 7)
    assert await budgeted.counters() == (reserved - 1_000 + 7, 0)


async def test_a_new_month_resets_spending_and_keeps_reservations(
    budgeted: BudgetedConversation,
) -> None:
    await budgeted.limit(5_000)
    await budgeted.post()
    reserved = (await budgeted.counters())[1]

    def last_month(budget: Budget) -> None:
        budget.month, budget.spent_units, budget.told = month_of(budget.month - timedelta(days=1)), 5_000, 100

    await budgeted.change(last_month)
    await budgeted.spend(4_100 - reserved)
    assert await budgeted.counters() == (4_100 - reserved, reserved)
    assert await budgeted.notifications() == []
    with pytest.raises(BudgetExceeded):
        await budgeted.other()


KEYS = ("organization", "percent", "is_hard")  # of the mails to admins


async def test_admins_are_notified_once_at_each_threshold_of_a_soft_budget(budgeted: BudgetedConversation) -> None:
    await budgeted.limit(1_000, hard=False)
    text = []
    for tokens in (799, 1, 100, 99, 1, 5_000):
        await budgeted.spend(tokens)
        text.append(await budgeted.notifications())
    nearly, spent = "BUDGET_NEARLY_SPENT", "BUDGET_SPENT"
    assert text == [[], [nearly], [nearly], [nearly], [nearly, spent], [nearly, spent]]
    assert (await budgeted.counters())[0] == 6_000

    def mails(session: Session) -> list[tuple[str, ...]]:
        jobs_ = session.scalars(select(Job).where(Job.kind == "mail").order_by(Job.id)).all()
        arguments = [job.arguments for job in jobs_ if job.arguments["template"] == "budget"]
        return [(each["to"], *(each["arguments"][key] for key in KEYS)) for each in arguments]

    to = ("ann@example.com", "Shared")
    assert await budgeted.database.write(mails, budgeted.ann) == [(*to, "80", ""), (*to, "100", "")]


async def test_admins_are_told_again_in_the_next_month(budgeted: BudgetedConversation) -> None:
    await budgeted.limit(1_000, hard=False)
    await budgeted.spend(1_000)
    assert await budgeted.notifications() == ["BUDGET_SPENT"]

    def last_month(budget: Budget) -> None:
        budget.month = month_of(budget.month - timedelta(days=1))

    await budgeted.change(last_month)
    await budgeted.spend(799)
    assert (await budgeted.notifications(), await budgeted.counters()) == (["BUDGET_SPENT"], (799, 0))
    await budgeted.spend(1)
    await budgeted.spend(200)
    assert await budgeted.notifications() == ["BUDGET_SPENT", "BUDGET_NEARLY_SPENT", "BUDGET_SPENT"]


async def test_only_active_admins_are_told(budgeted: BudgetedConversation, world: World) -> None:
    bob, cid = await world.person("bob"), await world.person("cid")
    await world.join(budgeted.organization_id, bob, Role.ADMIN, MembershipStatus.INVITED)
    await world.join(budgeted.organization_id, cid)
    await budgeted.limit(100)
    await budgeted.spend(100)
    query = select(Notification.user_id)
    messages = await budgeted.database.write(lambda session: list(session.scalars(query)), SYSTEM)
    assert messages == [budgeted.ann.user_id]


async def test_a_hard_budget_is_used_to_the_last_token_and_no_further(budgeted: BudgetedConversation) -> None:
    await budgeted.limit(100_000)
    await budgeted.post()
    needed = (await budgeted.counters())[1]
    await budgeted.limit(2 * needed - 1)
    with pytest.raises(BudgetExceeded) as reserved:
        await budgeted.other()
    # Nothing is spent: the reply in progress holds the rest, and its end is near.
    assert (reserved.value.details["reason"], reserved.value.details["retryAfterMs"]) == ("RESERVED", 5_000)
    assert await budgeted.counters() == (0, needed)
    await budgeted.limit(needed - 1)
    with pytest.raises(BudgetExceeded) as spent:
        await budgeted.other()
    assert spent.value.details["reason"] == "SPENT"
    assert "resetsAt" in spent.value.details
    await budgeted.limit(2 * needed)
    await budgeted.other()
    assert await budgeted.counters() == (0, 2 * needed)
    await budgeted.limit(2 * needed, hard=False)
    await budgeted.other()
    assert await budgeted.counters() == (0, 3 * needed)


async def test_a_call_is_settled_once(budgeted: BudgetedConversation) -> None:
    await budgeted.limit(100_000)
    reply = (await budgeted.post()).reply
    for tokens in (Tokens(20, 10), Tokens(900, 90)):
        await budgeted.database.write(spending.settle_reply, budgeted.ann, reply.id, tokens, 5, "Hello")
        assert await budgeted.counters() == (30, 0)
    rows = await budgeted.database.write(lambda session: session.scalars(select(Usage)).all(), SYSTEM)
    assert [(row.input_tokens, row.output_tokens, row.cost_nanos) for row in rows] == [(20, 10, 5)]


async def test_a_reply_that_reads_more_than_estimated_reserves_the_difference(budgeted: BudgetedConversation) -> None:
    await budgeted.limit(10_000)
    reply = (await budgeted.post()).reply
    reserved = (await budgeted.counters())[1]

    async def read(tokens: int) -> None:
        await budgeted.database.write(spending.reserve_input, budgeted.ann, reply.id, TERMS, tokens)

    estimate = reserved - 1_000
    for tokens, expected in ((estimate, reserved), (estimate - 1, reserved), (2_000, 3_000), (1_999, 3_000)):
        await read(tokens)
        assert await budgeted.counters() == (0, expected)
    await read(9_000)  # exactly what is left
    with pytest.raises(BudgetExceeded):
        await read(9_001)
    assert await budgeted.counters() == (0, 10_000)
    await budgeted.database.write(spending.settle_reply, budgeted.ann, reply.id, Tokens(9_000, 5), 0, "")
    await read(9_500)  # delivered late: the call is settled, and nothing would release a reservation
    assert await budgeted.counters() == (9_005, 0)


async def test_a_title_reserves_its_maximum_cost_once_and_releases_it(budgeted: BudgetedConversation) -> None:
    await budgeted.limit(600)
    most = Tokens(100, 300)
    for _ in range(2):  # the second is that of an attempt after a dead one
        await budgeted.database.write(titles.reserve, budgeted.ann, budgeted.conversation_id, "m", TERMS, most)
        assert await budgeted.counters() == (0, 400)
    beginning = NewConversation("m", organization_id=budgeted.organization_id)
    other = await budgeted.database.write(conversations.create, budgeted.ann, beginning)
    with pytest.raises(BudgetExceeded):
        await budgeted.database.write(titles.reserve, budgeted.ann, other.id, "m", TERMS, most)
    await budgeted.database.write(titles.settle, budgeted.ann, budgeted.conversation_id, Tokens(90, 5), 0)
    assert await budgeted.counters() == (95, 0)
    await budgeted.database.write(titles.reserve, budgeted.ann, other.id, "m", TERMS, most)

    def give_up(session: Session) -> None:
        job = jobs.enqueue(session, "title", budgeted.organization_id, conversation_id=other.id.hex)
        job.status, job.attempt = JobStatus.RUNNING, 1
        jobs.fail(session, job.id, 1, "INTERNAL_SERVER_ERROR", "no", False)

    await budgeted.database.write(give_up, budgeted.ann)
    assert await budgeted.counters() == (95, 0)


async def test_the_output_limit_is_sent_when_it_was_set_or_under_a_hard_budget(
    database_url: str, tmp_path: Path
) -> None:
    async with fault_server(WHOLE) as server:
        models = [{"name": "own"}, {"name": "named", "max_output": 700}]
        profile = {"name": "p", "base_url": server.base_url, "models": models}
        async with open_app(database_url, tmp_path, llm_profiles=json.dumps([profile])) as app:
            ann = await app.person()
            organization = await app.organization(ann)

            async def limit_of(model: str) -> int | None:
                """Return the output limit in the request to the provider."""
                arguments = {"organizationId": organization, "model": model}
                created = await ann.mutate("createConversation", "{ conversation { id } }", **arguments)
                text = await ann.mutate(
                    "sendMessage", "{ reply { id } }", text="Hi", conversationId=created["conversation"]["id"]
                )
                await finished_reply(app, ann, text["reply"]["id"])
                messages: int | None = server.exchanges[-1].body.get("max_tokens")
                return messages

            assert [await limit_of("own"), await limit_of("named")] == [None, 700]
            await ann.mutate("setBudget", "{ __typename }", organizationId=organization, limit="1e6", unit="TOKENS")
            assert [await limit_of("own"), await limit_of("named")] == [4096, 700]


async def test_a_reply_that_is_about_to_read_more_than_a_hard_budget_has_left_reads_nothing(
    database_url: str, tmp_path: Path
) -> None:
    async with fault_server(WHOLE) as server:
        profile = {"name": "p", "base_url": server.base_url, "models": ["m"], "max_output": 100}
        async with open_app(database_url, tmp_path, llm_profiles=json.dumps([profile])) as app:
            ann = await app.person()
            arguments = {"organizationId": await app.organization(ann)}
            await ann.mutate("setBudget", "{ __typename }", limit="1000", unit="TOKENS", **arguments)
            created = await ann.mutate("createConversation", "{ conversation { id } }", **arguments)
            sent = {"text": "Sum it up", "conversationId": created["conversation"]["id"], "attachments": [None]}
            files = {"attachments.0": ("long.txt", b"word " * 5_000)}
            text = await ann.upload("sendMessage", "{ reply { id } }", files, **sent)

            async def is_over() -> Any:
                query = """query E($id: ID!) { message(id: $id) { status usage { totalTokens }
                    error { code retryAt } conversation { organization { budget { spent reserved resetsAt } } } } }"""
                message = (await ann.run(query, id=text["reply"]["id"]))["message"]
                return message if message["status"] != "IN_PROGRESS" else None

            message = await until(is_over)
            budget = message["conversation"]["organization"]["budget"]
            assert (message["status"], message["error"]["code"]) == ("FAILED", "BUDGET_EXCEEDED")
            at, resets = (datetime.fromisoformat(time) for time in (message["error"]["retryAt"], budget["resetsAt"]))
            assert abs(at - resets) < timedelta(seconds=10)
            assert (budget["spent"], budget["reserved"], message["usage"]) == ("0", "0", {"totalTokens": 0})
            assert server.exchanges == []
