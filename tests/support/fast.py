"""Selection of the fast tests (`--fast`): no server, no browser, no process of its own, and not long.

No test is marked for this. A test is left out when its code, or that of its fixtures, reaches a call that starts
another process; when it runs on PostgreSQL; or when `slow_tests.txt` lists it, which `--find-slow` writes.
"""

import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest
from playwright.async_api import async_playwright

SLOW_TESTS = Path(__file__).with_name("slow_tests.txt")
SLOW_SECONDS = 0.2  # with this limit the rest takes under a minute on two cores
STARTERS = {"create_subprocess_exec", "create_subprocess_shell"}  # attributes of asyncio
STARTING: tuple[object, ...] = (subprocess, async_playwright)


def is_fast(item: pytest.Item) -> bool:
    """Return False for a test that starts a process, itself or in a helper or fixture, uses PostgreSQL, or is long."""
    if not isinstance(item, pytest.Function):
        return True
    if function_name(item.nodeid) in slow_tests():
        return False
    callspec = getattr(item, "callspec", None)
    # `database_url` chooses its fixture by a parameter, and so do some tests: "postgresql", "own_postgres_url".
    if callspec is not None and any("postgres" in str(value) for value in callspec.params.values()):
        return False
    definitions = item._fixtureinfo.name2fixturedefs
    fixtures = [definition.func for name in item.fixturenames for definition in definitions.get(name, ())[-1:]]
    return not any(map(starts_process, [item.obj, *fixtures]))


def function_name(node_id: str) -> str:
    """Return the id of a test without its parameters."""
    return node_id.partition("[")[0]


@cache
def slow_tests() -> frozenset[str]:
    """Return the functions that took longer than SLOW_SECONDS when the list was written."""
    return frozenset(SLOW_TESTS.read_text(encoding="utf-8").split())


class SlowTestFinder:
    """Plugin of `--find-slow`: writes down the functions of which a test takes longer than SLOW_SECONDS."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0.0) + report.duration

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(session.config, "workerinput"):
            return  # the process that started the workers gets all their reports
        slow = {function_name(id_) for id_, seconds in self._seconds.items() if seconds > SLOW_SECONDS}
        SLOW_TESTS.write_text("".join(f"{name}\n" for name in sorted(slow)), encoding="utf-8")


@cache
def starts_process(function: Callable[..., Any]) -> bool:
    """Return whether the code of a function in the tests, or of what it names there, starts another process."""
    return any(_is_starter(part) for part in _reachable(function))


def _is_starter(part: object) -> bool:
    return any(part is starter for starter in STARTING) or (isinstance(part, str) and part in STARTERS)


def _reachable(start: object) -> Iterator[object]:
    """Yield every object and attribute name that code of the tests refers to, beginning at `start`."""
    waiting, seen = [start], set[int]()
    while waiting:
        part = waiting.pop()
        yield part
        if id(part) in seen or isinstance(part, str | ModuleType):
            continue
        seen.add(id(part))
        part = getattr(part, "__func__", getattr(part, "__wrapped__", part))
        if not getattr(part, "__module__", "").startswith("tests."):
            continue
        if isinstance(part, type):
            waiting += [member for member in vars(part).values() if isinstance(member, FunctionType)]
        elif isinstance(part, FunctionType):
            names = set(_names(part.__code__))
            waiting += names
            waiting += [part.__globals__[name] for name in names if name in part.__globals__]


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
