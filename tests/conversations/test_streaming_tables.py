"""Tables in a reply that is being written: rows appear before its end, in proposals with stable ids."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from assistant import offline
from assistant.offline import stream
from assistant.reading.look_triggers import GrowingText
from assistant.reply_log.log import MemoryLog
from assistant.reply_log.watchers import Watchers
from db.core.engine import Database
from db.core.prepared import Prepared
from db.core.session import Session
from db.models.conversations import Conversation, ExtractionMode
from db.models.jobs import Job
from db.models.messages import Message
from db.proposals.streaming import NO_TABLE
from integrations.blobs import DirectoryBlobs
from jobs.replies.parse_scheduler import CPU_SHARE, ParseScheduler
from jobs.replies.replies import Replies
from jobs.replies.reply_proposals import ReplyProposals
from jobs.replies.reply_tables import ReplyTables
from jobs.replies.streaming_tables import StreamingTables
from jobs.runner.job_run import JobContext
from tests.support.app import App, open_app
from tests.support.client import Client
from tests.support.processes.running_app import listening
from tests.support.processes.several_processes import Installation
from tests.support.processes.waiting import until
from tests.support.scripted_llm import ScriptedLLM, finished_reply, send, start_reply
from tests.support.world import SYSTEM

pytestmark = pytest.mark.usefixtures("quick_streaming")
SHOWN = "id tableName status isComplete problem table { id } columns { name type } changes { id kind new status }"
FOLLOW = f"""subscription F($id: ID!) {{ replyStream(messageId: $id) {{ __typename
  ... on ReplyProposal {{ proposal {{ {SHOWN} }} }} ... on ReplyEnded {{ message {{ status }} }} }} }}"""
PROPOSALS = f"query P($id: ID!) {{ message(id: $id) {{ status proposals {{ {SHOWN} }} }} }}"
HEADER = "Here you are:\n\n| Item | Price |\n|---|---|\n"
COLUMNS = [{"name": "Item", "type": "TEXT", "isUnique": True}, {"name": "Price", "type": "DECIMAL"}]

Proposal = dict[str, Any]


class Follower:
    """Subscriber to a reply that collects its proposals."""

    def __init__(self, events: Any) -> None:
        self.proposals: list[Proposal] = []
        self.ended: str | None = None
        self.task = asyncio.create_task(self._follow(events))

    async def _follow(self, events: Any) -> None:
        async with aclosing(events):
            async for event in events:
                one = event["replyStream"]
                self.proposals += [one["proposal"]] if one["__typename"] == "ReplyProposal" else []
                self.ended = one.get("message", {}).get("status")

    async def sees(self, *rows: int) -> list[Proposal]:
        """Wait until the proposals have these numbers of rows and return them in order."""

        async def found() -> list[Proposal] | None:
            newest = list({proposal["id"]: proposal for proposal in self.proposals}.values())
            return newest if tuple(map(count, newest)) == rows else None

        newest: list[Proposal] = await until(found)
        return newest


def count(proposal: Proposal) -> int:
    return sum(change["kind"] == "ROW_ADDED" for change in proposal["changes"])


def types(proposal: Proposal) -> list[str]:
    return [column["type"] for column in proposal["columns"]]


@asynccontextmanager
async def following(app: App, client: Client, id: str) -> AsyncIterator[Follower]:
    follower = Follower(app.follow(client, FOLLOW, id=id))
    yield follower
    follower.task.cancel()
    await asyncio.wait([follower.task])


async def proposals_of(client: Client, id: str) -> list[Proposal]:
    results: list[Proposal] = (await client.run(PROPOSALS, id=id))["message"]["proposals"]
    return results


async def test_rows_show_while_the_reply_is_written_and_their_proposal_stays_the_same(
    llm_app: App, scripted_llm: ScriptedLLM
) -> None:
    ann = await llm_app.person()
    sent = await send(ann, "What do I need?")
    async with following(llm_app, ann, sent["reply"]["id"]) as follower:
        scripted_llm.say(HEADER, "| Ink | 3 |\n| Pen | 1", "2 |\n| Cu")
        (first,) = await follower.sees(1)
        assert (first["tableName"], first["status"], first["isComplete"]) == ("Here you are", "PENDING", False)
        assert (types(first), first["table"]) == (["TEXT", "INTEGER"], None)
        scripted_llm.say("p | 4.50 |\n| Mat | 5 |\n| Total | 24.50 |\n")
        (wider,) = await follower.sees(4)
        assert types(wider) == ["TEXT", "DECIMAL"]
        assert [change["id"] for change in wider["changes"]][:3] == [change["id"] for change in first["changes"]]
        scripted_llm.say("\nAnd the people:\n\n| Who | Age |\n|---|---|\n| Ann | 31 |\n| Bob | 42 |\n")
        _, people = await follower.sees(4, 1)
        assert follower.ended is None
        scripted_llm.finish()
        await follower.task
        final = await follower.sees(4, 2)
    assert [proposal["id"] for proposal in final] == [first["id"], people["id"]]
    assert [(p["status"], p["isComplete"], p["problem"]) for p in final] == [("APPLIED", True, None)] * 2
    assert [change["id"] for change in final[0]["changes"]] == [change["id"] for change in wider["changes"]]
    assert await proposals_of(ann, sent["reply"]["id"]) == final


@pytest.mark.parametrize("way", ["follow", "follow_sse"])
async def test_rows_come_over_a_socket_and_by_server_sent_events(
    sqlite_llm_app: App, scripted_llm: ScriptedLLM, way: str
) -> None:
    async with listening(sqlite_llm_app) as there:
        there.token = (await sqlite_llm_app.person()).token
        follower = Follower(getattr(there, way)(FOLLOW, id=await start_reply(there)))
        scripted_llm.say(HEADER, "| Ink | 3 |\n", "| Pen | 12 |\n")
        await follower.sees(1)
        assert follower.ended is None
        scripted_llm.finish()
        await follower.task
        assert await follower.sees(2) == follower.proposals[-1:]
        assert str(follower.ended) == "COMPLETED"


async def test_rows_come_to_followers_in_another_process(installation: Installation, scripted_llm: ScriptedLLM) -> None:
    async with installation.run() as worker, installation.run(run_jobs=False) as server:
        ann = await worker.person()
        id = await start_reply(ann)
        async with following(server, ann, id) as follower:
            scripted_llm.say(HEADER, "| Ink | 3 |\n", "| Pen | 12 |\n")
            await follower.sees(1)
            scripted_llm.finish()
            await follower.sees(2)


async def test_a_proposal_that_turns_out_to_be_no_table_is_dropped(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    id = await start_reply(ann)
    async with following(llm_app, ann, id) as follower:
        scripted_llm.say("Paper, 4, red\nInk, 5, blue\nPen, 6, black\n")
        await follower.sees(2)
        scripted_llm.say("And more, much more, than that.\n" * 4)
        (nothing,) = await follower.sees(0)
        assert (nothing["status"], nothing["isComplete"]) == ("PENDING", False)
        scripted_llm.say("\n", HEADER, "| Ink | 3 |\n| Pen | 12 |\n")
        scripted_llm.finish()
        await follower.task
        before, table = await follower.sees(0, 2)
    assert (before["id"], before["status"], before["isComplete"]) == (nothing["id"], "REJECTED", True)
    assert (before["problem"], table["status"]) == (NO_TABLE, "APPLIED")


@pytest.mark.parametrize("end", ["stop", "restart"])
async def test_the_whole_rows_of_a_reply_that_breaks_off_stay_to_be_decided(
    llm_app: App, scripted_llm: ScriptedLLM, end: str
) -> None:
    ann = await llm_app.person()
    id = await start_reply(ann)
    async with following(llm_app, ann, id) as follower:
        scripted_llm.say(HEADER, "| Ink | 3 |\n| Pen | 12 |\n| Cup | 4")
        (displayed,) = await follower.sees(1)
        if end == "stop":
            await ann.mutate("stopReply", "{ message { id } }", messageId=id)
        else:
            await llm_app.product.worker.stop()
        await follower.task
    assert follower.ended == ("STOPPED" if end == "stop" else "INTERRUPTED")
    (stored,) = await proposals_of(ann, id)
    assert (stored["id"], stored["status"], stored["isComplete"], count(stored)) == (
        displayed["id"],
        "PENDING",
        True,
        2,
    )
    assert stored["changes"][:3] == displayed["changes"]
    applied = await ann.mutate("applyProposal", "{ table { rowCount } }", id=stored["id"])
    assert applied["table"]["rowCount"] == 2


async def test_another_process_completes_the_proposals_from_the_stored_text(
    llm_app: App, scripted_llm: ScriptedLLM
) -> None:
    ann = await llm_app.person()
    id = await start_reply(ann)
    async with following(llm_app, ann, id) as follower:
        scripted_llm.say(HEADER, "| Ink | 3 |\n| Pen | 12 |\n")
        (displayed,) = await follower.sees(1)
        viewer, database = await llm_app.viewer(ann), llm_app.backend.database
        await database.write(take_over, viewer, f"{HEADER}| Ink | 3 |\n| Pen | 12 |\n| Cup | 4 |\n| M")
        (job,) = await database.read(reply_jobs, SYSTEM)
        next_one = Replies(database, MemoryLog(), None, Watchers(), DirectoryBlobs(Path("nowhere")))
        await next_one(JobContext(job, viewer, lambda: None))
        (stored,) = await proposals_of(ann, id)
        scripted_llm.finish()
        await follower.task
    assert (stored["id"], stored["status"], stored["isComplete"], count(stored)) == (
        displayed["id"],
        "PENDING",
        True,
        3,
    )
    assert (follower.ended, await proposals_of(ann, id)) == ("INTERRUPTED", [stored])


reply_jobs: Prepared[Job] = Prepared(select(Job).where(Job.kind == "reply"))


def take_over(session: Session, saved: str) -> None:
    """Begin another attempt with the text of the last checkpoint."""
    (job,) = session.scalars(select(Job).where(Job.kind == "reply"))
    job.attempt += 1
    session.get(Message, UUID(job.arguments["reply_id"])).text = saved


async def test_a_proposal_rejected_while_it_grows_stays_rejected(
    sqlite_llm_app: App, scripted_llm: ScriptedLLM
) -> None:
    ann = await sqlite_llm_app.person()
    id = await start_reply(ann)
    async with following(sqlite_llm_app, ann, id) as follower:
        scripted_llm.say(HEADER, "| Ink | 3 |\n| Pen | 12 |\n")
        (displayed,) = await follower.sees(1)
        await ann.mutate("rejectProposal", "{ proposal { id } }", id=displayed["id"])
        scripted_llm.say("| Cup | 4 |\n| Mat | 5 |\n")
        scripted_llm.finish()
        await follower.task
    (stored,) = await proposals_of(ann, id)
    assert (stored["id"], stored["status"], stored["isComplete"], count(stored)) == (
        displayed["id"],
        "REJECTED",
        True,
        1,
    )
    assert (await ann.run("{ tables { totalCount } }"))["tables"]["totalCount"] == 0


async def test_rows_for_a_named_table_that_a_person_edits_meanwhile_do_not_overwrite_them(
    llm_app: App, scripted_llm: ScriptedLLM
) -> None:
    ann = await llm_app.person()
    table = (await ann.mutate("createTable", "{ table { id } }", name="Stock", columns=COLUMNS))["table"]["id"]
    rows = [{"c1": "Ink", "c2": "3"}, {"c1": "Pen", "c2": "12"}]
    added = await ann.mutate("addRows", "{ rows { id version } }", tableId=table, rows=rows)
    reply = await start_reply(ann, "More", tableId=table)
    async with following(llm_app, ann, reply) as follower:
        scripted_llm.say(HEADER, "| Ink | 3 |\n| Pen | 12 |\n| Cup | 4 |\n| Mat | 5 |\n")

        async def is_shown() -> bool:
            return bool(follower.proposals) and len(follower.proposals[-1]["changes"]) == 3

        await until(is_shown)  # the table has Ink and Pen already
        assert follower.proposals[-1]["table"] == {"id": table}
        edit = {"rowId": added["rows"][1]["id"], "column": "c2", "value": "13"}
        await ann.mutate("updateCells", "{ rows { id } }", tableId=table, cells=[edit])
        scripted_llm.finish()
        scripted_llm.say("No JSON, so that what the reply says is read without the model")
        scripted_llm.finish()
        await follower.task
    (proposal,) = await proposals_of(ann, reply)
    waiting = [change for change in proposal["changes"] if change["status"] == "PENDING"]
    assert (proposal["status"], [(change["kind"], change["new"]) for change in waiting]) == (
        "PENDING",
        [("CELL_CHANGED", 12)],
    )
    query = "query T($id: ID!) { table(id: $id) { rows { nodes { values } } } }"
    values = [row["values"] for row in (await ann.run(query, id=table))["table"]["rows"]["nodes"]]
    assert values == [
        {"c1": "Ink", "c2": "3"},
        {"c1": "Pen", "c2": "13"},
        {"c1": "Cup", "c2": "4"},
        {"c1": "Mat", "c2": "5"},
    ]


async def test_nothing_is_shown_where_nothing_is_to_be_extracted(
    sqlite_llm_app: App, scripted_llm: ScriptedLLM
) -> None:
    ann = await sqlite_llm_app.person()
    created = await ann.mutate("createConversation", "{ conversation { id } }", extraction="OFF")
    scripted_llm.say(HEADER, "| Ink | 3 |\n", "| Pen | 12 |\n")
    reply = await start_reply(ann, conversationId=created["conversation"]["id"])
    async with following(sqlite_llm_app, ann, reply) as follower:
        await asyncio.sleep(0.2)
        scripted_llm.finish()
        await follower.task
    assert (follower.proposals, follower.ended) == ([], "COMPLETED")


async def test_the_offline_assistant_shows_its_tables_before_it_has_spoken(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offline, "stream", stream)
    async with open_app(sqlite_url, tmp_path) as app:
        ann = await app.person()
        id = await start_reply(ann, f"{HEADER}| Ink | 3 |\n| Pen | 12 |\n")
        async with following(app, ann, id) as follower:
            (displayed,) = await follower.sees(2)
            assert (displayed["isComplete"], displayed["status"], follower.ended) == (False, "PENDING", None)
            await follower.task
        assert [(p["id"], p["status"]) for p in await proposals_of(ann, id)] == [(displayed["id"], "APPLIED")]
        assert (await finished_reply(app, ann, id))["status"] == "COMPLETED"


async def test_looks_take_turns_and_a_share_of_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.replies.parse_scheduler.CPU_SHARE", CPU_SHARE)
    monkeypatch.setattr("jobs.replies.parse_scheduler._timed", lambda text: ([], len(text) / 1000))
    looks, loop = ParseScheduler(), asyncio.get_running_loop()
    started = loop.time()
    await asyncio.gather(*(looks.run(lambda: "xxxxx") for _ in range(3)))
    assert loop.time() - started >= 2 * 0.005 * (1 / 0.1 - 1)


@pytest.mark.parametrize(
    ("seen", "text", "expected"),
    [
        ("", "One line, with commas", False),
        ("", "A paragraph, and more.\n\nAnother one: it goes on.\n\n", False),
        ("", "| a | b |\n|--", True),
        ("| a | b |\n", "| a | b |\n|---|--", False),
        ("| a | b |\n|---|---|\n", "| a | b |\n|---|---|\n\nA word.\n", True),
        ("| a | b |\n|---|---|\n\nA word.\n\n", "| a | b |\n|---|---|\n\nA word.\n\nAnd another.\n", False),
        ("- a\n\n", "- a\n\n- b\n", True),
        ("", '[{"a": 1}', True),
    ],
)
def test_prose_is_not_looked_at(seen: str, text: str, expected: bool) -> None:
    text_so_far = GrowingText()
    text_so_far.may_have_rows(seen)
    assert text_so_far.may_have_rows(text) is expected


async def test_a_reply_that_ends_before_the_paste_is_read_leaves_it_to_be_read() -> None:
    conversation = Conversation(id=uuid4(), extraction=ExtractionMode.AUTO)
    message, reply = Message(id=uuid4(), text="Site\tFlow\nNorth\t3.5\nSouth\t4.5\n"), Message(id=uuid4())
    tables = ReplyTables(conversation, reply, message, ())
    proposals = ReplyProposals(cast(Database, None), cast(JobContext, None), reply.id, None)
    async with StreamingTables(ParseScheduler(), proposals, str, tables).running():
        await asyncio.sleep(0)  # the paste is being read in a thread
    result = await tables.finished("ok", is_cut=False)
    assert [len(found_table.table.rows) for found_table in result.tables] == [2]
