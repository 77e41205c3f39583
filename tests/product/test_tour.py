"""The tour in GraphiQL, in a browser, against the product as a stranger runs it, with every other host blocked."""

import io
from pathlib import Path

import httpx
import openpyxl
from playwright.async_api import Browser, expect

from tests.support.processes.browser import in_browser, ready, run_operation, tab_names, visit
from tests.support.processes.product_process import running


@in_browser
async def test_every_tab_of_the_tour_runs(browser: Browser, tmp_path: Path) -> None:
    with running(tmp_path) as product:
        async with visit(browser, f"{product.url}/graphql") as visitor:
            await ready(visitor.page)
            answers = {}
            for name in await tab_names(visitor.page):
                answers[name] = await run_operation(visitor.page, name)
                assert "errors" not in answers[name], (name, answers[name], product.lines[-3:])
            link = visitor.page.locator(".notice a")
            await expect(link).to_be_visible()
            url = await link.get_attribute("href")
        assert visitor.errors == []
        assert visitor.foreign_requests == []
        assert answers["replyStream"]["data"]["replyStream"]["message"]["status"] == "COMPLETED"
        assert answers["updateCells"]["data"]["updateCells"]["revision"]["summary"] == "1 cell changed"
        assert answers["undoRevision"]["data"]["undoRevision"]["revision"]["source"] == "UNDO"
        exported = answers["exportProgress"]["data"]["exportProgress"]
        assert (exported["status"], exported["rowCount"]) == ("COMPLETED", 4)
        assert url is not None
        async with httpx.AsyncClient() as http:
            file = await http.get(httpx.URL(product.url).join(url))
        sheet = openpyxl.load_workbook(io.BytesIO(file.content)).worksheets[0]
        assert sheet.max_row == 5
