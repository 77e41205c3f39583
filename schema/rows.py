"""Rows of tables, the operators of their filters, and the mutations that change them."""

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from db import models
from db.tables.editing import row_upserts
from db.tables.editing import rows as editing
from db.tables.query import filters
from errors import FieldError as FieldErrorRow
from resolvers.tables import cell_values, revisions, rows
from schema.base import Node, Shows, TypeOf, batched, batched_list, enum, field, output_type
from schema.cells import Cell
from schema.connections import page
from schema.operations import mutation

enum(
    filters.FilterOp,
    EQ="Equal; 1.0 equals 1.00.",
    NE="Not equal; an empty cell is not equal to any value.",
    LT="Less, earlier, or before in alphabetical order.",
    LTE="Less or equal.",
    GT="Greater, later, or after in alphabetical order.",
    GTE="Greater or equal.",
    CONTAINS="The text contains the value, ignoring case, or the list contains the item.",
    STARTS_WITH="The text starts with the value, ignoring case.",
    IN="Equal to one value of a list.",
    IS_EMPTY="Empty; with the value false, not empty.",
)
enum(
    editing.OnError,
    REJECT_ALL="Add no row when one is invalid; the error BAD_USER_INPUT lists all mistakes.",
    SKIP_INVALID="Add the valid rows; `rejected` lists the mistakes in the others.",
)


@output_type
class Row(Node, Shows[models.tables.Row]):
    """A row of a table."""

    position: int = field("Sort key of the row in the table's own order, ascending; there may be gaps.")
    version: int = field("Number of changes to the row; send it as `expectedVersion` to detect conflicts.")
    values = batched(
        JSON,
        cell_values.values_of,
        "Values by column key; empty cells are left out.",
        reads={"table_id", "values"},
    )
    cells = batched_list(Cell, cell_values.list_cells, "One cell for each column, in the order of the columns.")
    created_at: datetime = field("Time at which the row was added.")
    updated_at: datetime = field("Time of the last change.")
    history = page(
        TypeOf[models.revisions.Revision],
        revisions.list_history_of_row,
        "Revisions of the row, newest first.",
    )


@output_type
class FieldError(Shows[FieldErrorRow]):
    """A mistake in the input."""

    field: str = strawberry.field(description="Path of the mistake in the input, for example `rows.0.Amount`.")
    message: str = strawberry.field(description="Explanation of the mistake and of the allowed values.")


@output_type
class RejectedRow(Shows[editing.RejectedRow]):
    """A row that was left out because it is invalid."""

    index: int = field("Index of the row in the input, from 0.")
    field_errors: list[FieldError] = field("Mistakes in the row.")


@output_type
class AddRowsPayload(Shows[editing.AddRowsResult]):
    """Result of `addRows`."""

    table: TypeOf[models.tables.Table] = field("The table after the change.")
    rows: list[Row] = field("New rows, in the order of the input.")
    rejected: list[RejectedRow] = field("Rows that were left out.")
    revision: TypeOf[models.revisions.Revision] | None = field(
        "Revision that records the change; null when no row was added."
    )


@output_type
class UpsertRowsPayload(Shows[row_upserts.UpsertRowsResult]):
    """Result of `upsertRows`."""

    table: TypeOf[models.tables.Table] = field("The table after the change.")
    inserted: int = field("Number of rows added.")
    updated: int = field("Number of existing rows changed.")
    unchanged: int = field("Number of existing rows that already had these values.")
    rejected: list[RejectedRow] = field("Rows that were left out.")
    revision: TypeOf[models.revisions.Revision] | None = field(
        "Revision that records the change; null when nothing changed."
    )


@output_type
class DeleteRowsPayload(Shows[rows.DeleteRowsResult]):
    """Result of `deleteRows`."""

    table: TypeOf[models.tables.Table] = field("The table after the change.")
    deleted_ids: list[strawberry.ID] = field("Ids of the deleted rows; `undoRevision` restores them.")
    revision: TypeOf[models.revisions.Revision] | None = field(
        "Revision that records the change; null when the input names no row."
    )


@strawberry.type
class Mutation:
    add_rows = mutation(AddRowsPayload, rows.add_rows, "Add rows at the end of a table.")
    upsert_rows = mutation(
        UpsertRowsPayload,
        rows.upsert_rows,
        "Add rows, or change the existing rows with the same key. Columns that a row does not name keep their values.",
    )
    delete_rows = mutation(DeleteRowsPayload, rows.delete_rows, "Delete rows.")
