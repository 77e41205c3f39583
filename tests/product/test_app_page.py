"""The page for people: built from its sources, true to the schema, and at work in a browser."""

import asyncio
import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from graphql import build_schema, parse, print_ast, validate
from graphql.utilities import separate_operations
from playwright.async_api import Browser, Request, expect

from execution.documents import Document, Documents
from execution.errors import OperationError
from execution.limits import Limits
from schema.core.costs import WEIGHTS
from tests.support.loopback.openid import LoopbackOpenID
from tests.support.processes.app_browser import (
    cell,
    expect_row,
    paste,
    send,
    sign_up,
    violations,
)
from tests.support.processes.browser import in_browser, visit
from transport.app_page import DIRECTORY

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "web" / "app"
SIZE_LIMIT = 350_000
EXPENSES = """My expenses:

| Date | What | Amount |
|---|---|---|
| 2026-03-03 | Taxi | €81.40 |
| 2026-03-04 | Hotel | €312.00 |
"""
HOSTILE = """Item; Note; Price
<img src=x onerror=alert(1)>; <script>alert(2)</script>; 1
=HYPERLINK("http://192.0.2.1/"); ‮gnp.exe‬; 2
{{constructor.constructor('alert(3)')()}}; javascript:alert(4); 3
"""


def test_every_operation_of_the_page_fits_the_schema() -> None:
    schema = build_schema((ROOT / "schema" / "schema.graphql").read_text(encoding="utf-8"))
    files = sorted((SOURCES / "src").rglob("*.graphql"))
    operations = parse("\n".join(file.read_text(encoding="utf-8") for file in files))
    assert [error.message for error in validate(schema, operations)] == []


def test_every_operation_of_the_page_is_within_the_limits() -> None:
    """Also with the largest pages: the cost of an operation is limited, and a refusal leaves a dialog empty."""
    documents = Documents(
        build_schema((ROOT / "schema" / "schema.graphql").read_text(encoding="utf-8")), Limits(), WEIGHTS
    )
    files = sorted((SOURCES / "src").rglob("*.graphql"))
    operations = separate_operations(parse("\n".join(file.read_text(encoding="utf-8") for file in files)))
    sizes = {"first": 100, "last": 100, "ids": ["id"] * 100}
    refused: dict[str, str] = {}
    for name, node in operations.items():
        document = documents.read(print_ast(node))
        try:
            assert isinstance(document, Document), document
            documents.cost_of(document, document.operations[0], sizes)
        except (AssertionError, OperationError) as error:
            refused[name] = str(error)
    assert refused == {}


def test_the_page_fits_in_350_kilobytes() -> None:
    assert sum(path.stat().st_size for path in (DIRECTORY / "assets").iterdir()) <= SIZE_LIMIT


def test_the_page_has_no_script_or_style_of_its_own_and_names_only_assets_that_exist() -> None:
    index = (DIRECTORY / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]* src=)|<style| style=| on\w+=", index) == []
    named = re.findall(r'(?:src|href)="/static/assets/([^"]+)"', index)
    assert len(named) >= 3
    assert [name for name in named if not (DIRECTORY / "assets" / f"{name}.gz").is_file()] == []


