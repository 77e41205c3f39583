"""Columns of tables and the mutations that change them."""

from decimal import Decimal

import strawberry
from strawberry.scalars import JSON

from db import models
from db.tables.editing import structure
from resolvers.tables import columns
from schema.base import Shows, TypeOf, enum, field, output_type, required
from schema.operations import mutation
from tables.types import types

enum(
    types.ColumnType,
    TEXT="Any text.",
    INTEGER="Integer from -(2^53 - 1) to 2^53 - 1, as a JSON number.",
    DECIMAL="Decimal number of at most 38 digits, as a string.",
    CURRENCY="Amount of money, as a string; `format` holds the currency.",
    PERCENT="Percentage, as a string: `12.5` is 12.5 %.",
    BOOLEAN="true or false.",
    DATE="Calendar date, as `2025-12-31`.",
    DATETIME="Time in UTC, as `2025-12-31T14:30:00Z`.",
    SELECT="One of the column's options.",
    MULTI_SELECT="Any of the column's options, as a list of strings.",
    EMAIL="E-mail address.",
    URL="Absolute web address.",
)


@output_type
class Column(Shows[types.Column]):
    """Definition of a column."""

    id = required(
        strawberry.ID,
        columns.column_id,
        "Opaque id for caches, unique among all objects and never changing. `node` does not load it; arguments take "
        "the `key`.",
    )
    key: strawberry.ID = field("Key of the column, as `c1`, unique in its table and never used again.")
    name: str = field("Name of the column.")
    type: types.ColumnType = field("Type of the cells.")
    position: int = field("Sort key of the column, ascending; there may be gaps.")
    is_required: bool = field("True when cells must not be empty.")
    is_unique: bool = field("True when no two rows may have the same value.")
    is_indexed: bool = field("True when the column is indexed, so that filters and sorting are fast in large tables.")
    options: list[str] | None = field("Allowed values of SELECT and MULTI_SELECT; null when every text is allowed.")
    minimum: Decimal | None = field("Smallest allowed number.")
    maximum: Decimal | None = field("Largest allowed number.")
    max_length: int | None = field("Maximum length of a text, in characters.")
    pattern: str | None = field("Regular expression that the whole text must match.")
    format: str | None = field(
        "Interpretation of ambiguous texts: the decimal mark of numbers, the currency, the order of dates. A ? at the "
        "end means that the texts did not decide it."
    )
    default: JSON | None = field("Value of new rows that have none for this column.")
    description: str | None = field("Meaning of the column, for people and for models that read it.")


@output_type
class AddColumnPayload(Shows[structure.ColumnChange]):
    """Result of `addColumn`."""

    table: TypeOf[models.tables.Table] = field("The table after the change.")
    column: Column = field("The new column with its key.")
    revision: TypeOf[models.revisions.Revision] = field("Revision that records the change.")


@output_type
class UpdateColumnPayload(Shows[structure.ColumnChange]):
    """Result of `updateColumn`."""

    table: TypeOf[models.tables.Table] = field("The table after the change.")
    column: Column = field("The column after the change.")
    revision: TypeOf[models.revisions.Revision] | None = field(
        "Revision that records the change; null when nothing changed."
    )


@output_type
class MoveColumnPayload(Shows[structure.ColumnChange]):
    """Result of `moveColumn`."""

    table: TypeOf[models.tables.Table] = field("The table after the change.")
    column: Column = field("The column at its new position.")
    revision: TypeOf[models.revisions.Revision] | None = field(
        "Revision that records the change; null when the column already was at this position."
    )


@output_type
class DeleteColumnPayload(Shows[columns.DeleteColumnResult]):
    """Result of `deleteColumn`."""

    table: TypeOf[models.tables.Table] = field("The table after the change.")
    deleted_key: strawberry.ID = field("Key of the deleted column; no other column gets it.")
    revision: TypeOf[models.revisions.Revision] = field(
        "Revision that records the change; `undoRevision` restores the column with its cells."
    )


@strawberry.type
class Mutation:
    add_column = mutation(AddColumnPayload, columns.add_column, "Add a column to a table.")
    update_column = mutation(
        UpdateColumnPayload,
        columns.update_column,
        "Change a column. Fields that are not sent keep their values. A new type converts the cells; if some cannot "
        "be converted, the error lists them (`extensions.cells`) and nothing is changed.",
    )
    move_column = mutation(MoveColumnPayload, columns.move_column, "Move a column to another position.")
    delete_column = mutation(DeleteColumnPayload, columns.delete_column, "Delete a column with its cells.")
