"""Reads without a bound end at once when their reader is cancelled or leaves, and few run at the same time."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import httpx
import pytest

from db.core.engine import MAX_STREAMS_OF_ONE, Database
from execution.executor import Executor
from execution.operations import Operation, Request
from resolvers.core.authentication import authenticate
from resolvers.core.context import Context, Origin
from schema import schema
from tests.support.app import App
from tests.support.databases.endless_reads import SECONDS, EndlessQuery, drain, wait_until
from tests.support.processes.running_app import listening
from tests.support.world import World
from transport.core.errors import format_error

pytestmark = pytest.mark.usefixtures("counted_reads")
TABLES = "{ tables { nodes { id } } }"


@pytest.mark.parametrize("way", ["stream", "read_unbounded"])
async def test_a_cancelled_read_ends_its_statement(database: Database, world: World, way: str) -> None:
    ann = await world.person("ann")
    query: Any = EndlessQuery()
    reading: Any = drain(database, ann) if way == "stream" else database.read_unbounded(query, ann)
    task = asyncio.create_task(reading)
    await wait_until(database, 1)
    task.cancel()
    assert await wait_until(database, 0) < SECONDS
    with suppress(asyncio.CancelledError):
        await task
    assert await database.check()


async def test_a_person_runs_few_unbounded_reads_and_others_need_not_wait(database: Database, world: World) -> None:
    ann, bob = await world.person("ann"), await world.person("bob")
    tasks = [asyncio.create_task(drain(database, ann)) for _ in range(MAX_STREAMS_OF_ONE + 4)]
    await wait_until(database, MAX_STREAMS_OF_ONE)
    tasks.append(asyncio.create_task(drain(database, bob)))
    await wait_until(database, MAX_STREAMS_OF_ONE + 1)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert await wait_until(database, 0) < SECONDS


async def test_a_read_that_is_cancelled_twice_still_ends_its_statement(database: Database, world: World) -> None:
    task = asyncio.create_task(drain(database, await world.person("ann")))
    await wait_until(database, 1)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    assert await wait_until(database, 0) < SECONDS


@pytest.mark.usefixtures("endless_pages")
@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
async def test_a_client_that_disconnects_ends_its_statement(app: App, accept: str) -> None:
    database = app.backend.database
    async with listening(app) as ann:
        await ann.sign_up("ann@example.com")
        headers = {**ann.headers, "Accept": accept}
        async with httpx.AsyncClient() as leaving:
            request = leaving.post(f"{ann.url}/graphql", json={"query": TABLES}, headers=headers, timeout=30)
            task = asyncio.create_task(request)
            await wait_until(database, 1)
            task.cancel()
            await asyncio.wait([task])
        assert await wait_until(database, 0) < SECONDS


@pytest.mark.usefixtures("endless_pages")
@pytest.mark.parametrize("way", ["complete", "close"])
async def test_an_operation_that_ends_on_a_socket_ends_its_statement(app: App, way: str) -> None:
    database = app.backend.database
    async with listening(app) as ann:
        await ann.sign_up("ann@example.com")
        async with ann.socket() as socket:
            subscribe = {"id": "1", "type": "subscribe", "payload": {"query": TABLES}}
            await socket.connection.send(json.dumps(subscribe))
            await wait_until(database, 1)
            if way == "complete":
                await socket.connection.send(json.dumps({"id": "1", "type": "complete"}))
            else:
                await socket.connection.close()
            assert await wait_until(database, 0) < SECONDS


@pytest.mark.usefixtures("endless_pages")
async def test_an_operation_past_its_deadline_ends_its_statement(app: App) -> None:
    ann = await app.person()
    context = await authenticate(app.backend, ann.headers["Authorization"], Origin())
    executor = Executor(schema, format_error=format_error, deadline=0.5, event_context=Context.fresh)
    operation = executor.prepare(Request(TABLES), context)
    assert isinstance(operation, Operation)
    task = asyncio.create_task(executor.execute(operation, context))
    await wait_until(app.backend.database, 1)
    result = await task
    assert await wait_until(app.backend.database, 0) < SECONDS
    assert [error["extensions"]["code"] for error in result.errors] == ["DEADLINE_EXCEEDED"]
