"""Fixtures of the product as processes."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
import uvicorn

from tests.support.loopback.google_calls import SHARED_FOLDER
from tests.support.loopback.openai import mock_openai
from tests.support.loopback.openid import LoopbackOpenID, loopback_openid
from tests.support.loopback.sheets import LoopbackSheets as Google
from tests.support.loopback.sheets import loopback_sheets
from tests.support.processes.app_browser import STORY
from tests.support.processes.graphiql_app import application
from tests.support.processes.main_path import LONG, MODEL_REPLY, empty_database
from tests.support.processes.ports import free_port
from tests.support.processes.postgres import Postgres
from tests.support.processes.product_process import BareProduct, Product, running
from tests.support.processes.sheet_site import Site, sheet_site
from tests.support.processes.valkey import Valkey


@pytest.fixture
def default_server(tmp_path: Path) -> Iterator[str]:
    """Return the address of a server started by `make run` without configuration."""
    with running(tmp_path / "server") as product:
        yield product.url


@pytest.fixture(scope="module")
def started_product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Return a running server; the last test stops it."""
    with running(tmp_path_factory.mktemp("server")) as started_product:
        yield started_product


@pytest.fixture
async def server_database(postgres: Postgres) -> AsyncIterator[str]:
    name = f"test {uuid4().hex}"
    await postgres.create_database(name)
    yield name
    await postgres.drop_database(name)


INNER = """
import os, pathlib, signal, time
from tests.support.processes.postgres import postgres
from tests.support.databases.statements import fetch_value

async def describe(postgres, here):
    files = await fetch_value(postgres.url(), "SHOW data_directory")
    pathlib.Path(here, os.environ["PYTEST_XDIST_WORKER"]).write_text(f"{postgres.port} {files}")

async def test_one(postgres):
    await describe(postgres, HERE)
    while len(list(pathlib.Path(HERE).glob("gw*"))) < 2:
        time.sleep(0.01)

async def test_other(postgres):
    await describe(postgres, HERE)
    while len(list(pathlib.Path(HERE).glob("gw*"))) < 2:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def inner_pytest(tmp_path: Path) -> list[str]:
    """A pytest command for two workers that share the server, of which one dies."""
    (tmp_path / "test_inner.py").write_text(INNER.replace("HERE", repr(str(tmp_path))))
    options = ["-n2", "--max-worker-restart=0", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto"]
    directories = ["--rootdir", str(tmp_path), "--basetemp", str(tmp_path / "run")]
    return [sys.executable, "-m", "pytest", "-c", os.devnull, *options, *directories, str(tmp_path)]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def graphiql_url() -> AsyncIterator[str]:
    config = uvicorn.Config(application(), port=0, log_level="error", ws="websockets-sansio", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:
            await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/graphql"
    server.should_exit = True
    async with asyncio.timeout(10):
        await serving


@pytest.fixture(scope="session")
def page_product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Return a server without configuration, for all tests of the page."""
    with running(tmp_path_factory.mktemp("page")) as product:
        yield product


@pytest.fixture
def page_url(page_product: Product) -> str:
    return f"{page_product.url}/"


@pytest.fixture
def storyteller(tmp_path: Path) -> Iterator[Product]:
    """Return a server with a fixed port whose model writes STORY for some seconds."""
    with mock_openai({"story": STORY}, piece=12, pause_ms=30) as provider:
        settings = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": provider.base_url, "OPENAI_MODEL": "gpt-test"}
        with running(
            tmp_path, BareProduct, PORT=str(free_port()), SECRET_KEY="the same later " * 3, **settings
        ) as product:
            yield product


