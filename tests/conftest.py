"""Fixtures of all tests: databases of both kinds, users in them, and the application over them."""

import asyncio
import gc
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from passlib.context import CryptContext

import db.models  # noqa: F401  the policy covers every model only when all are loaded
from assistant import offline
from auth import passwords
from auth.passwords import Cost
from db.core.engine import Database
from db.migrations import migrate
from tests.support.app import app
from tests.support.fast import SlowTestFinder, is_fast
from tests.support.processes.browser import browser
from tests.support.processes.postgres import Postgres, empty, postgres
from tests.support.processes.several_processes import installation, web, worker
from tests.support.processes.temporary_directory import directory_in_memory, directory_of_run, once_in_a_run
from tests.support.processes.valkey import redis_server
from tests.support.scripted_llm import llm_app, scripted_llm
from tests.support.shared_compilation import MIGRATED, shared_compilation
from tests.support.world import World, database_at

__all__ = [
    "app",
    "browser",
    "installation",
    "llm_app",
    "postgres",
    "redis_server",
    "scripted_llm",
    "web",
    "worker",
]

if memory := directory_in_memory():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))  # databases then wait for no disk
os.environ.setdefault("PGSSLMODE", "disable")  # the server has no TLS, and asking it for TLS is half of a connection

TEMPLATE = "template"
GARBAGE_THRESHOLD = 20_000
"""New objects between two collections; with Python's 700, collections took 8 % of the processor time of all tests."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="run only short tests without server, browser and process")
    parser.addoption("--find-slow", action="store_true", help="write the list of long tests that --fast leaves out")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--find-slow"):
        config.pluginmanager.register(SlowTestFinder())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the slow tests when `--fast` is given."""
    if config.getoption("--fast"):
        slow = [item for item in items if not is_fast(item)]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in set(slow)]


def pytest_collection_finish() -> None:
    """Freeze the imported modules and collected tests, so that the garbage collector skips them, and run it seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD, 10, 10)


@pytest.fixture(scope="session", autouse=True)
def _offline_replies_without_pauses() -> Iterator[None]:
    """They are half a second of each reply; tests/assistant/test_offline.py imports what has them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(offline, "stream", partial(offline.stream, delay=0))
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[Callable[[Cost], CryptContext]]:
    """Argon2 at its least, as tests sign up thousands of people; gives what makes hashes of the real cost."""
    usual = passwords._context
    quick = usual((2, 19)).using(argon2__memory_cost=8, argon2__time_cost=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_context", lambda _: quick)
        yield usual


@pytest.fixture(scope="session", autouse=True)
def _shared_compilation() -> Iterator[None]:
    with shared_compilation():
        yield


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy, so that a run pays for migrating once."""
    directory = directory_of_run(tmp_path_factory)
    path = directory / "template.db"
    once_in_a_run(directory, "sqlite", lambda: migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a migrated database to copy, one for each run."""

    def create() -> None:
        asyncio.run(postgres.create_database(TEMPLATE))
        migrate(postgres.url(TEMPLATE))

    once_in_a_run(directory_of_run(tmp_path_factory), f"postgresql-{postgres.port}", create)
    return TEMPLATE


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite file."""
    path = tmp_path.resolve() / "sheetgpt.db"  # as the database itself spells it
    shutil.copy(sqlite_template, path)
    url = f"sqlite:///{path}"
    MIGRATED.add(url)
    return url


@pytest.fixture(scope="session")
def postgres_database(postgres: Postgres, postgres_template: str) -> str:
    """The name of the database that the tests of one process have in turn."""
    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    asyncio.run(postgres.create_database(name, postgres_template))
    MIGRATED.add(postgres.url(name))
    return name


@pytest.fixture(scope="session")
def empty_postgres(postgres: Postgres, postgres_database: str) -> Iterator[Callable[[], None]]:
    """Yield a function that empties the database of this process; one connection is ten times as fast as new ones."""
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(postgres.connect(postgres_database))
    yield lambda: loop.run_until_complete(empty(connection))
    loop.run_until_complete(connection.close())
    loop.close()


@pytest.fixture
def postgres_url(postgres: Postgres, postgres_database: str, empty_postgres: Callable[[], None]) -> str:
    """A migrated PostgreSQL database with no rows."""
    empty_postgres()
    return postgres.url(postgres_database)


@pytest.fixture
def own_postgres_url(postgres: Postgres, postgres_template: str) -> Iterator[str]:
    """A migrated PostgreSQL database to do anything with: gone after the test."""
    name = f"own_{uuid4().hex}"
    asyncio.run(postgres.create_database(name, postgres_template))
    yield postgres.url(name)
    asyncio.run(postgres.drop_database(name))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of a migrated database of each kind in turn."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Run a database of each kind in turn, with its tables but without users."""
    database = database_at(database_url)
    await database.start()
    yield database
    await database.stop()


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


# The application over `database` and a GraphQL client of it belong below.
