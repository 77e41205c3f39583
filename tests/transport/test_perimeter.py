"""Perimeter: hosts, HTTPS, origins of sockets, headers, and the defaults of production."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from assembly.application import application
from settings.settings import Settings
from tests.support.app import App, open_app
from tests.support.client import Refused
from transport.core.errors import RequestRefused
from transport.guard import Guard
from transport.perimeter import MAX_HEADER_BYTES, Perimeter
from transport.protocol import MAX_HEAD_BYTES, BoundedProtocol

TYPES = "{ __schema { queryType { name } } }"
GRAPHQL = "application/graphql-response+json"


def scope(kind: str = "http", scheme: str | None = None, path: str = "/graphql", **headers: str) -> dict[str, Any]:
    return {
        "type": kind,
        "method": "GET",
        "scheme": scheme or {"http": "http", "websocket": "ws"}[kind],
        "path": path,
        "query_string": b"a=1",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
    }


def code_of(perimeter: Perimeter, arguments: dict[str, Any]) -> str:
    """Return the code of the refusal, or "" for a request that passes."""
    try:
        perimeter.check(arguments)
    except RequestRefused as error:
        return error.code
    return ""


@pytest.mark.parametrize(
    ("host", "passes"),
    [
        ("sheets.example.com", True),
        ("SHEETS.example.com.:8000", True),
        ("a.b.example.org", True),
        ("[::1]:80", False),
        ("example.org", False),
        ("evilexample.org", False),
        ("sheets.example.com@evil.com", False),
        ("sheets.example.com:80:90", False),
        ("sheets.example.com/..", False),
        ("", False),
    ],
)
def test_a_host_must_be_one_of_those_allowed(host: str, passes: bool) -> None:
    perimeter = Perimeter(["sheets.example.com", "*.example.org"])
    assert code_of(perimeter, scope(host=host)) == ("" if passes else "MISDIRECTED_REQUEST")
    assert code_of(perimeter, scope(path="/health", host=host)) == ""
    assert code_of(Perimeter(), scope(host=host)) == ""


def test_a_request_with_two_hosts_is_refused() -> None:
    arguments = scope(host="sheets.example.com")
    arguments["headers"] *= 2
    perimeter = Perimeter(allowed_hosts=["sheets.example.com"])
    assert (code_of(perimeter, arguments), code_of(Perimeter(), arguments)) == ("BAD_REQUEST", "BAD_REQUEST")


@pytest.mark.parametrize(
    ("origin", "host", "passes"),
    [
        (None, "sheets.example.com", True),
        ("https://sheets.example.com", "sheets.example.com", True),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("https://app.example.com", "sheets.example.com", True),
        ("https://evil.com", "sheets.example.com", False),
        ("https://sheets.example.com.evil.com", "sheets.example.com", False),
        ("https://sheets.example.com:8443", "sheets.example.com", False),
        ("http://app.example.com", "sheets.example.com", False),
        ("null", "sheets.example.com", False),
        ("https://[", "sheets.example.com", False),
        ("", "sheets.example.com", False),
        ("null", "", False),
        ("https://[", "[", False),
    ],
)
def test_a_page_of_another_site_opens_no_socket(origin: str | None, host: str, passes: bool) -> None:
    headers = {"host": host} | ({} if origin is None else {"origin": origin})
    perimeter = Perimeter(origins=["https://app.example.com"])
    assert code_of(perimeter, scope("websocket", **headers)) == ("" if passes else "FORBIDDEN")
    assert code_of(perimeter, scope("http", **headers)) == ""


def test_too_many_or_too_large_headers_are_refused() -> None:
    assert code_of(Perimeter(), scope(**{f"x-{n}": "" for n in range(100)})) == ""
    assert code_of(Perimeter(), scope(**{f"x-{n}": "" for n in range(101)})) == "HEADERS_TOO_LARGE"
    assert code_of(Perimeter(), scope(a="x" * (MAX_HEADER_BYTES - 1))) == ""
    assert code_of(Perimeter(), scope(a="x" * MAX_HEADER_BYTES)) == "HEADERS_TOO_LARGE"


@asynccontextmanager
async def guarded(perimeter: Perimeter, scheme: str = "http") -> AsyncIterator[httpx.AsyncClient]:
    async def app(arguments: Any, _: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"in"})

    transport = httpx.ASGITransport(Guard(app, perimeter=perimeter, version="7"))
    async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://sheets.example.com") as http:
        yield http


async def test_https_is_forced_and_remembered_by_browsers() -> None:
    async with guarded(Perimeter(force_https=True)) as http:
        moved = await http.get("/s/a b?x=1")
        assert (moved.status_code, moved.headers["location"]) == (308, "https://sheets.example.com/s/a%20b?x=1")
        assert "strict-transport-security" not in moved.headers
        refused = await http.post("/graphql", json={}, headers={"Accept": GRAPHQL})
        assert (refused.status_code, refused.headers["content-type"]) == (403, GRAPHQL)
        assert refused.json()["errors"][0]["extensions"]["code"] == "HTTPS_REQUIRED"
        assert (await http.get("/health")).status_code == 200
    async with guarded(Perimeter(force_https=True), "https") as http:
        answer = await http.post("/graphql", json={})
        assert (answer.text, answer.headers["strict-transport-security"]) == (
            "in",
            "max-age=31536000; includeSubDomains",
        )
        assert answer.headers["x-api-version"] == "7"
    async with guarded(Perimeter(), "https") as http:
        assert "strict-transport-security" not in (await http.get("/")).headers


async def head_of(port: int, *parts: bytes) -> bytes:
    """Send parts of a request and return the answer until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        async with asyncio.timeout(10):
            answer = await reader.read(4_000)
    except ConnectionError:
        pass
    writer.close()
    return answer


