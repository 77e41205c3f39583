"""Imports of files and pasted texts into tables, and previews of them."""

import io
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import IO, Annotated

import strawberry
from strawberry import argument
from uuid_utils.compat import uuid7

from db.core.base import Visibility
from db.imports import imports
from db.imports.imports import ImportResult
from db.models.revisions import Revision
from db.models.tables import Table
from db.tables.editing.column_rules import clean_name
from db.tables.editing.rows import OnError, RejectedRow
from db.tables.editing.values import MAX_ERRORS
from errors import BadUserInput
from integrations.documents.failures import DocumentRefused
from integrations.documents.kinds import check_workbook
from resolvers.core.charges import count_rows, count_uploads
from resolvers.core.context import Context, IdempotencyKey, Info
from resolvers.core.ids import decode_id
from resolvers.core.uploads import Upload
from resolvers.imports.google_sheets import GoogleSheetInput, lay_out_sheet
from resolvers.imports.layouts import ImportFormat, Layout, ReadOptions
from resolvers.imports.options import read_options
from resolvers.imports.readings import Reading, read
from resolvers.imports.sources import detect_format, encoding_of, lay_out
from resolvers.imports.targets import new_target, organization_of, refuse_place, target_of
from resolvers.organizations.storage import check_storage
from resolvers.tables.tables import forget_columns
from tables.types.types import Column, Value

MAX_TEXT = 2_000_000  # characters that are pasted


@dataclass(frozen=True)
class ImportedTable:
    """Result of an import, or its preview; `table` is None when nothing was imported."""

    table: Table | None
    columns: list[Column]
    row_count: int
    rejected: Sequence[RejectedRow]
    rejected_count: int
    samples: list[dict[str, Value]]
    format: ImportFormat
    encoding: str | None
    has_byte_order_mark: bool
    delimiter: str | None
    has_header: bool
    header_row: int
    sheet: str | None
    notes: list[str]
    revision: Revision | None = None


async def import_table(
    info: Info,
    table_id: Annotated[
        strawberry.ID | None, argument(description="The table that rows are added to; a new one when empty.")
    ] = None,
    name: Annotated[str | None, argument(description="Name of a new table; by default the file's name.")] = None,
    conversation_id: Annotated[
        strawberry.ID | None, argument(description="The conversation that a new table belongs to.")
    ] = None,
    organization_id: Annotated[
        strawberry.ID | None,
        argument(description="Organization that owns a new table; by default the conversation's, otherwise your own."),
    ] = None,
    visibility: Annotated[
        Visibility | None, argument(description="Users who can see a new table besides you; by default PRIVATE.")
    ] = None,
    text: Annotated[str | None, argument(description="Text to import; send this, `file` or `googleSheet`.")] = None,
    file: Annotated[Upload | None, argument(description="File to import; send this, `text` or `googleSheet`.")] = None,
    google_sheet: Annotated[
        GoogleSheetInput | None,
        argument(
            description="Sheet to import, instead of a text or a file. It is read with your connected Google account, "
            "otherwise with the server's service account: then it is shared with this account's address and yours."
        ),
    ] = None,
    format: Annotated[ImportFormat | None, argument(description="Format; by default detected from content.")] = None,
    sheet: Annotated[
        str | None, argument(description="The sheet of a workbook; its first with rows that is not hidden, when empty.")
    ] = None,
    has_header: Annotated[
        bool | None, argument(description="True if the first row holds the column names; by default detected.")
    ] = None,
    encoding: Annotated[
        str | None, argument(description="Encoding, such as `windows-1252`; by default detected from the content.")
    ] = None,
    delimiter: Annotated[
        str | None, argument(description="One character between values, such as `;`; by default detected.")
    ] = None,
    header_row: Annotated[
        int | None,
        argument(description="Row with the column names, counted from 1; 0 for none; by default detected."),
    ] = None,
    skip_rows: Annotated[
        int | None, argument(description="Number of rows at the beginning to leave out; by default 0.")
    ] = None,
    decimal_mark: Annotated[
        str | None, argument(description="Decimal mark of numbers, `.` or `,`; by default detected by column.")
    ] = None,
    table_index: Annotated[
        int | None,
        argument(description="Number of the table in a file with several, counted from 1; by default the first."),
    ] = None,
    on_error: Annotated[OnError, argument(description="Handling of the valid rows when others are invalid.")] = (
        OnError.REJECT_ALL
    ),
    dry_run: Annotated[
        bool, argument(description="Only say which columns it would have, which rows do not fit, and show some.")
    ] = False,
    idempotency_key: IdempotencyKey = None,
) -> ImportedTable:
    context = info.context
    if table_id is None:
        target = await new_target(context, name or _stem(file), conversation_id, organization_id, visibility)
    else:
        refuse_place(conversation_id=conversation_id, organization_id=organization_id, visibility=visibility)
        target = await target_of(context, decode_id(table_id, Table))
    source = _source(text, file, google_sheet)
    await count_uploads(context, 0 if file is None else 1)
    if not dry_run:
        await check_storage(context, await organization_of(context, target), 0)
    known = frozenset(column.name.casefold() for column in target.columns)
    options = read_options(has_header, known, encoding, delimiter, header_row, skip_rows, decimal_mark, table_index)
    async with _laid_out(context, source, file.name if file else "", format, sheet, options) as layout:
        if layout.title is not None and name is None:
            target = replace(target, name=layout.title[:100])
        files = context.backend.file_work
        reading = await files.run(context.viewer_id, read, layout, target, context.backend.settings.files_dir)
        with reading.file:
            if dry_run:
                return _answer(layout, reading, await _rehearse(context, reading), is_kept=False)
            return _answer(layout, reading, await _import(context, reading, on_error, idempotency_key))


