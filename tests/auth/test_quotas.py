"""Quotas: exact in one process and over several, and what happens while shared counts are away."""

import asyncio

import pytest

from auth import quotas
from auth.quotas import Quota, Quotas, used_windows
from auth.shared_counts import SharedCounts
from errors import RateLimited
from integrations.redis.connection import Redis
from integrations.redis.counts import shared_counts
from tests.support.processes.valkey import Valkey

OPERATIONS, COST = Quota.OPERATIONS_PERSON, Quota.COST_PERSON
OF_ADDRESS = Quota.OPERATIONS_ADDRESS


async def uses(subject: Quotas, name: str, times: int, amount: int = 1) -> int:
    """Return the number of uses that were admitted."""
    admitted = 0
    for _ in range(times):
        try:
            await subject.take(OPERATIONS, name, amount)
        except RateLimited:
            continue
        admitted += 1
    return admitted


async def test_a_quota_is_admitted_exactly_and_each_subject_has_its_own() -> None:
    limited = Quotas({OPERATIONS: "3 per hour"})
    assert [await uses(limited, name, 5) for name in ("ann", "bob")] == [3, 3]
    for _ in range(5):
        await limited.take(OF_ADDRESS, "ann")
        await limited.take(COST, "ann", 1_000)


async def test_a_refusal_names_limit_use_and_need_and_uses_nothing() -> None:
    limited = Quotas({COST: "1000 per 15 minutes"})
    await limited.take(COST, "ann", 800)
    with pytest.raises(RateLimited) as caught:
        await limited.take(COST, "ann", 300)
    assert caught.value.message == (
        "The limit is 1,000 units of cost per 15 minutes for one person: 800 are used, and this needs 300. Wait 15 "
        "minutes and try again."
    )
    assert 899_000 < caught.value.details["retryAfterMs"] <= 900_000
    assert {**caught.value.details, "retryAfterMs": 0} == {
        "limit": 1_000,
        "used": 800,
        "quota": "cost-person",
        "retryAfterMs": 0,
    }
    await limited.take(COST, "ann", 200)


async def test_a_client_that_waits_as_long_as_it_is_told_is_admitted() -> None:
    limited = Quotas({OF_ADDRESS: "1 per second"})
    await limited.take(OF_ADDRESS, "192.0.2.1")
    with pytest.raises(RateLimited, match="for one IP address") as caught:
        await limited.take(OF_ADDRESS, "192.0.2.1")
    await asyncio.sleep(caught.value.details["retryAfterMs"] / 1000 + 0.002)
    await limited.take(OF_ADDRESS, "192.0.2.1")


async def test_windows_that_have_ended_leave_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "FIRST_SWEEP", 10)
    limited = Quotas({OPERATIONS: "1 per second"})
    await asyncio.gather(*(limited.take(OPERATIONS, str(number)) for number in range(10)))
    await asyncio.sleep(1.01)
    await limited.take(OPERATIONS, "ann")
    assert len(limited._counters[OPERATIONS]) == 1


async def test_the_windows_of_a_request_are_reported_and_those_of_a_subject_found() -> None:
    limited = Quotas({OPERATIONS: "5 per hour", COST: "7 per hour", Quota.COST_ADDRESS: "9 per hour"})
    used_windows.set({})
    await limited.take(COST, "ann", 6)
    reported = used_windows.get()
    assert reported is not None
    assert {name: window.remaining for name, window in reported.items()} == {"cost-person": 1}
    windows = [limited.window(quota, "ann") for quota in Quota]
    assert [window and window.used for window in windows] == [0, None, 6, 0, None, None]


@pytest.mark.parametrize("limit", [10, 1_000])
async def test_several_processes_admit_a_quota_together(redis_server: Valkey, limit: int) -> None:
    policies = {OPERATIONS: f"{limit} per hour"}
    connections = [Redis(redis_server.url, f"quotas{limit}") for _ in range(2)]
    processes = [Quotas(policies, SharedCounts(lambda one=one: shared_counts(one))) for one in connections]  # type: ignore[misc]  # bound early
    try:
        first = await uses(processes[0], "ann", limit // 2)
        both = await asyncio.gather(*(uses(process, "ann", limit) for process in processes))
        assert first == limit // 2
        assert first + sum(both) == limit
        with pytest.raises(RateLimited) as caught:
            await processes[1].take(OPERATIONS, "ann")
        assert 3_590_000 < caught.value.details["retryAfterMs"] <= 3_600_000
        assert caught.value.details["used"] == limit
    finally:
        for connection in connections:
            await connection.close()


async def test_without_shared_counts_a_process_counts_for_itself(redis_server: Valkey) -> None:
    connection = Redis(redis_server.url, "quotas-away")
    limited = Quotas({OPERATIONS: "4 per hour"}, SharedCounts(lambda: shared_counts(connection)))
    assert await uses(limited, "ann", 1) == 1
    limited._shared._retry_at = float("inf")
    assert await uses(limited, "ann", 9) == 3
    await connection.close()