async def test_an_endless_head_ends_and_a_large_body_does_not(app: App) -> None:
    config = uvicorn.Config(application(app.product), http=BoundedProtocol, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving, port = asyncio.create_task(server._serve([listener])), listener.getsockname()[1]
        start, piece = b"GET /health HTTP/1.1\r\nhost: a\r\n", b"x" * 10_000
        for head in ([start, b"a: "], [start, b"", b""], [b"GET /"]):
            answer = await head_of(port, *head, *[piece] * (MAX_HEAD_BYTES // 10_000 + 2))
            assert answer.startswith(b"HTTP/1.1 431") or not answer
        many = b"".join(b"x-%d: 1\r\n" % n for n in range(150))
        assert (await head_of(port, start + many + b"\r\n")).startswith(b"HTTP/1.1 431")
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            for _ in range(3):  # on one connection
                body = {"query": "{ serverInfo { version } }", "variables": {"a": "x" * 3 * MAX_HEAD_BYTES}}
                answered = await http.post("/graphql", json=body)
                assert answered.json()["data"]["serverInfo"]["version"] == answered.headers["x-api-version"]
        server.should_exit = True
        await serving


@pytest.mark.parametrize(("choice", "shows"), [(None, False), (True, True), (False, False)])
async def test_production_hides_what_helps_to_explore_the_api(
    database_url: str, tmp_path: Path, choice: bool | None, shows: bool
) -> None:
    settings: dict[str, Any] = {"environment": "production"}
    settings |= dict.fromkeys(("introspection", "graphiql", "suggestions"), choice)
    async with open_app(database_url, tmp_path, **settings) as app:
        client = app.client()
        page = await client.http.get("http://site/graphql", headers={"Accept": "text/html"})
        assert (page.status_code == 200) is shows
        with pytest.raises(Refused) as caught:
            await client.run("{ serverInf { version } }")
        assert ("serverInfo" in str(caught.value)) is shows
        if shows:
            assert await client.run(TYPES) == {"__schema": {"queryType": {"name": "Query"}}}
        else:
            with pytest.raises(Refused) as hidden:
                await client.run(TYPES)
            assert hidden.value.codes == ["GRAPHQL_VALIDATION_FAILED"] * len(hidden.value.codes)
        assert (await client.run("{ __typename serverInfo { version } }"))["__typename"] == "Query"


async def test_a_401_names_the_scheme_and_a_limit_the_time_to_wait(database_url: str, tmp_path: Path) -> None:
    async with open_app(database_url, tmp_path, log_in_limit_account="1 per hour") as app:
        headers = {"Accept": GRAPHQL}
        requested = await app.client().http.post(
            "http://site/graphql", json={"query": "{ items { totalCount } }"}, headers=headers
        )
        assert (requested.status_code, requested.headers["www-authenticate"]) == (401, 'Bearer realm="SheetGPT"')
        log_in = 'mutation { logIn(input: {email: "a@example.com", password: "no"}) { user { id } } }'
        answers = [await app.client().http.post("http://site/graphql", json={"query": log_in}) for _ in range(2)]
        assert "retry-after" not in answers[0].headers
        assert 0 < int(answers[1].headers["retry-after"]) <= 3_600


async def test_the_first_large_import_finds_its_directory(database_url: str, tmp_path: Path) -> None:
    async with open_app(database_url, tmp_path, files_dir=tmp_path / "new" / "files") as app:
        ann = await app.person()
        text = "Name,Amount\n" + "".join(f"Thing {n},{n}\n" for n in range(30_000))
        created = await ann.mutate("importTable", "{ rowCount }", name="Costs", text=text)
        assert created == {"rowCount": 30_000}


def test_hosts_are_read_from_one_setting() -> None:
    assert Settings(allowed_hosts=" A.example.com, *.b.de").hosts == ["a.example.com", "*.b.de"]
    for wrong in ("https://a.de", "a.de:80", "*", "a b"):
        with pytest.raises(ValueError, match="list host names"):
            Settings(allowed_hosts=wrong)
