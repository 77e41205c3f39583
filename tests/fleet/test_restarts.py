"""Restarts of an installation under load: no request fails, no reply is lost, and nothing happens twice."""

import asyncio
import json
import signal

import asyncpg
import pytest

from tests.fleet.fleet import Fleet, outcomes, under_load
from tests.support.processes.product_process import Product

# Each start of a process takes seconds of CPU; other such tests at the same time would let deadlines pass.
pytestmark = pytest.mark.xdist_group("starting")


async def restart(product: Product, how: signal.Signals) -> None:
    await asyncio.to_thread(product.stop, how)
    await asyncio.to_thread(product.start)
    await asyncio.to_thread(product.wait_until_ready)


async def test_a_rolling_restart_interrupts_nothing_and_a_killed_worker_loses_nothing(
    fleet: Fleet, postgres_url: str
) -> None:
    async with under_load(fleet) as load:
        for product in (fleet.worker, *fleet.servers):
            await restart(product, signal.SIGTERM)
    rolled = await outcomes(fleet, load)
    assert set(rolled) == {"COMPLETED"}
    assert len(rolled) >= 5
    logged = [json.loads(line) for line in fleet.lines if line.startswith("{")]
    assert [line for line in logged if line["level"] in ("ERROR", "CRITICAL")] == []
    assert not any("Traceback" in line for line in fleet.lines)
    async with under_load(fleet) as killed:
        await asyncio.sleep(0.5)
        await restart(fleet.worker, signal.SIGKILL)
        with fleet.valkey.away():
            await asyncio.sleep(0.5)
    assert set(await outcomes(fleet, killed)) <= {"COMPLETED", "INTERRUPTED"}
    connection = await asyncpg.connect(postgres_url)
    try:
        stored = await connection.fetch("SELECT text, role FROM messages")
    finally:
        await connection.close()
    sent = sorted(record["text"] for record in stored if record["role"] == "USER")
    # A killed server may have stored a message without an answer; its key makes the second attempt the same message.
    assert sent == sorted([*load.replies, *killed.replies])
    assert len(stored) == 2 * len(sent)
