"""Screens of the page beside chat and table: organizations, sites, templates and all accounts."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

from playwright.async_api import Browser, expect

from tests.support.processes.app_browser import choose_in_account_menu, send, sign_up, violations
from tests.support.processes.browser import in_browser, visit
from tests.support.processes.product_process import Product

STOCK = "Item;Price;Quantity\nPaper;4.20;10\nPens;11.90;3\n"


def grant_superuser(product: Product, email: str) -> None:
    command = [sys.executable, "app.py", "superuser", "grant", email]
    environment = {**os.environ, "DATABASE_URL": product.database_url}
    subprocess.run(command, env=environment, check=True, timeout=30, cwd=Path(__file__).parents[2], capture_output=True)


@in_browser
async def test_an_organization_has_sites_with_modules_readings_and_items(browser: Browser, page_url: str) -> None:
    async with visit(browser, page_url) as visited:
        page = visited.page
        # A phone: below the sidebar, which it hides, dialogs were invisible and blocked the page.
        await page.set_viewport_size({"width": 390, "height": 780})
        await sign_up(page, "Annie", "annie@example.com")
        await page.get_by_role("button", name="Sidebar").click()
        await choose_in_account_menu(page, "Organizations")
        dialog = page.get_by_role("dialog", name="Organizations")
        await dialog.get_by_label("Name of a new organization").fill("Observatory")
        await dialog.get_by_role("button", name="Create organization").click()
        await expect(dialog.get_by_text("annie@example.com")).to_be_visible()
        assert await violations(page) == []
        await dialog.get_by_role("button", name="Sites").click()
        await dialog.get_by_label("New site").fill("Plant North")
        await dialog.get_by_role("button", name="Add site").click()
        await dialog.get_by_role("button", name="Plant North").click()
        await dialog.get_by_label("New module").fill("Pump 7")
        await dialog.get_by_label("Kind").fill("pump")
        await dialog.get_by_role("button", name="Add module").click()
        await dialog.get_by_label("New item").fill("Replace the seal")
        await dialog.get_by_role("button", name="Add item").click()
        await dialog.get_by_label("Replace the seal", exact=True).check()
        await expect(dialog.locator(".completed")).to_have_text("Replace the seal")
        assert await violations(page) == []
        await dialog.get_by_role("button", name="Pump 7").click()
        await dialog.get_by_label("Measured quantity").fill("pressure")
        for value in ("1.5", "3.25"):
            await dialog.get_by_label("Value").fill(value)
            await dialog.get_by_role("button", name="Record").click()
            await expect(dialog.get_by_role("cell", name=value, exact=True)).to_be_visible()
        await expect(dialog.get_by_role("img", name="1.5 to 3.25")).to_be_visible()
        await dialog.get_by_label("Status").select_option("DEGRADED")
        await dialog.get_by_role("button", name="Back").click()
        await expect(dialog.get_by_role("button", name=re.compile("Pump 7.*Degraded"))).to_be_visible()
        assert await violations(page) == []
        assert visited.errors == []


@in_browser
async def test_a_template_is_made_and_a_superuser_manages_accounts(
    browser: Browser, page_product: Product, page_url: str
) -> None:
    async with visit(browser, page_url) as visited:
        page = visited.page
        await sign_up(page, "Admiral", "admiral@example.com")
        await send(page, STOCK)
        await page.get_by_role("button", name="Export", exact=True).click()
        await page.get_by_label("CSV", exact=True).check()
        await page.get_by_role("button", name="New template").click()
        form = page.get_by_role("dialog", name="Template for CSV")
        await form.get_by_label("Name of the template").fill("Prices")
        await form.get_by_label("Quantity", exact=True).uncheck()
        await form.get_by_label("Header of Price").fill("Unit price")
        await form.get_by_label("Move Price up").click()
        assert await violations(page) == []
        await form.get_by_role("button", name="Save template").click()
        async with page.expect_download() as download:
            await page.get_by_role("dialog").get_by_role("button", name="Export", exact=True).click()
        path = await (await download.value).path()
        lines = (await asyncio.to_thread(path.read_text, "utf-8-sig")).splitlines()
        assert lines == ["Unit price,Item", "4.20,Paper", "11.90,Pens"]
        await page.keyboard.press("Escape")

        await page.get_by_role("button", name="Your account").click()
        await expect(page.get_by_role("menuitem", name="All accounts")).to_have_count(0)
        await asyncio.to_thread(grant_superuser, page_product, "admiral@example.com")
        await page.reload()
        await choose_in_account_menu(page, "All accounts")
        accounts = page.get_by_role("dialog", name="All accounts")
        await accounts.get_by_label("Name or e-mail address").fill("admiral")
        await expect(accounts.get_by_role("listitem")).to_have_count(1)
        await expect(accounts.get_by_label("Superuser: Admiral")).to_be_disabled()
        await accounts.get_by_label("Notice to everybody").fill("Closed tonight")
        await accounts.get_by_role("button", name="Send").click()
        assert await violations(page) == []
        await accounts.get_by_role("button", name="Close").click()
        await page.get_by_role("button", name="Notifications, 2 unread").click()
        await expect(page.get_by_role("region", name="Notifications").get_by_text("Closed tonight")).to_be_visible()
        assert visited.errors == []
