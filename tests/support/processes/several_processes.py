"""An installation of several processes, each with its own connections and nothing shared but PostgreSQL and Redis."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.support.app import SECRET, App
from tests.support.loopback.provider_faults import FaultServer
from tests.support.processes.valkey import Valkey
from tests.support.scripted_llm import MODEL, ScriptedLLM, open_app_with_llm


@dataclass(frozen=True)
class Installation:
    """Addresses of the installation; `run` starts one more process of it inside the test's own."""

    database_url: str
    redis_url: str
    prefix: str
    directory: Path
    server: FaultServer

    @property
    def settings(self) -> dict[str, Any]:
        """Return the settings for a separate process."""
        return {
            "database_url": self.database_url,
            "redis_url": self.redis_url,
            "redis_prefix": self.prefix,
            "secret_key": SECRET,
            "openai_api_key": "sk-test-secret",
            "openai_base_url": self.server.base_url,
            "openai_model": MODEL,
            "files_dir": self.directory / "files",
            "mail_dir": self.directory / "mail",
        }

    @asynccontextmanager
    async def run(self, **settings: Any) -> AsyncIterator[App]:
        arguments = {
            "database_url": self.database_url,
            "redis_url": self.redis_url,
            "redis_prefix": self.prefix,
        } | settings
        async with open_app_with_llm(self.server, arguments.pop("database_url"), self.directory, **arguments) as app:
            yield app


@pytest.fixture
def installation(redis_server: Valkey, postgres_url: str, scripted_llm: ScriptedLLM, tmp_path: Path) -> Installation:
    return Installation(postgres_url, redis_server.url, uuid4().hex, tmp_path, scripted_llm.server)


@pytest.fixture
async def worker(installation: Installation) -> AsyncIterator[App]:
    """Run a process for jobs, without requests of users."""
    async with installation.run() as app:
        yield app


@pytest.fixture
async def web(installation: Installation, worker: App) -> AsyncIterator[App]:
    """Run a process for requests of users, without jobs."""
    async with installation.run(run_jobs=False) as app:
        yield app


async def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until a condition is true."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
