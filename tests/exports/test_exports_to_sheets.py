"""Exports to Google Sheets, by the worker, against a server of the calls that they make."""

import time
from pathlib import Path

from auth.viewer import Viewer
from db.models.jobs import JobStatus
from db.models.tables import Table
from resolvers.core.ids import global_id
from tests.support.in_process_product import CANCEL, HEADER, RETRY, START, InProcessProduct
from tests.support.loopback.service_account import EMAIL
from tests.support.loopback.sheets import LoopbackSheets
from tests.support.processes.waiting import until


async def test_without_a_service_account_nothing_is_begun(product: InProcessProduct, ann: Viewer) -> None:
    arguments = {"tableId": global_id(Table, await product.table(ann)), "destination": "GOOGLE_SHEETS"}
    code, message = await product.refused(ann, START, input=arguments)
    assert code == "NOT_CONFIGURED"
    assert "ask the operator to set GOOGLE_OAUTH_CLIENT_ID" in message
    assert await product.counts() == (0, 0)


async def test_without_a_shared_drive_nothing_is_begun_and_the_ways_out_are_named(
    product: InProcessProduct, ann: Viewer, google: LoopbackSheets, tmp_path: Path
) -> None:
    product.use(google_service_account_file=google.service_account(tmp_path), google_sheets_url=google.url)
    arguments = {"tableId": global_id(Table, await product.table(ann)), "destination": "GOOGLE_SHEETS"}
    code, message = await product.refused(ann, START, input=arguments)
    assert code == "NOT_CONFIGURED"
    assert "(1) operator: GOOGLE_OAUTH_CLIENT_ID" in message
    assert f"(2) share a spreadsheet with {EMAIL}" in message
    assert "(3) operator: GOOGLE_DRIVE_FOLDER in a shared drive, or GOOGLE_DELEGATION." in message
    assert (await product.counts(), google.calls) == ((0, 0), [])


async def test_a_table_becomes_a_spreadsheet_that_is_shared_with_who_asked(
    product: InProcessProduct, ann: Viewer, google: LoopbackSheets
) -> None:
    async with product.working():
        started = await product.start(ann, await product.table(ann), "GOOGLE_SHEETS", sheetName="May")
        done = await product.over(ann, started["id"])
    (result,) = google.spreadsheets.values()
    assert (done["status"], done["url"], done["spreadsheetId"]) == ("COMPLETED", result.url, result.id)
    assert (done["rowCount"], done["revision"], done["progress"]) == (3, 4, {"done": 3, "total": 3})
    assert (result.name, result.sheet.title) == ("Costs", "May")
    assert result.shared_with == {"ann@example.com": "writer"}
    assert result.sheet.values() == [
        HEADER,
        ["Café", 3, 12.5, 0.075, True, 46143, "a, b"],
        ["=1+1", -5, "12345678901234567.89 EUR", "", False],
    ]


async def test_a_refusal_of_google_is_the_error_of_the_export_and_a_retry_uses_the_same_spreadsheet(
    product: InProcessProduct, ann: Viewer, google: LoopbackSheets
) -> None:
    google.fail("spreadsheets.batchUpdate", 403, reason="accessNotConfigured")
    async with product.working():
        started = await product.start(ann, await product.table(ann), "GOOGLE_SHEETS")
        failed = await product.over(ann, started["id"])
        assert (failed["status"], failed["error"]["code"], failed["url"]) == ("FAILED", "API_DISABLED", None)
        await product.get(ann, RETRY, input={"id": started["id"]})
        done = await product.over(ann, started["id"])
    assert (done["status"], done["attempts"], len(google.spreadsheets)) == ("COMPLETED", 2, 1)


async def test_a_server_that_stops_gives_the_export_back_and_the_next_one_finishes_it(
    product: InProcessProduct, ann: Viewer, google: LoopbackSheets
) -> None:
    with google.lock:  # Google does not answer
        async with product.working() as worker:
            started = await product.start(ann, await product.table(ann), "GOOGLE_SHEETS")
            await until(lambda: running(product))
            at = time.monotonic()
            await worker.stop()
            assert time.monotonic() - at < 1
            assert (await product.job()).status is JobStatus.QUEUED
    async with product.working():
        done = await product.over(ann, started["id"])
    assert (done["status"], done["attempts"], len(google.spreadsheets)) == ("COMPLETED", 2, 1)


async def test_a_running_export_can_be_canceled(product: InProcessProduct, ann: Viewer, google: LoopbackSheets) -> None:
    with google.lock:
        async with product.working() as worker:
            started = await product.start(ann, await product.table(ann), "GOOGLE_SHEETS")
            await until(lambda: running(product))
            canceled = (await product.get(ann, CANCEL, input={"id": started["id"]}))["export"]
            assert (canceled["status"], canceled["url"]) == ("CANCELED", None)
            await until(lambda: not worker._runs, seconds=2)
    assert (await product.job()).status is JobStatus.CANCELED


async def running(product: InProcessProduct) -> bool:
    """Return True once the table is read and the writing has begun."""
    job = await product.job()
    return (job.status, job.total) == (JobStatus.RUNNING, 3)