async def _rehearse(context: Context, reading: Reading) -> ImportResult | None:
    """Return the preview of an import with unique columns; None when the table has none."""
    target = reading.target
    if target.table_id is None or not any(column.is_unique for column in target.columns):
        return None
    return await context.write(imports.dry_run, target, reading.rows())


async def _import(context: Context, reading: Reading, on_error: OnError, key: str | None) -> ImportResult:
    if reading.rejected and on_error is OnError.REJECT_ALL:
        fields = [error for row in reading.rejected for error in row.field_errors][:MAX_ERRORS]
        many = f"{reading.rejected_count:,} rows do" if reading.rejected_count > 1 else "1 row does"
        message = f"{many} not fit, so none was imported: correct them, or send onError: SKIP_INVALID."
        raise BadUserInput(message, fields=fields)
    if reading.target.table_id is None:
        clean_name(reading.target.name, "name")
    await count_rows(context, reading.count)
    result = await context.write(imports.import_rows, reading.target, reading.rows(), reading.count, on_error, key)
    forget_columns(context)
    return result


def _stem(file: Upload | None) -> str:
    return (file.name.rpartition(".")[0] or file.name)[:100] if file else "Imported table"


def _source(
    text: str | None, file: Upload | None, google_sheet: GoogleSheetInput | None
) -> IO[bytes] | GoogleSheetInput:
    if sum(source is not None for source in (text, file, google_sheet)) != 1:
        raise BadUserInput.of("file", "Send either text, a file or googleSheet.")
    if google_sheet is not None:
        return google_sheet
    if file is not None:
        return file.file
    assert text is not None
    if not text:
        raise BadUserInput.of("text", "The text is empty. Send a header row and at least one row of values.")
    if len(text) > MAX_TEXT:
        raise BadUserInput.of("text", f"Paste at most {MAX_TEXT:,} characters; send more as a file.")
    return io.BytesIO(text.encode("utf-8", "replace"))


@asynccontextmanager
async def _laid_out(
    context: Context,
    source: IO[bytes] | GoogleSheetInput,
    name: str,
    format: ImportFormat | None,
    sheet: str | None,
    options: ReadOptions,
) -> AsyncIterator[Layout]:
    directory, files, person = context.backend.settings.files_dir, context.backend.file_work, context.viewer_id
    with tempfile.TemporaryFile(dir=directory if directory.is_dir() else None) as rows_file:
        if isinstance(source, GoogleSheetInput):
            _refuse_for_google(format, sheet)
            layout = await lay_out_sheet(context, source, rows_file, options, directory)
            with layout.file:
                yield layout
            return
        try:
            what = format if format is not None else await files.run(person, detect_format, source, options.encoding)
            if what is ImportFormat.GOOGLE_SHEETS:
                raise BadUserInput.of("format", "GOOGLE_SHEETS needs googleSheet with the address of a spreadsheet.")
            if what in {ImportFormat.XLSX, ImportFormat.ODS}:
                await files.run(person, check_workbook, source)
                await context.backend.documents.rows_into(source, rows_file, sheet, person=person)
            elif what is ImportFormat.PDF and sheet is None:
                await context.backend.documents.table_into(source, rows_file, options.table_index, person=person)
            elif what is ImportFormat.HTML and sheet is None:
                encoding = await files.run(person, encoding_of, source, options.encoding)
                await context.backend.documents.html_into(source, rows_file, encoding.name, person=person)
            elif sheet is not None:
                raise BadUserInput.of("sheet", f"Only a workbook has sheets, and this is {what}: leave it out.")
        except DocumentRefused as error:
            raise BadUserInput.of("file" if name else "text", str(error)) from None
        options = replace(options, is_detected=format is None)
        layout = await files.run(person, lay_out, source, name, what, rows_file, options, directory)
        with layout.file:
            yield layout


def _refuse_for_google(format: ImportFormat | None, sheet: str | None) -> None:
    if format not in {None, ImportFormat.GOOGLE_SHEETS}:
        raise BadUserInput.of("format", "A Google spreadsheet has its own format: leave this out.")
    if sheet is not None:
        raise BadUserInput.of("sheet", "Name the sheet of a Google spreadsheet in googleSheet.sheet.")


def _answer(layout: Layout, reading: Reading, result: ImportResult | None, *, is_kept: bool = True) -> ImportedTable:
    in_the_way = list(result.rejected) if result else []
    # Columns that were read from a file belong to no table yet; a preview's belong to none ever.
    scope = result.table.id.hex if result else uuid7().hex
    return ImportedTable(
        table=result.table if result and is_kept else None,
        columns=[column if column.scope else replace(column, scope=scope) for column in reading.columns],
        row_count=result.row_count if result else reading.count,
        rejected=[*reading.rejected, *in_the_way],
        rejected_count=reading.rejected_count + (reading.count - result.row_count if result else 0),
        samples=reading.samples,
        format=layout.format,
        encoding=layout.encoding,
        has_byte_order_mark=layout.has_mark,
        delimiter=layout.delimiter,
        has_header=layout.has_header,
        header_row=layout.header_row,
        sheet=layout.sheet,
        notes=layout.notes,
        revision=result.revision if result else None,
    )
