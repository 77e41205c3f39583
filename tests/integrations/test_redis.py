"""Clients of Redis."""

import asyncio
from contextlib import suppress

from integrations.redis.connection import ended


async def test_a_task_that_loses_a_cancellation_is_ended_all_the_same() -> None:
    async def loses_one() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    tasks = [asyncio.create_task(loses_one()), asyncio.create_task(asyncio.sleep(60))]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await ended(tasks)
    assert [task.cancelled() for task in tasks] == [True, True]
    await ended([])
