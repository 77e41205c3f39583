"""Headless Chromium for tests: one page that can reach only its own server, and what GraphiQL shows on it."""

import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, Route, ViewportSize, async_playwright

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
WINDOW = ViewportSize(width=1500, height=900)
DEADLINE = 15.0
Test = TypeVar("Test", bound=Callable[..., Any])
TAB = "button[id^=graphiql-session-tab-]"
RUN = "button.graphiql-execute-button"

# The policy's reports, in the order in which the page saw them.
WATCH_POLICY = """
addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sourceFile }) =>
  console.error(`CSP ${effectiveDirective} ${blockedURI} ${sourceFile}`));
"""
MODEL = "__MONACO.editor.getModels().find((model) => model.uri.path.endsWith(name))"
IS_DONE = f"""(name) => {{
  const text = {MODEL}.getValue();
  return text !== "" && document.querySelector("{RUN}").ariaLabel.startsWith("Execute") ? text : null;
}}"""


@dataclass
class Visit:
    """A page and everything that went wrong on it; each list is empty on a page without fault."""

    page: Page
    errors: list[str] = field(default_factory=list)
    """Console errors, uncaught exceptions and violations of the content security policy."""
    foreign_requests: list[str] = field(default_factory=list)
    """Addresses on other hosts that the page asked for; all were refused."""


def in_browser(test: Test) -> Test:
    """Marks a test that visits pages: all share one event loop, in one process, as they share one browser."""
    marked: Test = pytest.mark.xdist_group("browser")(pytest.mark.asyncio(loop_scope="session")(test))
    return marked


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Started once, as that costs more than a page; skips the tests where Debian's chromium is not installed."""
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("this test needs a browser: install Debian's chromium (apt-get install chromium)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        await browser.close()


@asynccontextmanager
async def visit(browser: Browser, url: str, *, dark: bool = False) -> AsyncIterator[Visit]:
    """Open `url`, on 127.0.0.1, in a fresh profile."""
    scheme: Literal["dark", "light"] = "dark" if dark else "light"
    context = await browser.new_context(viewport=WINDOW, service_workers="block", color_scheme=scheme)
    page = await context.new_page()
    try:
        page.set_default_timeout(DEADLINE * 1000)
        watched = await _watch(Visit(page), urlsplit(url).netloc)
        await page.goto(url)
        yield watched
    finally:
        await context.close()


async def _watch(watched: Visit, host: str) -> Visit:
    page = watched.page

    async def same_host_only(route: Route) -> None:
        if urlsplit(route.request.url).netloc == host:
            await route.continue_()
        else:
            watched.foreign_requests.append(route.request.url)
            await route.abort()

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            watched.errors.append(message.text)

    page.on("console", on_console)
    page.on("pageerror", lambda error: watched.errors.append(str(error)))
    page.on(
        "websocket",
        lambda socket: None if urlsplit(socket.url).netloc == host else watched.foreign_requests.append(socket.url),
    )
    await page.add_init_script(WATCH_POLICY)
    await page.route(lambda address: not address.startswith(("data:", "blob:")), same_host_only)
    return watched


async def ready(page: Page) -> None:
    """Wait until GraphiQL shows its editors and knows the schema."""
    await page.wait_for_selector(".graphiql-query-editor .view-line")
    await page.wait_for_selector(".graphiql-editor-tool .view-line")
    await page.wait_for_selector(".graphiql-sidebar .graphiql-spin", state="detached")


async def tab_names(page: Page) -> list[str]:
    """Return the titles of the tabs, from left to right."""
    return await page.locator(TAB).all_inner_texts()


async def open_tab(page: Page, name: str) -> None:
    """Show the tab of that title."""
    await page.locator(TAB).get_by_text(name, exact=True).click()


async def read_editor(page: Page, name: str) -> str:
    """Return the text of `operation.graphql`, `variables.json`, `request-headers.json` or `response.json`."""
    return str(await page.evaluate(f"(name) => {MODEL}.getValue()", name))


async def write_editor(page: Page, name: str, text: str) -> None:
    """Replace an editor's text; waits until GraphiQL has taken it over (it does so after 100 ms)."""
    await page.evaluate(f"([name, text]) => {MODEL}.setValue(text)", [name, text])
    await page.wait_for_timeout(200)


async def run_operation(
    page: Page, tab_name: str, variables: dict[str, Any] | None = None, *, seconds: float = DEADLINE
) -> dict[str, Any]:
    """Open a tab, run its operation, and return the displayed JSON; of a subscription, the last event.

    `variables` are merged into those in the tab's editor. Raises playwright's TimeoutError after `seconds`.
    """
    await open_tab(page, tab_name)
    if variables is not None:
        stored = json.loads(await read_editor(page, "variables.json") or "{}")
        await write_editor(page, "variables.json", json.dumps({**stored, **variables}, indent=2))
    await page.click(RUN)
    displayed = await page.wait_for_function(IS_DONE, arg="response.json", timeout=seconds * 1000)
    result: dict[str, Any] = json.loads(await displayed.json_value())
    return result
