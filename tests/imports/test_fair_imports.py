"""Imports of many files: the health check and other people's imports do not wait for them."""

import asyncio
import time
from typing import Any

from auth.fair_pool import FairLimit
from resolvers.core.context import FILE_THREADS, FILE_THREADS_OF_ONE
from tests.support.app import App
from tests.support.client import Client

TABLE = "{ rowCount }"


async def import_text(client: Client, name: str) -> Any:
    return await client.mutate("importTable", TABLE, text="Item,Count\nbolt,1\n", name=name)


async def health_seconds(app: App) -> float:
    """Return the shortest of five times: a check that waited for the imports would wait in each."""
    times = []
    for _ in range(5):
        started = time.perf_counter()
        assert (await app.client().http.get("http://site/health")).status_code == 200
        times.append(time.perf_counter() - started)
    return min(times)


async def test_many_imports_of_one_person_delay_neither_health_nor_others(app: App, blocked_import: Any) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    slow = [
        asyncio.create_task(ann.mutate("importTable", TABLE, text=f"slow,n\nx,{n}\n", name="Slow")) for n in range(40)
    ]
    try:
        await asyncio.sleep(0.1)
        assert await health_seconds(app) < 0.2
        imported = await asyncio.wait_for(import_text(bob, "Small"), 5)
        assert imported["rowCount"] == 1
        assert not any(task.done() for task in slow)
    finally:
        blocked_import.set()
    done = await asyncio.gather(*slow)
    assert [result["rowCount"] for result in done] == [1] * 40


async def test_imports_of_every_person_at_once_do_not_delay_health(app: App, blocked_import: Any) -> None:
    people = [await app.person(f"p{n}") for n in range(FILE_THREADS + 2)]
    slow = [asyncio.create_task(one.mutate("importTable", TABLE, text="slow,n\nx,1\n", name="Slow")) for one in people]
    try:
        await asyncio.sleep(0.1)
        assert await health_seconds(app) < 0.2
    finally:
        blocked_import.set()
    await asyncio.gather(*slow)


async def test_people_take_turns() -> None:
    limit, order = FairLimit(1, FILE_THREADS_OF_ONE), list[str]()

    async def work(person: str, name: str) -> None:
        async with limit.slot(person):
            order.append(name)
            await asyncio.sleep(0)

    names = [("ann", "a1"), ("ann", "a2"), ("ann", "a3"), ("bob", "b1"), ("cid", "c1")]
    await asyncio.gather(*(work(person, name) for person, name in names))
    assert order == ["a1", "a2", "b1", "c1", "a3"]


async def test_a_cancelled_task_gives_its_slot_back() -> None:
    limit = FairLimit(1, 1)
    await limit.acquire("ann")
    waiting = [asyncio.create_task(limit.acquire("ann")) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.wait([waiting[0]])
    limit.release("ann")
    await asyncio.wait_for(waiting[1], 1)
