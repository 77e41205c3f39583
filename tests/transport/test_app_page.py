"""The page at `/`: its files, its policy, and a directory of the operator's own instead of it."""

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from tests.support.processes.transport_app import serving
from transport.app_page import DIRECTORY, fallback, page_routes
from transport.routes.routes import EXCEPTION_HANDLERS, json_response
from transport.static_page import HASHED

INDEX = (DIRECTORY / "index.html").read_text(encoding="utf-8")


def built_names(suffix: str) -> list[str]:
    return [path.name.removesuffix(".gz") for path in (DIRECTORY / "assets").glob(f"*{suffix}.gz")]


def test_the_page_forbids_scripts_styles_and_hosts_that_are_not_its_own() -> None:
    with serving(extra=page_routes()) as served:
        response = served.http.get("/")
    assert (response.status_code, response.text) == (200, INDEX)
    assert response.headers["cache-control"] == "no-cache"
    policy = response.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"} <= set(policy)
    assert "require-trusted-types-for 'script'" in policy
    assert not any("unsafe" in directive or "http" in directive for directive in policy)


def test_the_files_of_the_page_are_compressed_and_cached_for_ever() -> None:
    with serving(extra=page_routes()) as served:
        responses = [served.http.get(f"/static/assets/{name}") for name in built_names(".js") + built_names(".css")]
        missing = served.http.get("/static/assets/none.js")
    assert {response.headers["cache-control"] for response in responses} == {"public, max-age=31536000, immutable"}
    assert {response.headers["content-encoding"] for response in responses} == {"gzip"}
    assert (missing.status_code, missing.json()["detail"]) == (
        404,
        "There is no file assets/none.js. The page is at /.",
    )


async def test_a_directory_of_your_own_is_served_at_the_root_below_static_and_at_unknown_paths(own_page: Path) -> None:
    async def health(_request: object) -> object:
        return json_response({})

    routes = [Route("/health", health, methods=["GET"]), *page_routes(own_page)]
    app = Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)
    app.router.default = fallback(own_page)
    browser = {"accept": "text/html,*/*;q=0.8"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        pages = [await http.get(path, headers=browser) for path in ("/", "/sheets/12", "/sign-in?code=1")]
        script, packed = [await http.get(f"/static/assets/{name}") for name in ("app-4F2a9c1B.js", "app.js")]
        refused = [
            await http.get("/sheets/12"),
            await http.post("/sheets/12", headers=browser),
            await http.post("/health", headers=browser),
            await http.get("/static/.env"),
            await http.get("/static/%2e%2e/settings.py"),
        ]
    assert {page.text for page in pages} == {"<p>mine"}
    assert "immutable" in script.headers["cache-control"]
    assert (packed.text, packed.headers["cache-control"]) == ("2", "no-cache")
    assert [response.status_code for response in refused] == [404, 404, 405, 404, 404]


@pytest.mark.parametrize(
    ("name", "is_hashed"),
    [
        ("main-ZSCCRDN7.js", True),
        ("index-DiwrgTda.js", True),
        ("main.3f9a8b7c.css", True),
        ("date-selector.js", False),
        ("report-20260131.csv", False),
        ("index.html", False),
        ("jquery-3.7.1.min.js", False),
    ],
)
def test_a_name_with_a_hash_is_told_from_words_and_dates(name: str, is_hashed: bool) -> None:
    assert bool(HASHED.search(name)) is is_hashed
