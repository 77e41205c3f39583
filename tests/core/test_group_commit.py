"""Group commit of SQLite's writer: units that wait share a commit, and none of them notices."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from auth.viewer import Viewer
from db.core import sqlite_writer
from db.core.engine import Database
from db.core.events import TableChanged
from db.core.session import INSIDE, Session
from db.core.sqlite import SQLite
from db.core.sqlite_writer import MAX_ITEMS, is_short_unit, short
from db.migrations import migrate
from db.models.audit import AuditEntry
from db.models.conversations import Conversation
from db.models.messages import Message
from errors import BadUserInput, NotFound
from tests.support.conversations.search_samples import create_conversation
from tests.support.world import SYSTEM, World

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@short
def create(session: Session, title: str) -> UUID:
    conversation = create_conversation(session, title)[0]
    session.emit(TableChanged(conversation.id))
    return conversation.id


@short
def refuse(session: Session, title: str) -> UUID:
    create(session, title)
    session.flush()
    raise BadUserInput(title)


@short
def orphan(session: Session, title: str) -> UUID:
    """Add a message whose parent does not exist: only the commit refuses it."""
    conversation, message = create_conversation(session, title)
    message.parent_id = uuid4()
    session.emit(TableChanged(conversation.id))
    return conversation.id


@short
def lose_transaction(session: Session, title: str) -> UUID:
    """End the transaction, as SQLite does for a full disk."""
    create(session, title)
    session.flush()
    session.driver.fetch("ROLLBACK", ())
    raise BadUserInput(title)


def create_slowly(session: Session, title: str) -> UUID:
    return create(session, title)


class Held:
    """Writer that is busy until `release`, so that units wait for it; `commits` has its number of transactions."""

    def __init__(self, database: Database) -> None:
        assert isinstance(database, SQLite)
        self._database, self._may_go = database, threading.Event()
        self.statements: list[str] = []
        self._patch = pytest.MonkeyPatch()

    async def __aenter__(self) -> "Held":
        self._patch.setattr(sqlite_writer, "MAX_GROUP_SECONDS", 30)  # also on a slow machine
        writer = self._database.writer
        await writer.run(self._trace)
        self._holding = asyncio.create_task(writer.run(self._may_go.wait))
        await asyncio.sleep(0)
        return self

    def _trace(self) -> None:
        with self._database.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.set_trace_callback(self.statements.append)

    async def __aexit__(self, *_: object) -> None:
        self._may_go.set()
        await self._holding
        await self._database.writer.run(self._patch.undo)

    @property
    def commits(self) -> int:
        return self.statements.count("COMMIT")


async def results(database: Database, viewer: Viewer, *units: Callable[[Session, str], UUID]) -> tuple[list[Any], int]:
    """Run units that wait together; return their results or errors, and the number of commits."""
    async with Held(database) as stored:
        tasks = [
            asyncio.create_task(database.write(unit, viewer, f"{n} {unit.__name__}")) for n, unit in enumerate(units)
        ]
        await asyncio.sleep(0.05)
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    return outcomes, stored.commits


async def titles(database: Database) -> list[str]:
    query = select(Conversation.title).order_by(Conversation.id)
    return list(await database.write(lambda s: s.scalars(query, execution_options=INSIDE).all(), SYSTEM))


@on_sqlite
async def test_waiting_units_share_a_commit_and_keep_their_order(database: Database, world: World) -> None:
    ann = await world.person("ann")
    ids, commits = await results(database, ann, *[create] * 20)
    assert all(isinstance(id_, UUID) for id_ in ids)
    assert commits == 1
    assert await titles(database) == [f"{n} create" for n in range(20)]


@on_sqlite
async def test_a_unit_that_fails_takes_nobody_with_it(database: Database, world: World) -> None:
    ann = await world.person("ann")
    published: list[Any] = []
    database.publish = published.append
    outcomes, commits = await results(database, ann, create, refuse, create, refuse)
    assert [type(each) for each in outcomes] == [UUID, BadUserInput, UUID, BadUserInput]
    assert [str(error) for error in outcomes[1::2]] == ["1 refuse", "3 refuse"]
    assert commits == 1
    assert await titles(database) == ["0 create", "2 create"]
    query = select(AuditEntry.subject_id).where(AuditEntry.subject_type == "Conversation")
    logged = await database.write(lambda s: set(s.scalars(query, execution_options=INSIDE)), SYSTEM)
    assert logged == set(outcomes[0::2])
    published = [event for event in published if isinstance(event, TableChanged)]
    assert published == [TableChanged(outcomes[0]), TableChanged(outcomes[2])]


@on_sqlite
async def test_a_unit_that_the_commit_refuses_takes_nobody_with_it(database: Database, world: World) -> None:
    ann = await world.person("ann")
    published: list[Any] = []
    database.publish = published.append
    outcomes, _ = await results(database, ann, create, orphan, create, refuse)
    assert [type(each) for each in outcomes] == [UUID, IntegrityError, UUID, BadUserInput]
    assert await titles(database) == ["0 create", "2 create"]
    published = [event for event in published if isinstance(event, TableChanged)]
    assert published == [TableChanged(outcomes[0]), TableChanged(outcomes[2])]
    count = select(func.count(Message.id))
    assert await database.write(lambda s: s.scalar(count, execution_options=INSIDE), SYSTEM) == 2


@on_sqlite
async def test_a_transaction_that_is_lost_loses_one_unit(database: Database, world: World) -> None:
    ann = await world.person("ann")
    outcomes, _ = await results(database, ann, create, lose_transaction, create)
    assert [type(each) for each in outcomes[::2]] == [UUID, UUID]
    assert isinstance(outcomes[1], Exception)
    assert await titles(database) == ["0 create", "2 create"]


@on_sqlite
async def test_units_that_may_take_long_commit_alone(database: Database, world: World) -> None:
    ann = await world.person("ann")
    outcomes, commits = await results(database, ann, create, create, create_slowly, create, create)
    assert all(isinstance(id_, UUID) for id_ in outcomes)
    assert commits == 3
    assert await titles(database) == ["0 create", "1 create", "2 create_slowly", "3 create", "4 create"]


@on_sqlite
async def test_a_unit_is_answered_after_the_commit(database: Database, world: World) -> None:
    ann = await world.person("ann")

    async def write_and_read(title: str) -> bool:
        id_ = await database.write(create, ann, title)
        return await database.find(Conversation, ann, id_) is not None  # another connection sees what is committed

    async with Held(database):
        tasks = [asyncio.create_task(write_and_read(str(n))) for n in range(8)]
        await asyncio.sleep(0.05)
    assert await asyncio.gather(*tasks) == [True] * 8


@on_sqlite
async def test_units_of_a_group_see_each_other_and_have_viewers_of_their_own(database: Database, world: World) -> None:
    ann, eve = await world.person("ann"), await world.person("eve")
    conversation = (await database.write(create_conversation, ann, "secret"))[0].id

    @short
    def rename(session: Session, title: str) -> str:
        row = session.get_for_update(Conversation, conversation)
        before, row.title = row.title, title
        return before

    async with Held(database) as held_text:
        writers = [(ann, "first"), (eve, "stolen"), (ann, "second")]
        tasks = [asyncio.create_task(database.write(rename, viewer, title)) for viewer, title in writers]
        await asyncio.sleep(0.05)
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [outcomes[0], type(outcomes[1]), outcomes[2]] == ["secret", NotFound, "first"]
    assert held_text.commits == 1
    stored = await database.find(Conversation, ann, conversation)
    assert stored is not None
    assert (stored.title, stored.updated_by_id) == ("second", ann.user_id)


async def test_a_stopping_database_finishes_the_units_that_wait(sqlite_url: str) -> None:
    database = SQLite(Path(sqlite_url.removeprefix("sqlite:///")), migrate)
    await database.start()
    ann = await World(database).person("ann")
    tasks = [asyncio.create_task(database.write(create, ann, str(n))) for n in range(10)]
    await asyncio.sleep(0)
    await database.stop()
    assert len({task.result() for task in tasks}) == 10


def test_only_marked_units_with_short_arguments_are_short() -> None:
    assert is_short_unit(create, ["a" * 10_000, [1] * MAX_ITEMS])
    assert not is_short_unit(create, [[1] * (MAX_ITEMS + 1)])
    assert not is_short_unit(create_slowly, [])
