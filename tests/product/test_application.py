"""Assembly of the application: request limits, origins, database URLs."""

from pathlib import Path

import httpx
import pytest

from assembly.application import application
from assembly.product import assemble
from db.core.factory import open_database
from db.core.postgresql import PostgreSQL
from db.core.sqlite import SQLite
from db.migrations import migrate
from settings.settings import Settings
from tests.support.app import SECRET, App, open_app

JSON = {"content-type": "application/json"}
ORIGIN = "https://client.example"


async def test_a_body_that_is_too_large_is_refused_as_such(sqlite_url: str, tmp_path: Path) -> None:
    async with open_app(sqlite_url, tmp_path, max_body_bytes=1_000) as app:
        answer = await post(app, b" " * 1_001)
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["extensions"]["code"] == "PAYLOAD_TOO_LARGE"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("origin", "allowed"), [(ORIGIN, ORIGIN), ("https://other.example", None)])
async def test_only_a_listed_origin_reads_answers(
    sqlite_url: str, tmp_path: Path, origin: str, allowed: str | None
) -> None:
    async with open_app(sqlite_url, tmp_path, cors_origins=f"{ORIGIN}, https://second.example") as app:
        answer = await post(app, b'{"query": "{ me { id } }"}', Origin=origin)
    assert answer.json() == {"data": {"me": None}}
    assert answer.headers.get("access-control-allow-origin") == allowed


async def post(app: App, body: bytes, **headers: str) -> httpx.Response:
    return await app.client().http.post("http://site/graphql", content=body, headers={**JSON, **headers})


def test_the_database_is_told_by_its_url(tmp_path: Path) -> None:
    named = [open_database(url, migrate) for url in (f"sqlite:///{tmp_path}/a.db", f"{tmp_path}/a.db")]
    assert [database.path for database in named if isinstance(database, SQLite)] == [tmp_path / "a.db"] * 2
    server = open_database("postgres://me@host/name", migrate)
    assert isinstance(server, PostgreSQL)
    assert server.url == "postgresql://me@host/name"
    for url in ("mysql://host/name", "sqlite://", "sqlite:///", ":memory:", "sqlite:///:memory:"):
        with pytest.raises(ValueError, match="is not understood: name a file"):
            open_database(url, migrate)


def test_making_the_application_starts_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    application(assemble(Settings(_env_file=None, database_url=str(path), secret_key=SECRET, files_dir=tmp_path / "f")))
    assert list(tmp_path.iterdir()) == []
