"""Health checks for load balancers: alive, ready, and what fails."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from db.core.engine import Database
from integrations.disk import Disk, free_bytes
from tests.support.app import App, open_app
from transport.routes.readiness import Readiness


async def health(app: App, path: str) -> tuple[int, dict[str, Any]]:
    response = await app.client().http.get(f"http://site/health{path}")
    body = response.json()
    assert body.pop("timestamp")[-6:] == "+00:00"
    return response.status_code, body


async def test_a_server_that_works_is_alive_ready_and_healthy(app: App) -> None:
    assert await health(app, "/live") == (200, {"status": "alive"})
    assert await health(app, "/ready") == (
        200,
        {"status": "ready", "checks": {"database": "ok", "writer": "ok", "disk": "ok"}},
    )
    assert await health(app, "") == (200, {"status": "healthy", "database": "connected"})
    queried = await app.client().run("{ health { status database } }")
    assert queried["health"] == {"status": "healthy", "database": "connected"}


async def test_a_full_disk_is_not_ready_but_alive(sqlite_url: str, tmp_path: Path) -> None:
    async with open_app(sqlite_url, tmp_path, min_free_megabytes=10_000_000) as app:
        status, body = await health(app, "/ready")
        assert (status, body["status"], body["checks"]["disk"]) == (503, "unavailable", "unavailable")
        assert (await health(app, "/live"))[0] == 200


async def test_a_writer_that_fails_is_not_ready_and_one_that_is_busy_is(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.core.engine.PROBE_SECONDS", 0.05)
    assert await database.check_writer()
    free = asyncio.Event()

    async def blocked(*_: Any, **__: Any) -> None:
        await free.wait()

    monkeypatch.setattr(database, "write", blocked)
    assert await database.check_writer()  # an import may hold the only writer of SQLite for a while
    monkeypatch.setattr("db.core.engine.WRITER_PATIENCE_SECONDS", 0.0)
    assert not await database.check_writer()
    free.set()
    assert await database.check_writer()

    async def failing(*_: Any, **__: Any) -> None:
        raise OSError("disk I/O error")

    monkeypatch.setattr(database, "write", failing)
    assert not await database.check_writer()


async def test_what_is_optional_degrades_and_callers_share_one_check() -> None:
    calls = 0

    async def well() -> bool:
        nonlocal calls
        calls += 1
        await asyncio.sleep(0.01)
        return True

    async def away() -> bool:
        raise ConnectionError("gone")

    readiness = Readiness({"database": well, "redis": away}, frozenset({"redis"}))
    reports = await asyncio.gather(*(readiness.report() for _ in range(50)))
    assert reports[0] == ("degraded", {"database": "ok", "redis": "unavailable"})
    assert calls == 1
    assert (await Readiness({"database": away}).report())[0] == "unavailable"
    readiness.is_stopping = True
    assert await readiness.report() == ("stopping", {})


async def test_the_disk_of_a_directory_that_is_not_made_yet_is_that_of_its_parent(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "a" / "b") == pytest.approx(free_bytes(tmp_path), rel=0.2)
    disk = Disk([tmp_path / "a"], 1)
    assert await disk.check()
    disk.close()
    disk = Disk([tmp_path], 2**62)
    assert not await disk.check()
    disk.close()
