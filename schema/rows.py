"""Columns, rows and cells, and the mutations of rows."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db.models import tables as models
from db.tables.editing import rows as row_changes
from db.tables.query import filters
from resolvers.tables import cells, revisions, rows
from resolvers.tables import rows as row_upserts
from resolvers.tables.cells import update_cells
from schema.attachments import Attachment
from schema.base import Node, batched, enum, field, mutation, optional, output_type, page
from schema.users import User
from tables.types.types import ColumnType

if TYPE_CHECKING:
    from schema.messages import Message
    from schema.revisions import Revision
    from schema.tables import Table
else:  # a table lists its rows and revisions, and each of these names the others
    Message = Annotated["Message", strawberry.lazy("schema.messages")]
    Revision = Annotated["Revision", strawberry.lazy("schema.revisions")]
    Table = Annotated["Table", strawberry.lazy("schema.tables")]

enum(
    ColumnType,
    TEXT="Any text.",
    INTEGER="A whole number up to 2^53 - 1 either way, as a JSON number.",
    DECIMAL="A decimal number of at most 38 digits, as a string.",
    CURRENCY="An amount of money, as a string; `format` says the currency.",
    PERCENT="A percentage, as a string: 12.5 is 12.5 %.",
    BOOLEAN="true or false.",
    DATE="A day, as 2025-12-31.",
    DATETIME="A moment in UTC, as 2025-12-31T14:30:00Z.",
    SELECT="One of the column's options.",
    MULTI_SELECT="Some of the column's options, as a list of strings.",
    EMAIL="An e-mail address.",
    URL="A web address in full.",
)
enum(
    filters.FilterOp,
    EQ="Is equal; 1.0 is equal to 1.00.",
    NE="Is not equal; an empty cell is not equal to any value.",
    LT="Is less, earlier or before in the alphabet.",
    LTE="Is less or equal.",
    GT="Is greater, later or behind in the alphabet.",
    GTE="Is greater or equal.",
    CONTAINS="Has the value in its text, or is a list that has the item; upper and lower case are the same.",
    STARTS_WITH="Has the value at the beginning of its text; upper and lower case are the same.",
    IN="Is equal to one of a list.",
    IS_EMPTY="Is empty, or with the value false is not.",
)
enum(
    row_changes.OnError,
    REJECT_ALL="None is added, and the answer is BAD_USER_INPUT with every mistake.",
    SKIP_INVALID="The good ones are added, and `rejected` says what is wrong with the others.",
)
enum(
    cells.Grounding,
    EXACT="The quote is the text of the message, or of the attachment, from `start` to `end`.",
    FUZZY="Something alike is there.",
    NONE="It was not found.",
)


@output_type
class Column:
    """What a column holds."""

    key: strawberry.ID = field("Names the column in its table, and never another one.")
    name: str = field("What it is called.")
    type: ColumnType = field("What its cells hold.")
    position: int = field("Its place among the columns; there may be gaps.")
    is_required: bool = field("Whether no cell may be empty.")
    is_unique: bool = field("Whether no two rows may have the same value.")
    is_indexed: bool = field("Whether it is marked for filtering and sorting: both are then fast in large tables.")
    options: list[str] | None = field("What SELECT and MULTI_SELECT choose from; null when anything goes.")
    minimum: Decimal | None = field("The smallest number.")
    maximum: Decimal | None = field("The largest number.")
    max_length: int | None = field("The longest text, in characters.")
    pattern: str | None = field("A regular expression that the whole text matches.")
    format: str | None = field(
        "How texts are read where they could be read in two ways: the decimal mark of numbers, the currency, the "
        "order of dates; a ? at its end says that the texts did not tell."
    )
    default: JSON | None = field("What a new row has when it says nothing.")


@output_type
class Source:
    """Where a value was read."""

    message = optional(Message, cells.message_of, "The message; null when you may not see it.")
    attachment = optional(
        Attachment,
        cells.attachment_of,
        "The file that came with the message, when the value was read there: then the quote is in the file's `text`.",
    )
    start: int = field("Where the quote begins in its text, in code points.")
    end: int = field("Where the quote ends.")
    quote: str = field("What stands there.")
    grounding: cells.Grounding = field("Whether the quote was found in the message.")


@output_type
class Cell:
    """A value in its column."""

    column: Column = field("Its column.")
    value: JSON | None = field("The value; null when the cell is empty.")
    text: str = field("The value as people read it.")
    source: Source | None = field("Where the assistant read it; null when a person entered it.")
    edited_by = optional(User, cells.editor_of, "Who entered it; null when nobody did.")


@output_type
class Row(Node, row=models.Row):
    """A row of a table."""

    position: int = field("Its place in the table's own order; there may be gaps.")
    version: int = field("How many times it was changed; send it as `expectedVersion`.")
    values = batched(JSON, cells.values_of, "The values that are not empty, by column key.")
    cells = batched(list[Cell], cells.list_cells, "A cell for each column, in their order.")
    created_at: datetime = field("When it was added.")
    updated_at: datetime = field("When it was last changed.")
    history = page(Revision, revisions.list_history_of_row, "The revisions that touched it, newest first.")


@output_type
class Summary:
    """What the cells of a column come to, of all rows or of those with one value in another column."""

    group: JSON | None = field("The value that the rows have in common; null where it is empty, and without `groupBy`.")
    row_count: int = field("How many rows there are.")
    count: int = field("How many of their cells are not empty.")
    sum: Decimal | None = field("The exact sum of numbers; null for what is no number, and of nothing.")
    min: JSON | None = field("The smallest number, earliest date or first text, as a value of the column.")
    max: JSON | None = field("The largest number, latest date or last text.")
    mean: Decimal | None = field("The sum divided by `count`, to 28 digits.")


@output_type
class FieldError:
    """A mistake in the input."""

    field: str = strawberry.field(description="Where it is, as `rows.0.Amount`.")
    message: str = strawberry.field(description="What is wrong and what to do.")


@output_type
class RejectedRow:
    """A row that was left out."""

    index: int = field("Its place in the input, from 0.")
    field_errors: list[FieldError] = field("What is wrong with it.")


@output_type
class AddRowsPayload:
    """The rows that were added."""

    table: Table = field("The table, as it is now.")
    rows: list[Row] = field("The new rows, in the order of the input.")
    rejected: list[RejectedRow] = field("The rows that were left out.")
    revision: Revision | None = field("What was done; null when no row was added.")


@output_type
class UpsertRowsPayload:
    """What became of the rows."""

    table: Table = field("The table, as it is now.")
    inserted: int = field("How many were added.")
    updated: int = field("How many rows of the table were changed.")
    unchanged: int = field("How many were there as they are.")
    rejected: list[RejectedRow] = field("The rows that were left out.")
    revision: Revision | None = field("What was done; null when nothing changed.")


@output_type
class UpdateCellsPayload:
    """The rows whose cells you named."""

    table: Table = field("The table, as it is now.")
    rows: list[Row] = field("The rows, in the order in which you named them first.")
    revision: Revision | None = field("What was done; null when every cell had its value already.")


@output_type
class DeleteRowsPayload:
    """The rows that are gone."""

    table: Table = field("The table, as it is now.")
    deleted_ids: list[strawberry.ID] = field("The rows that were deleted; undoRevision brings them back.")
    revision: Revision | None = field("What was done; null when no row was named.")


@strawberry.type
class Mutation:
    add_rows = mutation(AddRowsPayload, rows.add_rows, "Add rows at the end of a table.")
    upsert_rows = mutation(
        UpsertRowsPayload,
        row_upserts.upsert_rows,
        "Add rows, or change those that have the same key; columns that a row does not name stay as they are.",
    )
    update_cells = mutation(
        UpdateCellsPayload,
        update_cells,
        "Change cells; changes of different cells of a row do not get in each other's way.",
    )
    delete_rows = mutation(DeleteRowsPayload, rows.delete_rows, "Delete rows.")
