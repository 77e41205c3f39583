"""The mutations of columns."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from resolvers.tables import columns
from schema.base import field, mutation, output_type
from schema.rows import Column

if TYPE_CHECKING:
    from schema.revisions import Revision
    from schema.tables import Table
else:  # a table has columns and revisions
    Revision = Annotated["Revision", strawberry.lazy("schema.revisions")]
    Table = Annotated["Table", strawberry.lazy("schema.tables")]


@output_type
class AddColumnPayload:
    """The new column."""

    table: Table = field("The table, as it is now.")
    column: Column = field("The new column, with its key.")
    revision: Revision = field("What was done.")


@output_type
class UpdateColumnPayload:
    """The changed column."""

    table: Table = field("The table, as it is now.")
    column: Column = field("The column, as it is now.")
    revision: Revision | None = field("What was done; null when nothing changed.")


@output_type
class MoveColumnPayload:
    """The moved column."""

    table: Table = field("The table, as it is now.")
    column: Column = field("The column, at its new place.")
    revision: Revision | None = field("What was done; null when it was there already.")


@output_type
class DeleteColumnPayload:
    """The column that is gone."""

    table: Table = field("The table, as it is now.")
    deleted_key: strawberry.ID = field("The key of the column, which no other column gets.")
    revision: Revision = field("What was done; undoRevision brings the column back with its cells.")


@strawberry.type
class Mutation:
    add_column = mutation(AddColumnPayload, columns.add_column, "Add a column to a table.")
    update_column = mutation(
        UpdateColumnPayload,
        columns.update_column,
        "Change a column; what is not named stays as it is. Another type converts the cells; when some do not fit, the "
        "answer lists them (`extensions.cells`), and nothing is changed.",
    )
    move_column = mutation(MoveColumnPayload, columns.move_column, "Put a column at another place.")
    delete_column = mutation(DeleteColumnPayload, columns.delete_column, "Delete a column with its cells.")
