"""Outages: a retryable answer, one line in the log, and everything works soon after the end."""

import asyncio
import errno
import logging
import sqlite3
import time
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from graphql import GraphQLError

from db.core.outages import is_lost_connection, is_outage
from telemetry.outage import Outage
from tests.support.app import open_app
from tests.support.client import Client
from tests.support.processes.postgres import Postgres
from tests.support.processes.severable_proxy import severable_proxy
from transport.core import logs
from transport.core.errors import format_error

NEW = 'mutation { createConversation(input: {title: "t"}) { conversation { id } } }'


async def post(client: Client, query: str, **headers: str) -> httpx.Response:
    sent = client.headers | {"accept": "application/graphql-response+json"} | headers
    return await client.http.post("http://site/graphql", json={"query": query}, headers=sent)


async def test_a_database_that_is_away_is_answered_as_unavailable_and_back_within_two_seconds(
    postgres: Postgres, postgres_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with severable_proxy(postgres.port) as proxy:
        url = postgres_url.replace(f":{postgres.port}/", f":{proxy.port}/")
        async with open_app(url, tmp_path) as app:
            ann = await app.person("ann")
            await proxy.cut()
            for query in ("{ me { id } }", NEW, "{ conversations { nodes { id } } }") * 3:
                answer = await post(ann, query)
                (error,) = answer.json()["errors"]
                assert (answer.status_code, error["extensions"]["code"]) == (503, "UNAVAILABLE")
                assert (answer.headers["retry-after"], error["extensions"]["retryable"]) == ("1", True)
            assert (await post(ann, "{ me { id } }", accept="application/json")).status_code == 503
            assert (await ann.http.get("http://site/health/ready")).status_code == 503
            assert (await ann.http.get("http://site/health/live")).status_code == 200
            await asyncio.sleep(2.5)  # a sweep of the worker
            await proxy.restore()
            back = time.monotonic()
            while (await post(ann, NEW)).status_code != 200:
                assert time.monotonic() - back < 2
                await asyncio.sleep(0.05)
            await asyncio.sleep(1.1)
            for query in (NEW, "{ me { id } }"):
                assert (await post(ann, query)).status_code == 200
    lines = [
        record
        for record in caplog.records
        if record.name[:8] == "sheetgpt" and record.levelno >= logging.WARNING and logs._is_news(record)
    ]
    assert [record.message.partition(" (")[0] for record in lines] == ["The database is away", "The database is back"]


async def test_a_full_disk_is_an_outage_and_not_a_bug(
    sqlite_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_app(sqlite_url, tmp_path) as app:
        ann = await app.person("ann")
        database: Any = app.backend.database
        pages = database.reader.execute("PRAGMA page_count").fetchone()[0]

        def limit(pages: int) -> Any:
            return database.engine.raw_connection().execute(f"PRAGMA max_page_count={pages}").fetchone()

        await database.writer.run(partial(limit, pages))
        answers = [await post(ann, NEW) for _ in range(60)]
        full = [answer for answer in answers if "errors" in answer.json()]
        assert {answer.json()["errors"][0]["extensions"]["code"] for answer in full} == {"UNAVAILABLE"}
        assert (await post(ann, "{ me { id } }")).json()["data"]["me"]["id"]
        await database.writer.run(partial(limit, 1_000_000))
        await asyncio.sleep(1.1)
        assert (await post(ann, NEW)).json()["data"]["createConversation"]
    lines = [record.message for record in caplog.records if record.name == "sheetgpt.outage"]
    assert [line.partition(" (")[0] for line in lines] == ["The database is away", "The database is back"]


def test_a_file_that_finds_no_room_is_unavailable() -> None:
    for number in (errno.ENOSPC, errno.EDQUOT):
        error = GraphQLError("x", original_error=OSError(number, "No space left on device"))
        assert format_error(error, None)["extensions"]["code"] == "UNAVAILABLE"
    other = GraphQLError("x", original_error=OSError(errno.EPERM, "Operation not permitted"))
    assert format_error(other, None)["extensions"]["code"] == "INTERNAL_SERVER_ERROR"


@pytest.mark.parametrize(
    ("error", "outage", "lost"),
    [
        (ConnectionRefusedError(), True, False),
        (ConnectionResetError(), True, True),
        (TimeoutError(), True, False),
        (asyncpg.ConnectionDoesNotExistError("gone"), True, True),
        (asyncpg.InterfaceError("connection is closed"), True, True),
        (asyncpg.InterfaceError("the server expects 2 arguments for this query, 1 was passed"), False, False),
        (asyncpg.AdminShutdownError("stopped"), True, True),
        (asyncpg.CannotConnectNowError("starting up"), True, False),
        (asyncpg.TooManyConnectionsError("full"), True, False),
        (asyncpg.DiskFullError("full"), True, False),
        (asyncpg.ReadOnlySQLTransactionError("standby"), True, False),
        (asyncpg.UndefinedTableError("no table"), False, False),
        (asyncpg.UniqueViolationError("twice"), False, False),
        (sqlite3.OperationalError("no such table"), False, False),
        (sqlite3.IntegrityError("NOT NULL"), False, False),
        (ValueError("a bug"), False, False),
    ],
)
def test_outages_are_told_from_bugs(error: Exception, outage: bool, lost: bool) -> None:
    wrapped = RuntimeError("in a driver")
    wrapped.__cause__ = error
    assert [is_outage(each) for each in (error, wrapped)] == [outage] * 2
    assert [is_lost_connection(each) for each in (error, wrapped)] == [lost] * 2


def test_an_outage_is_logged_at_its_begin_and_at_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    moment = 100.0
    outage = Outage("database", "requests wait", lambda: moment)
    for _ in range(2):
        outage.answered()
        outage.failed(TimeoutError())
        moment += 2
        outage.failed(ConnectionError("again"))
        outage.answered()  # too early: the next one may fail again
        moment += 1.2
        outage.answered()
        moment += 1
    assert caplog.messages == ["The database is away (TimeoutError): requests wait", "The database is back"] * 2
    assert caplog.records[1].__dict__["fields"] == {"seconds": 3.2}


def test_an_outage_of_writes_does_not_end_with_a_read(caplog: pytest.LogCaptureFixture) -> None:
    moment = 100.0
    outage = Outage("database", "requests wait", lambda: moment)
    outage.failed(OSError("full"), "write")
    outage.failed(OSError("gone"), "read")
    moment += 2
    outage.answered("read")
    assert caplog.messages == ["The database is away (full): requests wait"]
    outage.answered("write")
    assert caplog.messages[1:] == ["The database is back"]
