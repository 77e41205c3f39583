"""Revisions: what was changed in a table, and the mutation that takes it back."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db.models import revisions as rows
from resolvers.tables import revisions
from schema.base import change, choice, many, maybe, says, shows, stream
from schema.rows import Source
from schema.users import User
from tables.changes import ChangeKind

if TYPE_CHECKING:
    from schema.tables import Table
else:  # a payload shows its table, and a table lists its revisions
    Table = Annotated["Table", strawberry.lazy("schema.tables")]

choice(
    rows.ChangeSource,
    USER="A person, or a program in their name.",
    ASSISTANT="The assistant: a proposal that was applied.",
    IMPORT="An imported file.",
    UNDO="Another revision, taken back.",
    SYSTEM="The product itself.",
)
choice(
    ChangeKind,
    ROW_ADDED="A row is new.",
    ROW_DELETED="A row is gone.",
    ROW_RESTORED="A deleted row is back.",
    CELL_CHANGED="A cell has another value.",
    COLUMN_ADDED="A column is new, or back.",
    COLUMN_CHANGED="A column has another definition.",
    COLUMN_DELETED="A column is gone.",
    TABLE_CHANGED="The table has another name or visibility.",
)


@shows
class Change:
    """One change of a revision."""

    kind: ChangeKind = says("What was done.")
    row_id = maybe(strawberry.ID, revisions.row_id_of, "The row, unless it is about a column or the table.")
    column: strawberry.ID | None = says("Key of the column, when it is about a cell or a column.")
    old = maybe(
        JSON,
        revisions.old_of,
        "What was there: the value, a row's position and values, a column's definition, the table's properties.",
    )
    new = maybe(JSON, revisions.new_of, "What is there instead, in the same form.")
    source = maybe(Source, revisions.source_of, "Where the assistant read the new value.")


@shows
class Revision:
    """What one call changed in a table."""

    number: int = says("Counts the revisions of the table from 1, without gaps.")
    at: datetime = strawberry.field(resolver=revisions.moment_of, description="When it was made.")
    actor = maybe(User, revisions.actor_of, "Who made it; null when you may not see them.")
    source: rows.ChangeSource = says("What it came from.")
    summary: str = says("How many of what, in words.")
    changes = many(
        Change, revisions.list_changes, "What was changed, in order; the first of them, when there are many."
    )


@shows
class UndoRevisionPayload:
    """The table without what the revision did."""

    table: Table = says("The table, as it is now.")
    revision: Revision = says("The revision that took it back; the newest one when there was nothing to take back.")


@strawberry.type
class Mutation:
    undo_revision = change(
        UndoRevisionPayload,
        revisions.undo_revision,
        "Take a revision back, as a new revision, which can be taken back too. What was changed again later is a "
        "CONFLICT that names the cells.",
    )


@strawberry.type
class Subscription:
    table_changes = stream(
        Revision, revisions.table_changes, "Follow a table: every revision after the one that you have, in order."
    )
