"""Sheets of Google spreadsheets as a source of imports, read as the person or with the server's service account."""

import asyncio
from pathlib import Path
from typing import IO

import strawberry

from db.google import accounts
from errors import BadUserInput, ProductError, RateLimited, UpstreamFailed
from integrations.google.access import NO_ACCESS, spreadsheet_id_of
from integrations.google.failures import SheetsFailure
from integrations.google.oauth import RECONNECT
from integrations.google.sheet_reader import BAD_RANGE, NO_SHEET, SheetReader, SheetRequest, gid_of
from resolvers.core.context import Context
from resolvers.google.accounts import google_person
from resolvers.imports.layouts import ImportFormat, Layout, ReadOptions
from resolvers.imports.sources import lay_out

SECONDS = 70.0  # a request may take 90
FIELDS = {NO_ACCESS: "url", NO_SHEET: "sheet", BAD_RANGE: "range"}


@strawberry.input(description="A sheet of a Google spreadsheet to import.")
class GoogleSheetInput:
    url: str = strawberry.field(
        description="Address of the spreadsheet, such as https://docs.google.com/spreadsheets/d/…/edit, or its id."
    )
    sheet: str | None = strawberry.field(
        default=None,
        description="Title of the sheet; by default that of the `gid` in the address, otherwise the first that is not "
        "hidden.",
    )
    range: str | None = strawberry.field(
        default=None, description="Cells in A1 notation, such as A1:F200, A:F or 2:100; by default all."
    )

    def request(self) -> SheetRequest:
        """Return the requested part of a spreadsheet. Raises BadUserInput for any other address."""
        key = spreadsheet_id_of(self.url, "googleSheet.url")
        return SheetRequest(key, self.sheet, gid_of(self.url), self.range)


async def lay_out_sheet(
    context: Context, sheet: GoogleSheetInput, rows_file: IO[bytes], options: ReadOptions, directory: Path
) -> Layout:
    """Read a sheet of Google into a layout, titled as its spreadsheet. Raises ProductError."""
    backend, viewer_id = context.backend, context.viewer_id
    request = sheet.request()
    access = backend.google.access_for(await google_person(backend, viewer_id), request.spreadsheet_id)
    reader = SheetReader(access, backend.google.base_url)
    try:
        async with asyncio.timeout(SECONDS):
            title = await backend.google_work.run(viewer_id, reader.read_into, request, rows_file)
    except SheetsFailure as failure:
        if failure.code == RECONNECT:
            await _withdraw(context)
        raise _explained(failure) from failure
    except TimeoutError:
        message = f"Google did not send the sheet within {SECONDS:.0f} seconds. Import a smaller `range`."
        raise UpstreamFailed(message) from None
    finally:
        reader.close()  # also when the caller has left: the thread then sends nothing more
    try:
        layout = await backend.file_work.run(
            viewer_id, lay_out, rows_file, "", ImportFormat.GOOGLE_SHEETS, rows_file, options, directory
        )
    except BadUserInput as error:
        raise BadUserInput.of("googleSheet.url", error.message) from None
    layout.title = title
    return layout


async def _withdraw(context: Context) -> None:
    account = await context.backend.database.read_one(accounts.of_viewer, context.viewer)
    if account is not None:
        await context.write(accounts.withdraw, account.connected_at)


def _explained(failure: SheetsFailure) -> ProductError:
    if failure.code in FIELDS:
        return BadUserInput.of(f"googleSheet.{FIELDS[failure.code]}", failure.message)
    if failure.code == "RATE_LIMITED":
        return RateLimited(failure.message, retryAfterMs=60_000)
    return UpstreamFailed(failure.message)
