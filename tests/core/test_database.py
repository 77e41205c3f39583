"""Units are all or nothing, events follow commits, many write at once, and readers only read."""

import asyncio
import gc
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from db.core.base import Base, now
from db.core.engine import MAX_WAITING_WRITES, Database
from db.core.events import Event, JobQueued, ReplyStopped
from db.core.postgresql import PostgreSQL
from db.core.prepared import Prepared
from db.core.session import Session
from db.jobs import jobs
from db.jobs.jobs import LeaseLost
from db.models.audit import AuditEntry
from db.models.conversations import Conversation
from db.models.items import Item
from db.models.jobs import Job
from db.models.messages import Message
from db.models.users import User
from db.sites import items
from errors import Conflict, Forbidden, RateLimited
from tests.support.app import App
from tests.support.conversations.search_samples import create_conversation, texts, titles, user_message
from tests.support.units import personal_organization
from tests.support.world import SYSTEM, World, database_at


class Stumbled(Exception):
    """Raised by a unit after it has changed something."""


def count(model: type[Base]) -> Prepared[Any]:
    return Prepared(select(func.count(model.id).label("total")))


async def total(database: Database, model: type[Base]) -> int:
    (row,) = await database.read(count(model), SYSTEM)
    return int(row.total)


def rename(session: Session, id_: UUID, title: str) -> None:
    session.get_for_update(Conversation, id_).title = title


async def test_a_change_is_kept_with_who_made_it(database: Database, world: World) -> None:
    ann = await world.person("ann")
    conversation, _ = await database.write(create_conversation, ann, "Plans")
    await database.write(rename, ann, conversation.id, "Better plans")
    query = select(AuditEntry).where(AuditEntry.subject_id == conversation.id).order_by(AuditEntry.id)
    created, entry = await database.read(Prepared[AuditEntry](query), SYSTEM)
    assert created.before is None
    assert created.after is not None
    assert (created.after["title"], created.after["messages"]) == ("Plans", {"added": 1})
    assert (entry.before, entry.after) == ({"title": "Plans"}, {"title": "Better plans"})
    assert (entry.subject_type, entry.created_by_id, entry.action) == ("Conversation", ann.user_id, "system")
    assert entry.organization_id == conversation.organization_id
    row = await database.find(Conversation, ann, conversation.id)
    assert row is not None
    assert row.created_by_id == row.updated_by_id == ann.user_id
    assert row.created_at < row.updated_at <= now()


async def test_what_changes_all_the_time_is_not_in_the_audit_log(database: Database, world: World) -> None:
    ann = await world.person("ann")
    conversation, _ = await database.write(create_conversation, ann, "Plans")

    def unit(session: Session) -> None:
        session.get(Conversation, conversation.id).preview = "secret"

    before = await total(database, AuditEntry)
    await database.write(unit, ann)
    assert await total(database, AuditEntry) == before


async def test_a_unit_that_fails_leaves_nothing(database: Database, world: World) -> None:
    ann = await world.person("ann")
    conversation, _ = await database.write(create_conversation, ann, "Plans")
    before = await total(database, AuditEntry)

    def unit(session: Session) -> None:
        rename(session, conversation.id, "Lost")
        session.add(user_message(conversation.id, "lost"))
        jobs.enqueue(session, "export", conversation.organization_id)
        session.flush()
        raise Stumbled

    with pytest.raises(Stumbled):
        await database.write(unit, ann)
    assert await titles(database, ann) == ["Plans"]
    assert await texts(database, ann, conversation.id) == ["secret"]
    assert [await total(database, model) for model in (Job, AuditEntry)] == [0, before]
    assert world.published == []


async def test_a_commit_that_fails_leaves_nothing(database: Database, world: World) -> None:
    """Foreign keys are checked at the end of the transaction, so the commit itself fails."""
    ann = await world.person("ann")

    def unit(session: Session) -> None:
        conversation, message = create_conversation(session, "Plans")
        message.parent_id = uuid4()
        jobs.enqueue(session, "export", conversation.organization_id)

    with pytest.raises(IntegrityError):
        await database.write(unit, ann)
    assert [await total(database, model) for model in (Conversation, Message, Job)] == [0, 0, 0]
    assert world.published == []


