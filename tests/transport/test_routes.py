import asyncio
import gzip
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.routing import Route

from tests.support.processes.transport_app import Served, serving
from transport.graphiql import DIRECTORY, GraphiQL


def test_the_api_says_that_it_runs(shared: Served) -> None:
    response = shared.http.get("/api")
    assert response.status_code == 200
    assert response.json() == {"message": "API is running", "version": "1.2.3"}


def test_health_is_ok_while_the_database_answers(shared: Served) -> None:
    response = shared.http.get("/health")
    assert response.status_code == 200
    timestamp = datetime.fromisoformat(response.json().pop("timestamp"))
    assert abs((datetime.now(UTC) - timestamp).total_seconds()) < 5
    assert {**response.json(), "timestamp": ""} == {"status": "healthy", "timestamp": "", "database": "connected"}


async def gone() -> bool:
    raise ConnectionError("secret of the database")


async def not_well() -> bool:
    return False


@pytest.mark.parametrize("check", [gone, not_well])
def test_health_is_503_when_the_database_is_gone(check: Callable[[], Awaitable[bool]]) -> None:
    with serving(check=check) as served:
        response = served.http.get("/health")
    assert response.status_code == 503
    assert {**response.json(), "timestamp": ""} == {
        "status": "unhealthy",
        "timestamp": "",
        "database": "disconnected",
    }


def test_health_waits_two_seconds_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transport.routes.readiness.CHECK_SECONDS", 0.05)

    async def hanging() -> bool:
        await asyncio.sleep(60)
        return True

    with serving(check=hanging) as served:
        started = time.monotonic()
        assert served.http.get("/health").status_code == 503
        assert time.monotonic() - started < 1


def test_an_unknown_route_is_404_in_json(shared: Served) -> None:
    response = shared.http.get("/nothing/here?token=secret")
    assert response.status_code == 404
    assert response.json() == {
        "detail": "There is nothing at /nothing/here. GraphQL is at /graphql.",
        "status_code": 404,
        "type": "NOT_FOUND",
        "field_errors": [],
    }


def test_a_wrong_method_is_405_in_json(shared: Served) -> None:
    response = shared.http.post("/health")
    assert (response.status_code, response.json()["type"]) == (405, "METHOD_NOT_ALLOWED")
    assert "GET" in response.headers["allow"]


def test_the_page_has_its_policy_and_is_checked_each_time(shared: Served) -> None:
    response = shared.http.get("/graphql", headers={"accept": "text/html"})
    assert response.text == (DIRECTORY / "index.html").read_text()
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    headers = {"accept": "text/html", "if-none-match": response.headers["etag"]}
    again = shared.http.get("/graphql", headers=headers)
    assert (again.status_code, again.content) == (304, b"")


def a_script() -> str:
    return next((DIRECTORY / "assets").glob("main-*.js.gz")).name.removesuffix(".gz")


def test_an_asset_is_sent_as_it_is_stored_and_kept_for_a_year(shared: Served) -> None:
    with shared.http.stream("GET", f"/graphiql/assets/{a_script()}") as response:
        raw = b"".join(response.iter_raw())
    assert raw == (DIRECTORY / "assets" / f"{a_script()}.gz").read_bytes()
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "accept-encoding" in response.headers["vary"]


def test_an_asset_is_unpacked_for_a_client_that_knows_no_gzip(shared: Served) -> None:
    plain = shared.http.get(f"/graphiql/assets/{a_script()}", headers={"accept-encoding": "identity"})
    packed = shared.http.get(f"/graphiql/assets/{a_script()}")
    assert "content-encoding" not in plain.headers
    assert plain.content == packed.content
    assert plain.headers["etag"] != packed.headers["etag"]


@pytest.mark.parametrize("path", ["assets/none.js", "../routes.py", "%2e%2e/routes.py", "", "assets/"])
def test_nothing_but_the_files_of_graphiql_is_served(shared: Served, path: str) -> None:
    assert shared.http.get(f"/graphiql/{path}").status_code == 404


def test_files_that_are_not_compressed_are_served_too(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<p>page")
    (tmp_path / "a.css").write_text("p {}")
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"text"))
    extra = [Route("/mine/{path:path}", GraphiQL(tmp_path))]
    with serving(extra=extra) as served:
        page, style, text = (served.http.get(f"/mine/{name}") for name in ("index.html", "a.css", "b.txt"))
    assert (page.text, style.text, text.text) == ("<p>page", "p {}", "text")
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert style.headers["cache-control"] == "no-cache"
    assert text.headers["content-encoding"] == "gzip"
