"""The page for people: built from its sources, true to the schema, and at work in a browser."""

import hashlib
import re
from pathlib import Path

from graphql import build_schema, parse, validate
from graphql.language import DocumentNode
from playwright.async_api import Browser, Page, expect

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


def operations() -> DocumentNode:
    files = sorted((SOURCES / "src").rglob("*.graphql"))
    return parse("\n".join(file.read_text(encoding="utf-8") for file in files))


def test_every_operation_of_the_page_fits_the_schema() -> None:
    schema = build_schema((ROOT / "schema" / "schema.graphql").read_text(encoding="utf-8"))
    assert [error.message for error in validate(schema, operations())] == []


def test_the_page_fits_in_350_kilobytes() -> None:
    assert sum(path.stat().st_size for path in (DIRECTORY / "assets").iterdir()) <= SIZE_LIMIT


def test_the_page_has_no_script_or_style_of_its_own_and_names_only_assets_that_exist() -> None:
    index = (DIRECTORY / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]* src=)|<style| style=| on\w+=", index) == []
    named = re.findall(r'(?:src|href)="/static/assets/([^"]+)"', index)
    assert len(named) == 2
    assert [name for name in named if not (DIRECTORY / "assets" / f"{name}.gz").is_file()] == []


def test_the_built_page_is_of_the_sources() -> None:
    """`make app` writes the digest of the sources that it built."""
    names = [*(SOURCES / "src").rglob("*"), SOURCES / "build.mjs", SOURCES / "package-lock.json"]
    files = [path for path in names if path.is_file() and path.name != "generated.ts"]
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda path: path.relative_to(SOURCES).as_posix()):
        digest.update(path.relative_to(SOURCES).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    assert (DIRECTORY / "sources.txt").read_text() == digest.hexdigest() + "\n", "run: make app"


async def sign_up(page: Page, name: str, email: str) -> None:
    await page.get_by_role("button", name="Create an account").click()
    await page.get_by_label("Your name").fill(name)
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill("paper-lantern-orbit-47")
    await page.get_by_role("button", name="Create account").click()


@in_browser
async def test_a_pasted_table_is_read_corrected_undone_and_downloaded(browser: Browser, page_url: str) -> None:
    async with visit(browser, page_url) as visited:
        page = visited.page
        await sign_up(page, "Ada Lovelace", "ada@example.com")
        message = page.get_by_label("Paste a text, drop a file")
        await message.fill(EXPENSES)
        await message.press("Enter")
        grid = page.get_by_role("grid", name="My expenses")
        await expect(grid.get_by_role("gridcell", name="312.00 EUR")).to_be_visible()
        amount = grid.get_by_role("gridcell", name="81.40 EUR")
        await amount.click()
        await expect(page.locator("mark.active")).to_have_text("€81.40")
        await page.locator("mark", has_text="Hotel").click()
        await expect(grid.locator(".lit")).to_have_text(re.compile("Hotel"))
        await amount.dblclick()
        await page.keyboard.type("1o8")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("1o8")
        await page.keyboard.press("ControlOrMeta+a")
        await page.keyboard.type("18.40")
        await page.keyboard.press("Enter")
        await expect(grid.get_by_role("gridcell", name="18.40 EUR")).to_be_visible()
        await grid.press("ControlOrMeta+z")
        await expect(amount).to_be_visible()
        await page.get_by_role("button", name="Export").click()
        async with page.expect_download() as download:
            await page.get_by_role("dialog").get_by_role("button", name="Export").click()
        assert Path(await (await download.value).path()).read_bytes()[:2] == b"PK"
        assert visited.errors == []
        assert visited.foreign_requests == []
