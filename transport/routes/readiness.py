"""Readiness of the server: checks of what it depends on, for load balancers and for operators."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

CHECK_SECONDS = 2.0
CACHE_SECONDS = 1.0
DATABASE = "database"
READY, DEGRADED, UNAVAILABLE, STOPPING = "ready", "degraded", "unavailable", "stopping"
ACCEPTING = frozenset({READY, DEGRADED})

Check: TypeAlias = Callable[[], Awaitable[bool]]

log = logging.getLogger("sheetgpt.error")


class Readiness:
    """Checks by name, `database` among them, each with a deadline of two seconds.

    The server works without what `optional` names, so a failure of those makes it degraded and not unavailable.
    """

    def __init__(self, checks: Mapping[str, Check], optional: frozenset[str] = frozenset()) -> None:
        self._checks, self._optional = checks, optional
        self.is_stopping = False
        self._report: asyncio.Task[dict[str, bool]] | None = None
        self._reported_at = 0.0

    def stop(self) -> None:
        """Answer from now on that the server stops."""
        self.is_stopping = True

    async def is_database_connected(self) -> bool:
        return await _passes(DATABASE, self._checks[DATABASE])

    async def report(self) -> tuple[str, dict[str, str]]:
        """Return the status, and `ok` or `unavailable` for each check; results are a second old at most."""
        if self.is_stopping:
            return STOPPING, {}
        # Anybody may ask: callers share one run, so that the checks are no load.
        now = asyncio.get_running_loop().time()
        if self._report is None or (self._report.done() and now - self._reported_at > CACHE_SECONDS):
            self._report, self._reported_at = asyncio.create_task(self._run()), now
        results = await asyncio.shield(self._report)
        failed = {name for name, passed in results.items() if not passed}
        status = READY if not failed else DEGRADED if failed <= self._optional else UNAVAILABLE
        return status, {name: "ok" if passed else "unavailable" for name, passed in results.items()}

    async def _run(self) -> dict[str, bool]:
        passed = await asyncio.gather(*(_passes(name, check) for name, check in self._checks.items()))
        return dict(zip(self._checks, passed, strict=True))


async def _passes(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    except TimeoutError:
        log.warning("The health check of the %s took longer than %g s", name, CHECK_SECONDS)
    except Exception:
        log.exception("The health check of the %s failed", name)
    return False
