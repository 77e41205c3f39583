"""The servers that tests run against: shared, isolated by database, and gone afterwards."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from tests.support.databases.statements import fetch_value
from tests.support.processes.postgres import Postgres, postgres_server

ROOT = Path(__file__).parents[2]


async def test_asyncpg_and_sqlalchemy_take_the_same_url(postgres: Postgres, server_database: str) -> None:
    assert await fetch_value(postgres.url(server_database), "SELECT current_database()") == server_database
    engine = create_async_engine(make_url(postgres.url(server_database)).set(drivername="postgresql+asyncpg"))
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT current_database()")) == server_database
    await engine.dispose()


async def test_a_database_is_copied_from_a_template(postgres: Postgres, server_database: str) -> None:
    await fetch_value(postgres.url(server_database), "CREATE TABLE things AS SELECT 42 AS answer")
    copy = f"{server_database} copy"
    await postgres.create_database(copy, template=server_database)
    try:
        assert await fetch_value(postgres.url(copy), "SELECT answer FROM things") == 42
    finally:
        await postgres.drop_database(copy)


async def test_copies_of_one_template_are_made_at_the_same_time(postgres: Postgres, server_database: str) -> None:
    names = [f"{server_database} {number}" for number in range(8)]
    await asyncio.gather(*(postgres.create_database(name, template=server_database) for name in names))
    result = await fetch_value(
        postgres.url(), f"SELECT count(*) FROM pg_database WHERE datname LIKE '{server_database} %'"
    )
    await asyncio.gather(*(postgres.drop_database(name) for name in names))
    assert result == 8


async def test_an_emptied_database_has_its_tables_and_nobody_in_them(postgres: Postgres, server_database: str) -> None:
    url = postgres.url(server_database)
    await fetch_value(url, "CREATE TABLE people (id int PRIMARY KEY, friend int REFERENCES people)")
    await fetch_value(url, "CREATE TABLE notes AS SELECT id, repeat('x', 100) FROM generate_series(1, 2000) AS id")
    await fetch_value(url, "INSERT INTO people VALUES (1, 2), (2, 1)")
    left = await asyncpg.connect(url)
    await left.execute("BEGIN; INSERT INTO people VALUES (3, 1)")
    for _ in range(2):
        await postgres.empty_database(server_database)
        assert await fetch_value(url, "SELECT (SELECT count(*) FROM people) + (SELECT count(*) FROM notes)") == 0
    assert left.is_closed()


async def test_a_database_in_use_is_dropped_and_an_absent_one_is_no_error(
    postgres: Postgres, server_database: str
) -> None:
    connection = await asyncpg.connect(postgres.url(server_database))
    await postgres.drop_database(server_database)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
        await connection.fetchval("SELECT 1")
    connection.terminate()
    await postgres.drop_database(server_database)


async def test_text_sorts_by_code_point_on_every_machine(postgres: Postgres) -> None:
    ordered = "SELECT string_agg(x, '' ORDER BY x) FROM unnest(ARRAY['b', 'a', 'B', 'é']) AS x"
    assert await fetch_value(postgres.url(), ordered) == "Babé"


async def test_other_users_of_the_machine_are_refused(postgres: Postgres) -> None:
    stranger = Postgres(postgres.port, "guess")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await fetch_value(stranger.url(), "SELECT 1")


def refuses(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def until_gone(port: int, files: Path, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not refuses(port) or files.exists():
        assert time.monotonic() < deadline, f"port {port} or {files} is still there after {seconds} s"
        time.sleep(0.02)


def test_a_server_leaves_nothing_behind() -> None:
    with postgres_server() as server:
        files = Path(str(asyncio.run(fetch_value(server.url(), "SHOW data_directory")))).parent
        assert files.is_dir()
    assert refuses(server.port)
    assert not files.exists()


def test_a_server_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules["tests.support.processes.postgres"].OPTIONS, "max_connections", "none")
    because = 'invalid value for parameter "max_connections": "none"'
    with pytest.raises(RuntimeError, match=because), postgres_server():
        pass


def test_workers_share_a_server_that_ends_with_the_last_of_them_although_one_crashed(
    inner_pytest: list[str], tmp_path: Path
) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV_"))}
    done = subprocess.run(inner_pytest, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    described = {path.read_text() for path in tmp_path.glob("gw*")}
    assert len(described) == 1
    port, data = described.pop().split(" ", 1)
    until_gone(int(port), Path(data).parent)


def test_a_killed_process_leaves_no_server_behind(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HELD, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    port, data = holder.stdout.readline().split(" ", 1)
    assert not refuses(int(port))
    holder.send_signal(signal.SIGKILL)
    holder.wait(10)
    holder.stdout.close()
    until_gone(int(port), Path(data.strip()).parent)


HELD = """
import asyncio, pathlib, sys, time
from tests.support.processes.postgres import shared_postgres
from tests.support.databases.statements import fetch_value

with shared_postgres(pathlib.Path(sys.argv[1])) as server:
    print(server.port, asyncio.run(fetch_value(server.url(), "SHOW data_directory")), flush=True)
    time.sleep(60)
"""
