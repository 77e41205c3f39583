"""Behaviour of one database only: SQLite's single process, PostgreSQL's conflicts between transactions."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import func, select

from auth.viewer import Viewer
from db.core import postgresql
from db.core.engine import Database
from db.core.events import ReplyStopped
from db.core.postgresql import PostgreSQL
from db.core.session import Session
from db.core.sqlite import DatabaseInUse, SQLite
from db.migrations import migrate
from db.models.conversations import Conversation
from db.models.messages import Message
from tests.support.conversations.search_samples import create_conversation, texts, titles, user_message
from tests.support.processes.postgres import Postgres
from tests.support.world import World

ROOT = Path(__file__).parents[2]
SERVE = """
import asyncio, sys
from pathlib import Path
from db.core.sqlite import SQLite
from db.migrations import migrate
asyncio.run(SQLite(Path(sys.argv[1]), migrate).start())
"""


async def test_a_second_process_is_told_who_has_the_file_and_what_to_do(sqlite_url: str) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    database = SQLite(path, migrate)
    await database.start()
    arguments = [sys.executable, "-c", SERVE, str(path)]
    second = await asyncio.to_thread(subprocess.run, arguments, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert second.returncode == 1
    assert second.stderr.rstrip().splitlines()[-1] == (
        f"db.core.sqlite.DatabaseInUse: {path} is served by another process (pid {os.getpid()}). Stop that one, name "
        "another file in DATABASE_URL, or use postgresql://… to run several processes on one database."
    )
    with pytest.raises(DatabaseInUse):
        await SQLite(path, migrate).start()
    await database.stop()
    third = await asyncio.to_thread(subprocess.run, arguments, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert (third.returncode, third.stderr) == (0, "")


async def test_a_file_may_have_any_name(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "a b#c?d%20e" / "ř.db"
    path.parent.mkdir()
    shutil.copy(sqlite_template, path)
    database = SQLite(path, migrate)
    await database.start()
    assert await database.check()
    ann = await World(database).person("ann")
    await database.write(create_conversation, ann, "Plans")
    assert await titles(database, ann) == ["Plans"]
    await database.stop()
    assert sorted(file.name for file in path.parent.iterdir()) == ["ř.db", "ř.db.lock", "ř.db.migrating"]


async def test_a_file_that_is_gone_does_not_answer(sqlite_url: str) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    database = SQLite(path, migrate)
    await database.start()
    assert await database.check()
    path.rename(path.with_suffix(".moved"))
    assert not await database.check()
    await database.stop()


async def test_a_server_that_is_gone_does_not_answer(own_postgres_url: str, postgres: Postgres) -> None:
    database = PostgreSQL(own_postgres_url, migrate)
    await database.start()
    assert await database.check()
    await postgres.drop_database(own_postgres_url.rpartition("/")[2])
    assert not await database.check()
    await database.stop()


async def test_an_address_may_have_options(own_postgres_url: str) -> None:
    database = PostgreSQL(f"{own_postgres_url}?sslmode=prefer&application_name=sheetgpt", migrate)
    await database.start()
    ann = await World(database).person("ann")
    await database.write(create_conversation, ann, "Plans")
    assert await titles(database, ann) == ["Plans"]
    await database.stop()


async def configured(url: str, setting: str) -> Database:
    """Return a started database with a setting in its new connections."""
    connection = await asyncpg.connect(url, timeout=10)
    await connection.execute(f"ALTER DATABASE {url.rpartition('/')[2]} SET {setting}")
    await connection.close()
    database = PostgreSQL(url, migrate)
    await database.start()
    return database


def wait_for(session: Session, done: Callable[[], bool]) -> None:
    """Keep the locks of this transaction until the others have come as far."""
    while not done():
        session.execute(select(func.pg_sleep(0.005)))


async def test_a_deadlock_is_resolved_by_running_again(own_postgres_url: str) -> None:
    database = await configured(own_postgres_url, "deadlock_timeout = '20ms'")
    world = World(database)
    ann = await world.person("ann")
    first, second = [(await database.write(create_conversation, ann, title))[0].id for title in ("first", "second")]
    runs: list[str] = []

    def unit(session: Session, name: str, one: UUID, other: UUID) -> None:
        session.get_for_update(Conversation, one).message_count += 1
        session.emit(ReplyStopped(one))
        session.flush()
        runs.append(name)
        wait_for(session, lambda: len(runs) >= 2)
        session.get_for_update(Conversation, other).message_count += 1
        session.add(user_message(other, name))

    async with asyncio.timeout(20):
        await asyncio.gather(
            database.write(unit, ann, "forwards", first, second), database.write(unit, ann, "backwards", second, first)
        )
    assert len(runs) > 2
    assert [row.message_count for row in (await database.by_ids(Conversation, ann, [first, second])).values()] == [2, 2]
    assert await texts(database, ann, first) == ["secret", "backwards"]
    assert await texts(database, ann, second) == ["secret", "forwards"]
    assert sorted(world.published, key=str) == sorted([ReplyStopped(first), ReplyStopped(second)], key=str)
    await database.stop()


async def test_a_serialization_failure_is_resolved_by_running_again(own_postgres_url: str) -> None:
    database = await configured(own_postgres_url, "default_transaction_isolation = 'serializable'")
    ann = await World(database).person("ann")
    id_ = (await database.write(create_conversation, ann, "Plans"))[0].id
    runs: list[int] = []

    def unit(session: Session, number: int) -> None:
        counted = session.scalars(select(func.count(Message.id))).one()
        runs.append(number)
        wait_for(session, lambda: len(runs) >= 3)
        session.add(user_message(id_, str(counted)))

    async with asyncio.timeout(20):
        await asyncio.gather(*(database.write(unit, ann, number) for number in range(3)))
    assert len(runs) > 3
    assert await texts(database, ann, id_) == ["secret", "1", "2", "3"]
    await database.stop()


async def test_a_conflict_without_end_is_an_error(own_postgres_url: str) -> None:
    database = PostgreSQL(own_postgres_url, migrate)
    await database.start()
    ann = await World(database).person("ann")
    runs: list[Viewer] = []

    def unit(session: Session) -> None:
        runs.append(ann)
        conversation, message = create_conversation(session, "Plans")
        session.flush()
        session.expunge(message)
        twin = user_message(conversation.id)
        twin.id = message.id
        session.add(twin)

    with pytest.raises(Exception, match="duplicate key"):
        await database.write(unit, ann)
    assert len(runs) == 5
    assert await titles(database, ann) == []
    await database.stop()


@pytest.mark.parametrize(("error", "reason"), [(TimeoutError(), "TimeoutError"), (OSError("no route"), "no route")])
async def test_an_unreachable_database_is_named_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("asyncpg.connect", refuse)
    with pytest.raises(postgresql.DatabaseUnreachable) as caught:
        await postgresql.connect("postgresql://me:secret@localhost/x")
    assert f"postgresql://me:***@localhost/x cannot be used ({reason}): " in str(caught.value)
