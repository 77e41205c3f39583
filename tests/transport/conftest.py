"""Fixtures of the tests of the transport."""

import gzip
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from errors import BadUserInput
from tests.support.app import App, open_app
from tests.support.processes.transport_app import FILE_BYTES, Served, serving
from transport.graphql.uploads import Uploads


@pytest.fixture(scope="session")
def shared() -> Iterator[Served]:
    """Run a server with the usual limits, for tests that leave nothing behind in it."""
    with serving() as served:
        yield served


@pytest.fixture
async def fast_app(sqlite_url: str, tmp_path: Path) -> AsyncIterator[App]:
    """Run the application over SQLite alone, for tests that do not depend on the database."""
    async with open_app(sqlite_url, tmp_path) as app:
        yield app


@pytest.fixture
async def batching(sqlite_url: str, tmp_path: Path) -> AsyncIterator[App]:
    async with open_app(sqlite_url, tmp_path, max_batch=10) as app:
        yield app


@pytest.fixture
def opened(sqlite_url: str, tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[App]]:
    """Return a function that runs the application with a manifest of trusted documents."""

    def open_with(manifest: Any, **settings: Any) -> AbstractAsyncContextManager[App]:
        path = tmp_path / "documents.json"
        path.write_text(json.dumps(manifest))
        return open_app(sqlite_url, tmp_path, trusted_documents=path, **settings)

    return open_with


@pytest.fixture
def restored_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Restore what `configure` changes."""
    root, ours = logging.getLogger(), logging.getLogger("sheetgpt")
    handlers, level, our_level = root.handlers[:], root.level, ours.level
    yield monkeypatch
    root.handlers[:] = handlers
    root.setLevel(level)
    ours.setLevel(our_level)
    logging.getLogger("uvicorn.access").disabled = False


@pytest.fixture(scope="module")
def upload_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("incoming")


@pytest.fixture(scope="module")
def upload_server(upload_directory: Path) -> Iterator[Served]:
    uploads, extra = Uploads(upload_directory, FILE_BYTES, 100_000), [Route("/echo", echo, methods=["POST"])]
    with serving(body_deadline=1.0, uploads=uploads, extra=extra) as upload_server:
        yield upload_server


@pytest.fixture
def no_file_left(upload_server: Served, upload_directory: Path) -> Iterator[None]:
    """Check that no file has a name during a request, and that none is open after it."""
    yield
    end = time.monotonic() + 3
    while (left := open_files(upload_directory)) and time.monotonic() < end:
        time.sleep(0.01)
    assert left == []


def open_files(upload_directory: Path) -> list[str]:
    """Return the files in the directory that have a name, and those that the process has open there."""
    links = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            links.append(str(descriptor.readlink()))
        except FileNotFoundError:
            continue
    return [*map(str, upload_directory.iterdir()), *(link for link in links if link.startswith(str(upload_directory)))]


@pytest.fixture(scope="module")
def guarded_server() -> Iterator[Served]:
    with serving(extra=EXTRA, body_deadline=0.3) as guarded_server:
        yield guarded_server


async def echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def broken(_request: Request) -> Response:
    raise RuntimeError("secret of the database")


async def refusing(_request: Request) -> Response:
    raise BadUserInput.of("name", "Names have letters.")


async def ignoring(_request: Request) -> Response:
    return PlainTextResponse("not read", headers={"cache-control": "max-age=3"})


EXTRA = [
    Route("/echo", echo, methods=["POST"]),
    Route("/broken", broken),
    Route("/refusing", refusing),
    Route("/ignoring", ignoring, methods=["POST"]),
]


@pytest.fixture
def own_page(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text("<p>mine")
    (tmp_path / ".env").write_text("SECRET_KEY=secret")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "app-4F2a9c1B.js").write_text("1")
    (tmp_path / "assets" / "app.js.gz").write_bytes(gzip.compress(b"2"))
    return tmp_path