def test_the_built_page_is_of_the_sources() -> None:
    """`make app` writes the digest of the sources that it built."""
    names = [*(SOURCES / "src").rglob("*"), SOURCES / "build.mjs", SOURCES / "package-lock.json"]
    files = [path for path in names if path.is_file() and path.name != "generated.ts"]
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda path: path.relative_to(SOURCES).as_posix()):
        digest.update(path.relative_to(SOURCES).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    assert (DIRECTORY / "sources.txt").read_text() == digest.hexdigest() + "\n", "run: make app"


def test_building_again_gives_the_same_bytes(tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None or not (SOURCES / "node_modules").is_dir():
        pytest.skip("this test needs Node.js: run npm ci --prefix web/app")
    subprocess.run([npm, "run", "--silent", "build", "--", str(tmp_path)], cwd=SOURCES, check=True, timeout=120)

    def content(folder: Path) -> dict[str, bytes]:
        files = (path for path in folder.rglob("*") if path.is_file() and path.name != "csp.txt")
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    built, committed = content(tmp_path), content(DIRECTORY)
    assert built.keys() == committed.keys()
    assert [name for name in built if built[name] != committed[name]] == []


@in_browser
async def test_a_pasted_table_is_read_corrected_undone_and_downloaded(browser: Browser, page_url: str) -> None:
    async with visit(browser, page_url) as visited:
        page = visited.page
        assert await violations(page) == []
        await sign_up(page, "Ada Lovelace", "ada@example.com")
        assert await violations(page) == []
        await send(page, EXPENSES)
        await expect_row(page, 1, ["2026-03-04", "Hotel", "312.00 EUR"])
        await cell(page, 0, 2).click()
        await expect(page.locator("mark.active")).to_have_text("€81.40")
        await page.locator("mark", has_text="Hotel").click()
        await expect(page.locator(".cell.lit .cell-text")).to_have_text("Hotel")
        assert await violations(page) == []
        await cell(page, 0, 2).dblclick()
        await page.keyboard.type("1o8")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("1o8")
        await page.keyboard.press("ControlOrMeta+a")
        await page.keyboard.type("18.40")
        await page.keyboard.press("Enter")
        await expect_row(page, 0, ["2026-03-03", "Taxi", "18.40 EUR"])
        await page.get_by_role("button", name="Undo").click()
        await expect_row(page, 0, ["2026-03-03", "Taxi", "81.40 EUR"])
        await page.get_by_role("button", name="Export").click()
        assert await violations(page) == []
        async with page.expect_download() as download:
            await page.get_by_role("dialog").get_by_role("button", name="Export").click()
        path = await (await download.value).path()
        assert (await asyncio.to_thread(path.read_bytes))[:2] == b"PK"
        assert [error for error in visited.errors if "400" not in error] == []
        assert visited.foreign_requests == []


@in_browser
async def test_a_provider_signs_a_person_in_once(
    browser: Browser, provider: LoopbackOpenID, sign_in_page_url: str
) -> None:
    async with visit(browser, sign_in_page_url) as visited:
        page = visited.page
        await page.route(f"{provider.issuer}/**", lambda route: route.continue_())
        button = page.get_by_role("button", name="Sign in with Loopback")
        await expect(button).to_be_visible()
        assert await violations(page) == []
        await button.click()
        await expect(page.get_by_role("button", name="New conversation")).to_be_visible()
        assert "signInCode" not in page.url
        # The code of another browser is refused and leaves the address, as its verifier is missing here.
        await page.evaluate("localStorage.clear()")
        await page.goto(f"{sign_in_page_url}#signInCode=of-somebody-else")
        await page.reload()
        await expect(page.get_by_role("alert")).to_contain_text("This code is wrong")
        assert "signInCode" not in page.url


@in_browser
async def test_the_keyboard_alone_writes_fills_undoes_pastes_and_clears(browser: Browser, page_url: str) -> None:
    async with visit(browser, page_url, dark=True) as visited:
        page, keys = visited.page, visited.page.keyboard
        await sign_up(page, "Grace", "grace@example.com")
        await page.get_by_label("Paste a text, drop a file").focus()
        await keys.insert_text(EXPENSES)
        await keys.press("Enter")
        await expect_row(page, 0, ["2026-03-03", "Taxi", "81.40 EUR"])
        await page.get_by_role("grid").focus()
        for key in ("ArrowRight", "F2"):
            await keys.press(key)
        await page.locator(".cell-editor").fill("Tram")
        await keys.press("Tab")
        await expect_row(page, 0, ["2026-03-03", "Tram", "81.40 EUR"])
        for key in ("ArrowLeft", "Shift+ArrowDown", "ControlOrMeta+d"):
            await keys.press(key)
        await expect_row(page, 1, ["2026-03-04", "Tram", "312.00 EUR"])
        await keys.press("ControlOrMeta+z")
        await expect_row(page, 1, ["2026-03-04", "Hotel", "312.00 EUR"])
        await keys.press("ControlOrMeta+y")
        await expect_row(page, 1, ["2026-03-04", "Tram", "312.00 EUR"])
        for key in ("ControlOrMeta+Home", "ArrowDown"):
            await keys.press(key)
        await paste(page, '2026-03-05\tLunch\t"12,50 €"\r\n2026-03-06\tTea\t3\r\n')
        await expect_row(page, 1, ["2026-03-05", "Lunch", "12.50 EUR"])
        await expect_row(page, 2, ["2026-03-06", "Tea", "3 EUR"])
        await keys.press("Delete")
        await expect_row(page, 2, ["", "", ""])
        for _ in range(4):  # over the menus of three columns
            await keys.press("Tab")
        assert await page.evaluate("!document.querySelector('[role=grid]').contains(document.activeElement)")
        assert await violations(page) == []
        assert visited.errors == []


@in_browser
async def test_two_tabs_see_each_others_edits_and_solve_a_conflict(browser: Browser, page_url: str) -> None:
    async with visit(browser, page_url) as visited:
        page = visited.page
        await sign_up(page, "Mary", "mary@example.com")
        await send(page, EXPENSES)
        await expect_row(page, 0, ["2026-03-03", "Taxi", "81.40 EUR"])
        other = await page.context.new_page()
        await other.goto(page.url)
        await cell(other, 0, 1).dblclick()
        await cell(page, 0, 1).dblclick()
        await page.keyboard.press("ControlOrMeta+a")
        await page.keyboard.type("Tram")
        await page.keyboard.press("Enter")
        await expect(cell(other, 0, 1)).to_contain_text("Tram")
        await other.locator(".cell-editor").fill("Bus")
        await other.keyboard.press("Enter")
        conflict = other.get_by_role("alertdialog")
        await expect(conflict).to_contain_text("Tram")
        assert await violations(other) == []
        await conflict.get_by_role("button", name="Use mine").click()
        await expect_row(other, 0, ["2026-03-03", "Bus", "81.40 EUR"])
        await expect_row(page, 0, ["2026-03-03", "Bus", "81.40 EUR"])
        await page.context.set_offline(True)
        await cell(page, 1, 1).click()
        await page.keyboard.type("Hostel")
        await page.keyboard.press("Enter")
        await expect(page.locator(".cell.unsent .cell-text")).to_have_text("Hostel")
        await page.context.set_offline(False)
        await expect_row(other, 1, ["2026-03-04", "Hostel", "312.00 EUR"])


@in_browser
async def test_a_proposal_is_reviewed_in_its_place(browser: Browser, page_url: str) -> None:
    async with visit(browser, page_url) as visited:
        page = visited.page
        await sign_up(page, "Joan", "joan@example.com")
        await send(page, "Hello")
        await expect(page.get_by_text("I found no table")).to_be_visible()
        await page.get_by_role("link", name="Hello").hover()
        await page.get_by_role("button", name="Options of “Hello”").click()
        await page.get_by_role("menuitem", name="Share").click()
        await page.get_by_label("Tables in replies").select_option("REVIEW")
        await page.keyboard.press("Escape")
        await send(page, EXPENSES)
        await expect(page.get_by_role("button", name="Accept all")).to_be_visible()
        assert await violations(page) == []
        await page.get_by_label("Accept row 2").uncheck()
        await page.get_by_role("textbox", name="What").first.fill("Tram")
        await page.get_by_role("button", name="Accept 1 row").click()
        await page.get_by_role("link", name="My expenses").first.click()
        await expect_row(page, 0, ["2026-03-03", "Tram", "81.40 EUR"])
        await expect(page.get_by_text("1 row", exact=True)).to_be_visible()
        assert visited.errors == []


@in_browser
async def test_a_hostile_message_and_table_are_shown_as_text(browser: Browser, page_url: str) -> None:
    async with visit(browser, page_url) as visited:
        page = visited.page
        dialogs: list[str] = []
        page.on("dialog", lambda dialog: dialogs.append(dialog.message))
        await sign_up(page, "<b>Eve</b>", "eve@example.com")
        await send(page, HOSTILE + "x" * 32_000)
        await expect(cell(page, 0, 0)).to_contain_text("<img src=x onerror=alert(1)>")
        await expect(cell(page, 0, 1)).to_contain_text("<script>alert(2)</script>")
        assert await cell(page, 1, 1).locator("[dir=auto]").count() == 1
        await expect(page.get_by_role("button", name="Show all")).to_be_visible()
        assert await page.locator("main img, main script, main a[href^='javascript']").count() == 0
        assert await violations(page) == []
        assert dialogs == []
        assert visited.errors == []
        assert visited.foreign_requests == []


@in_browser
async def test_a_phone_in_arabic_shows_one_pane_at_a_time(browser: Browser, page_url: str) -> None:
    async with visit(browser, page_url) as visited:
        page = visited.page
        await page.set_viewport_size({"width": 390, "height": 780})
        await sign_up(page, "Fatima", "fatima@example.com")
        await send(page, EXPENSES)
        await page.get_by_role("button", name="Table new rows").click()
        await expect_row(page, 0, ["2026-03-03", "Taxi", "81.40 EUR"])
        await page.get_by_role("button", name="Sidebar").click()
        await page.get_by_role("button", name="Your account").click()
        await page.get_by_role("menuitemradio", name="العربية").click()
        await expect(page.get_by_role("button", name="تصدير")).to_be_visible()
        assert await page.evaluate("document.dir") == "rtl"
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await violations(page) == []
        assert visited.errors == []


@in_browser
async def test_two_tabs_refresh_a_session_once_and_sign_out_together(browser: Browser, page_url: str) -> None:
    async with visit(browser, page_url) as visited:
        page = visited.page
        await sign_up(page, "Edith", "edith@example.com")
        other = await page.context.new_page()
        await other.goto(page_url)
        await other.get_by_text("What should become a table?").wait_for()
        refreshes: list[str] = []

        def note(request: Request) -> None:
            if "RefreshSession" in (request.post_data or ""):
                refreshes.append(request.url)

        page.on("request", note)
        other.on("request", note)
        expire = """() => {
          const session = JSON.parse(localStorage.getItem("sheetgpt.session"));
          localStorage.setItem("sheetgpt.session", JSON.stringify({ ...session, expiresAt: 0 }));
        }"""
        await page.evaluate(expire)
        await asyncio.gather(*(tab.get_by_role("button", name="Deleted").click() for tab in (page, other)))
        await asyncio.gather(*(expect(tab.get_by_text("Nothing is deleted.")).to_be_visible() for tab in (page, other)))
        assert len(refreshes) == 1
        await page.get_by_role("button", name="Your account").click()
        await page.get_by_role("menuitem", name="Sign out").click()
        await asyncio.gather(*(expect(tab.get_by_label("Password")).to_be_visible() for tab in (page, other)))
        assert visited.errors == []
