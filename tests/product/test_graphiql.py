"""The built GraphiQL: complete, local, and at work in a browser under its content security policy."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Dialog, Page

from tests.support.processes.browser import (
    in_browser,
    open_tab,
    read_editor,
    ready,
    run_operation,
    tab_names,
    visit,
    write_editor,
)
from tests.support.processes.graphiql_app import BUILT, TOKEN

TOUR = Path(__file__).parents[2] / "web" / "graphiql" / "src" / "tour"
PLACEHOLDER = {"Authorization": "Bearer PASTE-accessToken-HERE"}
SIGNED_IN = {"Authorization": f"Bearer {TOKEN}"}
TABS = [
    "signUp",
    "logIn",
    "me",
    "sendMessage",
    "replyStream",
    "tables",
    "updateCells",
    "history",
    "undoRevision",
    "startExport",
    "exportProgress",
]
LIMIT = 3_000_000
INLINE_SCRIPT = """() => {
  const script = document.createElement("script");
  script.text = "document.title = 'changed'";
  document.body.append(script);
}"""


def unpacked(name: str) -> str:
    return gzip.decompress((BUILT / "assets" / f"{name}.gz").read_bytes()).decode()


def index() -> str:
    return (BUILT / "index.html").read_text()


async def headers(page: Page) -> dict[str, str]:
    displayed: dict[str, str] = json.loads(await read_editor(page, "request-headers.json"))
    return displayed


async def variables(page: Page, tab: str) -> dict[str, Any]:
    await open_tab(page, tab)
    displayed: dict[str, Any] = json.loads(await read_editor(page, "variables.json"))
    return displayed


async def shows_problem(page: Page, message: str) -> None:
    """Wait for an error mark of an editor; it comes from Monaco's workers."""
    is_marked = "(text) => __MONACO.editor.getModelMarkers({}).some(({ message }) => message === text)"
    await page.wait_for_function(is_marked, arg=message)


def test_the_built_files_fit_in_three_megabytes() -> None:
    assert sum(file.stat().st_size for file in BUILT.rglob("*") if file.is_file()) <= LIMIT


def test_assets_are_gzip_files_without_a_time_stamp() -> None:
    assets = sorted((BUILT / "assets").iterdir())
    assert {file.suffix for file in assets} == {".gz"}
    assert {file.read_bytes()[:8] for file in assets} == {b"\x1f\x8b\x08\x00\x00\x00\x00\x00"}


def test_the_page_has_no_script_of_its_own_and_names_only_assets_that_exist() -> None:
    assert re.findall(r"<script(?![^>]* src=)", index()) == []
    named = re.findall(r'(?:src|href)="/graphiql/assets/([^"]+)"', index())
    assert len(named) == 2
    assert [name for name in named if not (BUILT / "assets" / f"{name}.gz").is_file()] == []


def test_the_built_page_holds_the_tour_of_the_sources() -> None:
    script = re.search(r'src="/graphiql/assets/([^"]+)"', index())
    assert script is not None
    built = unpacked(script[1])
    assert sorted(file.stem for file in TOUR.iterdir()) == sorted(TABS)
    assert [file.stem for file in TOUR.iterdir() if file.read_text().replace("`", "\\`") not in built] == []


@in_browser
@pytest.mark.parametrize("dark", [False, True])
async def test_the_tour_opens_in_named_tabs_with_nothing_fetched_from_elsewhere(
    browser: Browser, graphiql_url: str, dark: bool
) -> None:
    async with visit(browser, graphiql_url, dark=dark) as visited:
        page = visited.page
        await ready(page)
        assert await page.title() == "SheetGPT · GraphiQL"
        assert await tab_names(page) == TABS
        assert await read_editor(page, "operation.graphql") == (TOUR / "signUp.graphql").read_text()
        assert await variables(page, "replyStream") == {"messageId": "PASTE-messageId-HERE", "after": 0}
        assert await headers(page) == PLACEHOLDER
        assert visited.errors == []
        assert visited.foreign_requests == []