async def test_an_event_is_told_when_its_row_is_committed(database: Database, database_url: str, world: World) -> None:
    ann = await world.person("ann")
    seen: list[tuple[Event, int]] = []
    with ThreadPoolExecutor(1) as elsewhere:
        database.publish = lambda event: seen.append((event, elsewhere.submit(committed_jobs, database_url).result()))

        def unit(session: Session) -> UUID:
            job = jobs.enqueue(session, "export", personal_organization(session))
            session.emit(JobQueued(job.id))
            session.flush()
            assert elsewhere.submit(committed_jobs, database_url).result() == 0
            return job.id

        id_ = await database.write(unit, ann)
    assert seen == [(JobQueued(id_), 1)]


def committed_jobs(url: str) -> int:
    """Return the number of jobs that a connection of its own sees; blocks."""
    if url.startswith("sqlite"):
        reader = sqlite3.connect(url.removeprefix("sqlite:///"))
        result = reader.execute("SELECT count(*) FROM jobs").fetchone()[0]
        reader.close()
        return int(result)

    async def ask() -> int:
        connection = await asyncpg.connect(url, timeout=10)
        result = await connection.fetchval("SELECT count(*) FROM jobs")
        await connection.close()
        return int(result)

    return asyncio.run(ask())


def dawdle(session: Session, seconds: float) -> None:
    """Spend some seconds inside a transaction."""
    if session.get_bind().dialect.name == "sqlite":
        time.sleep(seconds)
    else:
        session.execute(select(func.pg_sleep(seconds)))


async def test_a_caller_who_goes_away_does_not_undo_the_unit(database: Database, world: World) -> None:
    ann = await world.person("ann")
    event = ReplyStopped(uuid4())
    begun: list[Session] = []

    def unit(session: Session) -> None:
        begun.append(session)
        dawdle(session, 0.05)
        create_conversation(session, "Plans")
        session.emit(event)

    async with asyncio.timeout(20):
        caller = asyncio.create_task(database.write(unit, ann))
        while not begun:
            await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        while not world.published:
            await asyncio.sleep(0.01)
    assert world.published == [event]
    assert await titles(database, ann) == ["Plans"]


