"""Selection of the fast tests (`--fast`): neither a server, a browser nor a process of its own.

Nobody marks tests for this: a test is slow when its code, or that of its fixtures, reaches a call that starts
another process, or when it runs on PostgreSQL.
"""

import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest
from playwright.async_api import async_playwright

STARTERS = {"create_subprocess_exec", "create_subprocess_shell"}  # attributes of asyncio
STARTING: tuple[object, ...] = (subprocess, async_playwright)


def is_fast(item: pytest.Item) -> bool:
    """Return False for a test that starts a process, directly or through helpers and fixtures, or uses PostgreSQL."""
    if not isinstance(item, pytest.Function):
        return True
    callspec = getattr(item, "callspec", None)
    # `database_url` chooses its fixture by a parameter, and so do some tests: "postgresql", "own_postgres_url".
    if callspec is not None and any("postgres" in str(value) for value in callspec.params.values()):
        return False
    definitions = item._fixtureinfo.name2fixturedefs
    fixtures = [definition.func for name in item.fixturenames for definition in definitions.get(name, ())[-1:]]
    return not any(map(starts_process, [item.obj, *fixtures]))


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