@in_browser
async def test_the_policy_refuses_another_host_and_code_in_the_page(browser: Browser, graphiql_url: str) -> None:
    async with visit(browser, graphiql_url) as visited:
        await ready(visited.page)
        await visited.page.evaluate("fetch('http://192.0.2.1/').catch(() => null)")
        async with visited.page.expect_console_message(lambda text: "script-src-elem" in text.text):
            await visited.page.evaluate(INLINE_SCRIPT)
        reports = [error.split()[1:3] for error in visited.errors if error.startswith("CSP ")]
        assert reports == [["connect-src", "http://192.0.2.1/"], ["script-src-elem", "inline"]]


@in_browser
async def test_the_editors_check_operations_and_variables_in_their_workers(browser: Browser, graphiql_url: str) -> None:
    async with visit(browser, graphiql_url) as visited:
        page = visited.page
        await ready(page)
        await write_editor(page, "operation.graphql", "{ nothing }")
        await write_editor(page, "variables.json", "{}")
        await shows_problem(page, 'Cannot query field "nothing" on type "Query".')
        await write_editor(page, "operation.graphql", "{ me { id } }")
        await write_editor(page, "variables.json", "{,")
        await shows_problem(page, "Property expected")
        assert visited.errors == []


@in_browser
async def test_a_log_in_puts_its_token_into_every_tab_and_only_into_memory_of_this_tab(
    browser: Browser, graphiql_url: str
) -> None:
    async with visit(browser, graphiql_url) as visited:
        page = visited.page
        await ready(page)
        assert await run_operation(page, "me") == {"data": {"me": None}}
        await run_operation(page, "logIn")
        assert await page.inner_text(".notice") == "Signed in: the token is in the headers of every tab."
        for name in TABS:
            await open_tab(page, name)
            assert await headers(page) == SIGNED_IN, name
        me = await run_operation(page, "me")
        assert me["data"]["me"]["email"] == "ada@example.com"
        await page.click(".graphiql-tab-add")
        assert await headers(page) == SIGNED_IN
        await page.wait_for_timeout(600)  # GraphiQL writes what it keeps after 500 ms
        assert TOKEN not in await page.evaluate("JSON.stringify(localStorage)")
        assert visited.errors == []


@in_browser
async def test_ids_of_answers_are_filled_into_later_tabs_and_a_subscription_carries_the_token(
    browser: Browser, graphiql_url: str
) -> None:
    async with visit(browser, graphiql_url) as visited:
        page = visited.page
        await ready(page)
        await run_operation(page, "logIn")
        await run_operation(page, "sendMessage")
        assert (await variables(page, "tables")) == {"conversationId": "c1"}
        assert (await variables(page, "history")) == {"tableId": "PASTE-tableId-HERE"}
        ended = (await run_operation(page, "replyStream"))["data"]["replyStream"]["message"]
        assert ended["id"] == "m2"
        assert json.loads(ended["text"]) == SIGNED_IN
        assert visited.errors == []
        assert visited.foreign_requests == []


@in_browser
async def test_edits_and_the_token_outlive_a_reload_until_the_tour_is_started_again(
    browser: Browser, graphiql_url: str
) -> None:
    async with visit(browser, graphiql_url) as visited:
        page = visited.page
        await ready(page)
        await run_operation(page, "logIn")
        await open_tab(page, "me")
        await write_editor(page, "operation.graphql", "query mine { me { name } }")
        await page.wait_for_timeout(600)  # GraphiQL writes what it keeps after 500 ms
        await page.reload()
        await ready(page)
        assert await tab_names(page) == ["mine" if name == "me" else name for name in TABS]
        assert await run_operation(page, "mine") == {"data": {"me": {"name": "Ada"}}}

        async def accept(dialog: Dialog) -> None:
            await dialog.accept()

        page.on("dialog", accept)
        async with page.expect_navigation():
            await page.get_by_text("Start the tour again").click()
        await ready(page)
        assert await tab_names(page) == TABS
        assert await headers(page) == PLACEHOLDER
        assert visited.errors == []
