"""Pictures of the page for `docs/tour.md` and the README: `make pictures`."""

import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright, expect

from tests.support.processes.app_browser import cell, expect_row, send, sign_up
from tests.support.processes.browser import FLAGS
from tests.support.processes.product_process import running

FOLDER = Path(__file__).parents[3] / "docs" / "pictures"
EXPENSES = """My expenses in Milan:

| Date | What | Category | Amount |
|---|---|---|---:|
| 2026-03-03 | Taxi | Travel | €81.40 |
| 2026-03-03 | Hotel, two nights | Lodging | €312.00 |
| 2026-03-04 | Lunch, two customers | Meals | €64.50 |
| 2026-03-05 | Train to Bologna | Travel | €22.90 |

The taxi receipt was hard to read: please check it."""
MORE = """One more evening:

| Date | What | Category | Amount |
|---|---|---|---|
| 2026-03-05 | Dinner | Meals | €48.00 |
| 2026-03-06 | Museum tickets | Other | €36.00 |"""
LIST = """Name;Price;Bought
Paper;4.20 EUR;14.03.2026
Pens;11.90 EUR;15.03.2026
Glue;2.50 EUR;16.03.2026"""


async def take(page: Page, name: str) -> None:
    await page.wait_for_timeout(500)  # animations end
    await page.screenshot(path=FOLDER / f"{name}.png")


async def reading(page: Page) -> None:
    await send(page, EXPENSES)
    await expect_row(page, 1, ["2026-03-03", "Hotel, two nights", "Lodging", "312.00 EUR"])
    await cell(page, 1, 3).click()
    await expect(page.locator("mark.active")).to_have_text("€312.00")
    await take(page, "reading")


async def conflict(page: Page) -> None:
    other = await page.context.new_page()
    await other.goto(page.url)
    await cell(page, 0, 3).dblclick()
    await cell(other, 0, 3).dblclick()
    await other.locator(".cell-editor").fill("18.40")
    await other.keyboard.press("Enter")
    await expect(cell(page, 0, 3)).to_contain_text("18.40 EUR")
    await page.locator(".cell-editor").fill("81.04")
    await page.keyboard.press("Enter")
    await page.get_by_role("alertdialog").wait_for()
    await take(page, "conflict")
    await page.get_by_role("button", name="Keep the value").click()
    await other.close()


async def review(page: Page) -> None:
    await page.get_by_role("link", name="My expenses in Milan").first.hover()
    await page.get_by_role("button", name="Options of “My expenses in Milan”").click()
    await page.get_by_role("menuitem", name="Share").click()
    await page.get_by_label("Tables in replies").select_option("REVIEW")
    await page.keyboard.press("Escape")
    await send(page, MORE)
    await page.get_by_label("Accept row 2").uncheck()
    await take(page, "review")


async def importing(page: Page) -> None:
    await page.get_by_role("button", name="Import").first.click()
    await page.get_by_label("or paste a table").fill(LIST)
    await page.get_by_role("button", name="Preview").click()
    await page.locator(".preview").wait_for()
    await take(page, "import")
    await page.keyboard.press("Escape")


async def languages(page: Page) -> None:
    await page.get_by_role("link", name="My expenses in Milan").last.click()
    await page.get_by_role("button", name="Your account").click()
    await page.get_by_role("menuitemradio", name="Dark").click()
    await page.get_by_role("button", name="Your account").click()
    await page.get_by_role("menuitemradio", name="العربية").click()
    await page.locator(".grid .cell").first.wait_for()
    await take(page, "arabic")


async def take_all(browser: Browser, url: str) -> None:
    context = await browser.new_context(viewport={"width": 1280, "height": 720})
    page = await context.new_page()
    await page.goto(url)
    await sign_up(page, "Ada Lovelace", "ada@example.com")
    for step in (reading, conflict, review, importing, languages):
        await step(page)


async def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, running(Path(directory)) as product:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            await take_all(browser, f"{product.url}/")
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
