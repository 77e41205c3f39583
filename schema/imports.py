"""Imports of files and pasted texts into tables."""

import strawberry
from strawberry.scalars import JSON

from db import models
from resolvers.imports import imports
from resolvers.imports.layouts import ImportFormat
from schema.base import Shows, TypeOf, enum, field, output_type
from schema.columns import Column
from schema.operations import mutation
from schema.rows import RejectedRow

enum(
    ImportFormat,
    CSV="Values separated by commas, semicolons or vertical bars, in any common encoding.",
    TSV="Values separated by tabs.",
    XLSX="One sheet of an Excel workbook: the displayed values, with every stored digit.",
    ODS="One sheet of an OpenDocument workbook.",
    PDF="One table of a PDF; `notes` name the others, and `tableIndex` chooses one.",
    GOOGLE_SHEETS="One sheet of a Google spreadsheet, with the argument `googleSheet` alone.",
    HTML="The first table of an HTML page, also in a file named .xls.",
    JSON="Objects or arrays: in an array, one a line, by column, by key, or in a member such as `data`; also GeoJSON.",
    MARKDOWN="One Markdown table.",
)


@output_type
class ImportTablePayload(Shows[imports.ImportedTable]):
    """Result of `importTable`, or with `dryRun` a preview of it."""

    table: TypeOf[models.tables.Table] | None = field("The table after the import; null when nothing was imported.")
    columns: list[Column] = field("Columns for which the rows have values, with types that fit all of them.")
    row_count: int = field("Number of rows added, or with `dryRun` to be added.")
    rejected: list[RejectedRow] = field("The first 100 invalid rows; `index` counts the rows below the header.")
    rejected_count: int = field("Number of all invalid rows.")
    samples: list[JSON] = field("The first ten valid rows: their values by column key.")
    format: ImportFormat = field("Format of the file or text.")
    encoding: str | None = field("Encoding of a text file; null for a workbook and for pasted text.")
    has_byte_order_mark: bool = field("True when the file starts with a byte order mark.")
    delimiter: str | None = field("Delimiter of CSV and TSV; null for other formats.")
    has_header: bool = field("True when the first row holds the column names.")
    header_row: int | None = field(
        "Last row of the header, counted from 1 in the file; 0 when no row holds the column names."
    )
    sheet: str | None = field("Name of the imported sheet of a workbook.")
    notes: list[str] = field(
        "Content that is not in the table or was interpreted: titles, joined headers, units, other tables and sheets, "
        "hidden rows, merged cells, a guessed encoding."
    )
    revision: TypeOf[models.revisions.Revision] | None = field(
        "Revision that records the import, for `undoRevision`; null when nothing was imported."
    )


@strawberry.type
class Mutation:
    import_table = mutation(
        ImportTablePayload,
        imports.import_table,
        "Import the rows of a file, a text or a Google spreadsheet into a table, at most 100,000 rows at once.",
    )
