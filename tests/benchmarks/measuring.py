"""Measurement of an operation: rounds of it and of its floor in turn, called in this process."""

import gc
import os
import statistics
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import orjson

ROUNDS = int(os.environ.get("ROUNDS", "15"))
CALLS = int(os.environ.get("CALLS", "40"))


class Doing:
    """Anything else, as what is measured; it is given the request."""

    def __init__(self, do: Callable[[Any], Awaitable[Any]]) -> None:
        self._do = do

    async def call(self, body: bytes) -> bytes:
        return orjson.dumps(await self._do(orjson.loads(body)), default=str)


class Called(Protocol):
    """Operation to measure."""

    async def call(self, body: bytes) -> bytes: ...


async def seconds(target: Called, body: Callable[[], bytes], clock: Callable[[], float], calls: int) -> float:
    """Per call, over one round."""
    started = clock()
    for _ in range(calls):
        await target.call(body())
    return (clock() - started) / calls


async def compare(
    name: str,
    ours: Called,
    ask: Any,
    plain: Called,
    give: Any,
    clock: Callable[[], float],
    rounds: int = ROUNDS,
    calls: int = CALLS,
) -> None:
    """Rounds of both in turn, so that what slows the machine slows both; the medians are printed."""

    def encoded(make: Any) -> Callable[[], bytes]:
        return lambda: orjson.dumps(make() if callable(make) else make)

    answer = orjson.loads(await ours.call(encoded(ask)()))
    assert "errors" not in answer, answer
    await plain.call(encoded(give)())
    gc.collect()
    measured = [
        (await seconds(ours, encoded(ask), clock, calls), await seconds(plain, encoded(give), clock, calls))
        for _ in range(rounds)
    ]
    cost, base = (statistics.median(part) * 1e6 for part in zip(*measured, strict=True))
    ratio = statistics.median(a / b for a, b in measured)
    print(f"{name:34} {cost:9.0f} µs   floor {base:7.0f} µs   {ratio:6.1f} ×")
