"""Fixtures of conversations: applications with models and applications with quick streams."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.core.engine import Database
from tests.support.app import App, open_app
from tests.support.conversations.reply_harness import ReplyHarness
from tests.support.loopback.provider_faults import fault_server
from tests.support.loopback.scripted_extraction import Extractor
from tests.support.scripted_llm import ScriptedLLM, open_app_with_llm
from tests.support.world import World


@pytest.fixture
async def reply_harness(database: Database, world: World) -> ReplyHarness:
    return ReplyHarness(database, await world.person("ann"))


@pytest.fixture
def quick_streaming(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for tables in growing replies every 20 ms and without rests."""
    for name in (
        "jobs.replies.streaming_tables.PARSE_SECONDS",
        "jobs.replies.streaming_tables.MIN_REST_SECONDS",
        "resolvers.conversations.replies.IDLE_SECONDS",
    ):
        monkeypatch.setattr(name, 0.02)
    monkeypatch.setattr("jobs.replies.streaming_tables.REST_FACTOR", 0)
    monkeypatch.setattr("jobs.replies.parse_scheduler.CPU_SHARE", 1.0)


@pytest.fixture
async def sqlite_llm_app(scripted_llm: ScriptedLLM, sqlite_url: str, tmp_path: Path) -> AsyncIterator[App]:
    async with open_app_with_llm(scripted_llm.server, sqlite_url, tmp_path) as app:
        yield app


@pytest.fixture(params=["sqlite_url", "own_postgres_url"])
def own_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of a separate database, because ANALYZE would change the plans of other tests."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
async def own_app(own_url: str, tmp_path: Path) -> AsyncIterator[App]:
    async with open_app(own_url, tmp_path) as own_app:
        yield own_app


@pytest.fixture
def extractor(request: pytest.FixtureRequest) -> Extractor:
    """Return a scripted model that extracts the EXTRACTION of the test's module."""
    return Extractor(**request.module.EXTRACTION)


@pytest.fixture
async def extraction_app(extractor: Extractor, database_url: str, tmp_path: Path) -> AsyncIterator[App]:
    """Run the application over each kind of database in turn, with the scripted extractor as its model."""
    async with fault_server(extractor.play) as server, open_app_with_llm(server, database_url, tmp_path) as app:
        yield app


@pytest.fixture
def quick_extraction(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show a growing table and look for its rows every 20 ms."""
    monkeypatch.setattr("jobs.extraction.table_extraction.SHOWN_SECONDS", 0.02)
    monkeypatch.setattr("resolvers.conversations.replies.IDLE_SECONDS", 0.02)