@pytest.fixture
def two_servers(own_postgres_url: str, redis_server: Valkey, tmp_path: Path) -> Iterator[list[str]]:
    """Return the addresses of two servers on one PostgreSQL database and one Redis."""
    settings = {
        "DATABASE_URL": own_postgres_url,
        "REDIS_URL": redis_server.url,
        "REDIS_PREFIX": uuid4().hex,
        "SECRET_KEY": "one key for both servers " * 2,
    }
    with (
        running(tmp_path, BareProduct, **settings) as first,
        running(tmp_path, BareProduct, **settings) as second,
    ):
        yield [f"{first.url}/", f"{second.url}/"]


@pytest.fixture(scope="module")
def provider() -> Iterator[LoopbackOpenID]:
    """Return a provider of single sign-on that signs everybody in at once."""
    with loopback_openid() as server:
        yield server


@pytest.fixture(scope="module")
def sign_in_page_url(tmp_path_factory: pytest.TempPathFactory, provider: LoopbackOpenID) -> Iterator[str]:
    """Return the address of the page of a server with one provider of single sign-on."""
    port, providers = free_port(), json.dumps([provider.config()])
    address = f"http://127.0.0.1:{port}"
    directory = tmp_path_factory.mktemp("sign_in")
    with running(directory, PORT=str(port), PUBLIC_URL=address, OIDC_PROVIDERS=providers) as product:
        yield f"{product.url}/"


MAIN_PATH_KINDS = [
    pytest.param(kind, marks=pytest.mark.xdist_group(f"main-path-{kind}")) for kind in ("sqlite", "postgresql")
]


@pytest.fixture(scope="module", params=MAIN_PATH_KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Of database."""
    return str(request.param)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=20) as client:
        yield client


@pytest.fixture(scope="module")
def offline_product(
    request: pytest.FixtureRequest, kind: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    """With nothing configured; several people use it, one after another."""
    directory = tmp_path_factory.mktemp("offline")
    with empty_database(request, kind, directory) as url, running(directory, DATABASE_URL=url) as product:
        yield product
        assert product.stop(signal.SIGINT) < 2


@pytest.fixture(scope="module")
def google() -> Iterator[Google]:
    with loopback_sheets() as server:
        yield server


@pytest.fixture(scope="module")
def model_product(
    request: pytest.FixtureRequest, kind: str, google: Google, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    """With a model and Google's services, both on loopback."""
    directory = tmp_path_factory.mktemp("model")
    with (
        mock_openai({"spent": MODEL_REPLY, "long": LONG}, piece=5, pause_ms=10) as provider,
        empty_database(request, kind, directory) as url,
        running(
            directory,
            DATABASE_URL=url,
            SECRET_KEY="a key that is the same after a restart, " * 2,
            OPENAI_API_KEY="sk-test",
            OPENAI_BASE_URL=provider.base_url,
            OPENAI_MODEL="gpt-test",
            GOOGLE_SERVICE_ACCOUNT_FILE=str(google.service_account(directory)),
            GOOGLE_DRIVE_FOLDER=SHARED_FOLDER,
            GOOGLE_SHEETS_URL=google.url,
        ) as product,
    ):
        yield product
        assert product.stop(signal.SIGINT) < 2


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Run the processes of an installation with an OAuth client of a loopback Google."""
    directory = tmp_path_factory.mktemp("sheets")
    with (
        loopback_sheets() as server,
        empty_database(request, kind, directory) as url,
        sheet_site(kind, url, directory, server) as site,
    ):
        yield site


@pytest.fixture
def empty_postgres_url(postgres: Postgres) -> Iterator[str]:
    """Return the URL of a PostgreSQL database without tables."""
    name = f"empty_{uuid4().hex}"
    asyncio.run(postgres.create_database(name))
    yield postgres.url(name)
    asyncio.run(postgres.drop_database(name))


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Return the URLs of a migrated database and of one without tables, of each kind in turn."""
    if request.param == "sqlite":
        return request.getfixturevalue("sqlite_url"), f"sqlite:///{tmp_path / 'restored.db'}"
    return request.getfixturevalue("postgres_url"), request.getfixturevalue("empty_postgres_url")
