"""Migrations: one tree creates the schema of the models on both databases, also when processes start together."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from db import migrations
from db.core import postgresql
from db.core.base import Base
from db.core.sqlite import DatabaseUnusable, SQLite, acquire_lock
from db.migrations import LaterRevision, head, is_mapped, migrate
from tests.support.databases.inspection import inspect_database
from tests.support.world import database_at

ROOT = Path(__file__).parents[2]
MIGRATE = "import sys; from db.migrations import migrate; migrate(sys.argv[1])"


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True, "include_name": is_mapped}
    )
    return list(compare_metadata(context, Base.metadata))


def revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def test_the_migrations_make_what_the_models_say(database_url: str) -> None:
    assert inspect_database(database_url, differences) == []
    assert inspect_database(database_url, revision) == head()
    tables = inspect_database(database_url, lambda connection: inspect(connection).get_table_names())
    assert set(filter(is_mapped, tables)) == {"alembic_version", *Base.metadata.tables}


def test_four_processes_migrate_a_new_database_at_once(empty_url: str) -> None:
    arguments = [sys.executable, "-c", MIGRATE, empty_url]
    processes = [subprocess.Popen(arguments, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert [(process.returncode, error) for process, error in zip(processes, errors, strict=True)] == [(0, "")] * 4
    assert inspect_database(empty_url, differences) == []


def test_a_migration_that_fails_leaves_the_database_as_it_was(empty_url: str) -> None:
    def block(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE sign_ins (id INTEGER)")
        connection.commit()

    if empty_url.startswith("sqlite"):
        Path(empty_url.removeprefix("sqlite:///")).parent.mkdir()
    inspect_database(empty_url, block)
    with pytest.raises(Exception, match="already exists"):
        migrate(empty_url)
    assert inspect_database(empty_url, lambda connection: inspect(connection).get_table_names()) == ["sign_ins"]


def test_a_database_of_a_later_version_is_refused_with_the_way_out(empty_url: str) -> None:
    def migrated_later(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('9999_later')")
        connection.commit()

    if empty_url.startswith("sqlite"):
        Path(empty_url.removeprefix("sqlite:///")).parent.mkdir()
    inspect_database(empty_url, migrated_later)
    with pytest.raises(LaterRevision, match=f"is at 9999_later, of a later version, and this version knows {head()}"):
        migrate(empty_url)
    assert inspect_database(empty_url, lambda connection: inspect(connection).get_table_names()) == ["alembic_version"]


async def test_a_file_that_cannot_be_used_is_explained_and_left_alone(tmp_path: Path) -> None:
    path, content = tmp_path / "a.db", b"no database at all " * 100
    path.write_bytes(content)
    with pytest.raises(DatabaseUnusable, match=r"a\.db is not a usable database \(file is not a database\)"):
        await SQLite(path, migrate).start()
    assert path.read_bytes() == content
    (tmp_path / "b.db.lock").mkdir()
    with pytest.raises(DatabaseUnusable, match=r"b\.db cannot be used \(Is a directory\): check its owner"):
        await SQLite(tmp_path / "b.db", migrate).start()
    with acquire_lock(path):  # it was given back
        pass


async def test_a_migrated_database_starts_without_alembic(database_url: str) -> None:
    script = (
        "import asyncio, sys\n"
        "from tests.support.world import database_at\n"
        "database = database_at(sys.argv[1])\n"
        "async def run() -> None:\n"
        "    await database.start()\n"
        "    await database.stop()\n"
        "before = 'alembic.command' in sys.modules\n"
        "asyncio.run(run())\n"
        "sys.exit('alembic.command' in sys.modules or before)\n"
    )
    done = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", script, database_url], cwd=ROOT, timeout=30)
    assert done.returncode == 0


async def test_databases_of_the_tests_start_without_looking_for_their_revision(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Looking takes an engine and, on PostgreSQL, two connections, in each of thousands of tests.
    monkeypatch.setattr(migrations, "_revision", lambda _: pytest.fail("the revision was looked for"))
    monkeypatch.setattr(postgresql, "connect", lambda _: pytest.fail("a connection was tried"))
    database = database_at(database_url)
    await database.start()
    assert await database.check()
    await database.stop()
