"""The page while its server restarts, its connection is lost, and with two servers."""

import asyncio
import signal

from playwright.async_api import Browser, expect

from tests.support.processes.app_browser import STORY, cell, expect_row, log_in, send, sign_up
from tests.support.processes.browser import in_browser, visit
from tests.support.processes.product_process import Product

EXPENSES = "Date;What;Amount\n2026-03-03;Taxi;81.40\n2026-03-04;Hotel;312.00\n"


@in_browser
async def test_a_restart_in_mid_reply_loses_no_edit_and_a_lost_connection_no_character(
    browser: Browser, storyteller: Product
) -> None:
    async with visit(browser, f"{storyteller.url}/") as visited:
        page = visited.page
        await sign_up(page, "Ursula", "ursula@example.com")
        await send(page, "Tell a story")
        await expect(page.locator(".message.assistant")).to_contain_text("word9")
        await page.get_by_role("button", name="New table").first.click()
        await page.get_by_role("button", name="Add row").click()
        await expect(cell(page, 0, 0)).to_be_visible()
        await asyncio.to_thread(storyteller.stop, signal.SIGKILL)
        await expect(page.get_by_text("The connection was lost")).to_be_visible()
        await cell(page, 0, 0).click()
        await page.keyboard.type("kept")
        await page.keyboard.press("Enter")
        await expect(page.locator(".cell.unsent .cell-text")).to_have_text("kept")
        await page.get_by_label("Paste a text, drop a file").fill("A draft")
        await asyncio.to_thread(storyteller.start)
        await asyncio.to_thread(storyteller.wait_until_ready)
        await expect(page.locator(".cell.unsent")).to_have_count(0)
        await expect(page.get_by_text("The reply was interrupted.")).to_be_visible()
        await page.reload()
        await expect(cell(page, 0, 0).locator(".cell-text")).to_have_text("kept")
        await expect(page.get_by_label("Paste a text, drop a file")).to_have_value("A draft")

        await page.get_by_role("button", name="Write the reply again").click()
        await expect(page.locator(".message.assistant")).to_contain_text("word9")
        await page.context.set_offline(True)
        await expect(page.get_by_text("You are offline")).to_be_visible()
        await page.context.set_offline(False)
        await expect(page.locator(".message.assistant .markdown")).to_have_text(STORY)
        await expect(page.get_by_role("button", name="Stop")).to_have_count(0)
        # A proxy's refusal keeps the draft and says what to do.
        await page.route("**/graphql", lambda route: route.fulfill(status=413, body="{}"))
        await page.get_by_label("Paste a text, drop a file").press("Enter")
        await expect(page.get_by_text("This is larger than the server accepts.")).to_be_visible()
        await expect(page.get_by_label("Paste a text, drop a file")).to_have_value("A draft")


@in_browser
async def test_two_servers_show_one_table_to_two_people(browser: Browser, two_servers: list[str]) -> None:
    first, second = two_servers
    async with visit(browser, first) as one, visit(browser, second) as other:
        await sign_up(one.page, "Radia", "radia@example.com")
        await send(one.page, EXPENSES)
        await expect_row(one.page, 0, ["2026-03-03", "Taxi", "81.40"])
        await log_in(other.page, "radia@example.com")
        await other.page.get_by_role("link", name="Date, What, Amount").click()
        await expect_row(other.page, 1, ["2026-03-04", "Hotel", "312.00"])
        await cell(other.page, 1, 1).click()
        await other.page.keyboard.type("Hostel")
        await other.page.keyboard.press("Enter")
        await expect_row(one.page, 1, ["2026-03-04", "Hostel", "312.00"])
        await one.page.get_by_role("button", name="Export", exact=True).click()
        await one.page.get_by_label("CSV", exact=True).check()
        async with one.page.expect_download() as download:
            await one.page.get_by_role("dialog").get_by_role("button", name="Export", exact=True).click()
        path = await (await download.value).path()
        assert "2026-03-04,Hostel,312.00" in await asyncio.to_thread(path.read_text)
        assert one.errors == other.errors == []
