"""Imports: a file or a pasted text into a table."""

from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from resolvers.imports import imports
from resolvers.imports.layouts import ImportFormat
from schema.base import enum, field, mutation, output_type
from schema.revisions import Revision
from schema.rows import Column, RejectedRow

if TYPE_CHECKING:
    from schema.tables import Table
else:  # tables list what this module is listed with
    Table = Annotated["Table", strawberry.lazy("schema.tables")]

enum(
    ImportFormat,
    CSV="Values separated by commas, semicolons or bars, in any common encoding.",
    TSV="Values separated by tabs.",
    XLSX="A workbook: what a person sees in one of its sheets, with every digit that is stored.",
    JSON="An array of objects, or of arrays whose first one names the columns.",
    MARKDOWN="One Markdown table.",
)


@output_type
class ImportTablePayload:
    """What was imported, or with `dryRun` what would be."""

    table: Table | None = field("The table, as it is now; null when nothing was imported.")
    columns: list[Column] = field("The columns that the rows have values for, with the types that fit all of them.")
    row_count: int = field("How many rows were added, or would be.")
    rejected: list[RejectedRow] = field(
        "The first hundred rows that do not fit; `index` counts the rows below the header."
    )
    rejected_count: int = field("How many rows do not fit.")
    samples: list[JSON] = field("The first rows that fit: their values by column key.")
    format: ImportFormat = field("What it was.")
    encoding: str | None = field("The encoding of a text file; null for a workbook and for pasted text.")
    has_byte_order_mark: bool = field("Whether the file begins with a byte order mark.")
    delimiter: str | None = field("What separates the values of CSV and TSV.")
    has_header: bool = field("Whether its first row names the columns.")
    sheet: str | None = field("Which sheet of a workbook it was.")
    notes: list[str] = field("What of a workbook may be missed: sheets that were not read, hidden rows, merged cells.")
    revision: Revision | None = field("What was done, undone as one; null when nothing was.")


@strawberry.type
class Mutation:
    import_table = mutation(
        ImportTablePayload,
        imports.import_table,
        "Add the rows of a file or a text to a table, at most 100,000 at once.",
    )