async def test_what_a_unit_says_to_a_caller_who_has_gone_is_no_fault(
    database: Database, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    ann = await world.person("ann")
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    for error in (LeaseLost(), Conflict("It is there already."), Stumbled()):
        begun, left = threading.Event(), threading.Event()

        def unit(_: Session, error: Exception = error, begun: Any = begun, left: Any = left) -> None:
            begun.set()
            left.wait(10)
            raise error

        caller = asyncio.create_task(database.write(unit, ann))
        await asyncio.to_thread(begun.wait, 10)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        left.set()
        while database._writes:
            await asyncio.sleep(0.01)
    del caller
    gc.collect()
    await asyncio.sleep(0)
    assert reported == []
    faults = [record.exc_info[0] for record in caplog.records if record.exc_info]
    assert faults == [Stumbled]


async def test_stopping_waits_for_the_units_under_way(database_url: str) -> None:
    database = database_at(database_url)
    await database.start()
    ann = await World(database).person("ann")
    begun: list[Session] = []

    def unit(session: Session) -> None:
        begun.append(session)
        dawdle(session, 0.05)
        create_conversation(session, "Plans")

    async with asyncio.timeout(20):
        write = asyncio.create_task(database.write(unit, ann))
        while not begun:
            await asyncio.sleep(0)
        await database.stop()
        await write
        database = database_at(database_url)
        await database.start()
        assert await titles(database, ann) == ["Plans"]
        await database.stop()


async def test_fifty_writers_at_once_are_all_kept(database: Database, world: World) -> None:
    ann = await world.person("ann")
    conversation, _ = await database.write(create_conversation, ann, "Plans")

    def unit(session: Session, number: int) -> None:
        row = session.get_for_update(Conversation, conversation.id)
        session.add(user_message(row.id, f"{number:02}"))
        row.message_count += 1

    async with asyncio.timeout(30):
        await asyncio.gather(*(database.write(unit, ann, number) for number in range(50)))
    row = await database.find(Conversation, ann, conversation.id)
    assert row is not None
    assert row.message_count == 50
    assert sorted(await texts(database, ann, conversation.id)) == [*(f"{n:02}" for n in range(50)), "secret"]


async def test_more_waiting_writers_than_there_is_room_for_are_sent_away(database: Database, world: World) -> None:
    ann = await world.person("ann")
    writes = (database.write(lambda session: session.user_id, ann) for _ in range(MAX_WAITING_WRITES + 7))
    async with asyncio.timeout(60):
        results = await asyncio.gather(*writes, return_exceptions=True)
    refused = [result for result in results if result != ann.user_id]
    assert [type(result) for result in refused] == [RateLimited] * 7
    assert isinstance(refused[0], RateLimited)
    assert refused[0].details == {"retryAfterMs": 1_000}
    assert await database.write(lambda session: session.user_id, ann) == ann.user_id


async def test_a_unit_that_computes_for_long_holds_nobody_up(database: Database, world: World) -> None:
    ann = await world.person("ann")
    begun, over = threading.Event(), threading.Event()

    def unit(session: Session) -> bool:
        begun.set()
        return session.user_id == ann.user_id and over.wait(10)

    writing = asyncio.create_task(database.write(unit, ann))
    await asyncio.to_thread(begun.wait, 10)
    assert await database.find(User, ann, ann.user_id or uuid4()) is not None
    assert not writing.done()
    over.set()
    assert await writing


async def test_two_who_take_one_address_at_once_get_one_account(database: Database, world: World) -> None:
    results = await asyncio.gather(*(world.person("ann") for _ in range(5)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Conflict"] * 4 + ["Viewer"]
    assert isinstance(next(result for result in results if isinstance(result, Exception)), Conflict)
    assert await total(database, User) == 1


async def test_the_reader_cannot_write(database: Database) -> None:
    statement = "DELETE FROM users"
    if isinstance(database, PostgreSQL):
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await database.pool.execute(statement)
    else:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            database.reader.execute(statement)  # type: ignore[attr-defined]  # the other database is SQLite


async def test_only_a_person_is_at_work(database: Database) -> None:
    with pytest.raises(Forbidden, match="signed-in user"):
        await database.write(lambda session: session.user_id, SYSTEM)


async def test_deleting_a_row_for_good_is_a_mistake_of_the_code_and_not_of_the_client(
    app: App, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ann = await app.person()
    item = (await ann.mutate("createItem", "{ item { id } }", title="Plans"))["item"]["id"]

    def delete(session: Session, id_: UUID) -> None:
        session.delete(session.get(Item, id_))

    monkeypatch.setattr(items, "delete", delete)
    error = await ann.refused("deleteItem", id=item)
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "deleted_at" not in error["message"]
    (logged,) = [str(record.exc_info[1]) for record in caplog.records if record.exc_info]
    assert logged.startswith("session.delete() of a Item")
    assert "deleted_at" in logged
    assert (await ann.run("query I($id: ID!) { item(id: $id) { title } }", id=item))["item"] == {"title": "Plans"}


async def test_the_system_too_deletes_rows_softly(database: Database, world: World) -> None:
    ann = await world.person("ann")
    conversation, _ = await database.write(create_conversation, ann, "Plans")

    def delete(session: Session) -> None:
        session.delete(session.get(Conversation, conversation.id))

    with pytest.raises(RuntimeError, match="deleted_at"):
        await database.write(delete, SYSTEM)
    assert await titles(database, ann) == ["Plans"]
