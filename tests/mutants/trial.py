"""Trial of one mutant: its tests run in a forked process in which one module has the changed source."""

import contextlib
import importlib.abc
import importlib.machinery
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.mutants.changes import Mutant

SECONDS = 180  # for the tests of one mutant; a loop without end is noticed too
LIBRARIES = (
    *("pytest", "sqlalchemy.ext.asyncio", "sqlalchemy.orm", "alembic.command"),
    *("graphql", "strawberry", "strawberry.relay", "starlette.applications", "uvicorn", "httpx", "websockets", "jwt"),
    *("passlib.context", "pydantic", "orjson", "limits", "limits.aio.strategies", "asyncpg"),
)


class _Source(importlib.machinery.SourceFileLoader):
    """Loader of a module from the changed text instead of its file."""

    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self._text = text

    def get_code(self, fullname: str) -> Any:
        return compile(self._text, self.path, "exec")


class _Finder(importlib.abc.MetaPathFinder):
    """Finder of the one changed module."""

    def __init__(self, mutant: Mutant, root: Path) -> None:
        self._name = mutant.file.removesuffix(".py").replace("/", ".")
        self._loader = _Source(self._name, str(root / mutant.file), mutant.source)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.machinery.ModuleSpec(fullname, self._loader, origin=self._loader.path)


def warm_up() -> None:
    """Import the libraries once, so that each fork starts with them; nothing of the product is imported here."""
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def is_noticed(mutant: Mutant | None, tests: Sequence[str], root: Path) -> bool:
    """Return True if a test fails, or takes too long, with the mutant; without one, if the tests fail as they are."""
    sys.stdout.flush()
    child = os.fork()
    if not child:
        os._exit(_run(mutant, tests, root))
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status != 0
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def _run(mutant: Mutant | None, tests: Sequence[str], root: Path) -> int:
    import pytest

    os.setpgid(0, 0)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    if mutant is not None:
        sys.meta_path.insert(0, _Finder(mutant, root))
    # Plugins that the warm-up has imported cannot be rewritten, which matters to their own tests only.
    unrewritten = "ignore::pytest.PytestAssertRewriteWarning"
    options = [
        "-x",
        "-q",
        "-W",
        unrewritten,
        "-n0",
        "-p",
        "no:cacheprovider",
        "--no-header",
        "--tb=no",
        "-k",
        "not postgresql",
    ]
    try:
        return int(pytest.main([*options, *tests]))
    except BaseException:
        return 1
