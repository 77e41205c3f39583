"""Revisions of tables: their changes, the mutation that undoes them, and the stream of new ones."""

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from db import models
from db.tables.editing.structure import TableChange
from resolvers.tables import revisions
from schema.base import Node, Shows, TypeOf, enum, field, list_of, optional, output_type, required
from schema.cells import Source
from schema.operations import mutation, subscription
from tables.changes import ChangeKind

enum(
    models.revisions.ChangeSource,
    USER="A user, or a program with the user's token.",
    ASSISTANT="An applied proposal of the assistant.",
    IMPORT="An imported file or text.",
    UNDO="Undoing of another revision.",
    SYSTEM="The server.",
)
enum(
    ChangeKind,
    ROW_ADDED="A row was added.",
    ROW_DELETED="A row was deleted.",
    ROW_RESTORED="A deleted row was restored.",
    CELL_CHANGED="A cell got another value.",
    COLUMN_ADDED="A column was added or restored.",
    COLUMN_CHANGED="The definition of a column was changed.",
    COLUMN_DELETED="A column was deleted.",
    TABLE_CHANGED="The name or visibility of the table was changed.",
)


@output_type
class Change(Shows[models.revisions.CellChange]):
    """One change within a revision."""

    kind: ChangeKind = field("Kind of change.")
    row_id = optional(
        strawberry.ID, revisions.row_id_of, "Id of the row; null for a change of a column or of the table."
    )
    column: strawberry.ID | None = field("Key of the column, for a change of a cell or a column.")
    old = optional(
        JSON,
        revisions.old_of,
        "State before: a value, a row's position and values, a column's definition or the table's properties.",
    )
    new = optional(JSON, revisions.new_of, "State after, in the same form as `old`.")
    source = optional(Source, revisions.source_of, "Passage from which the assistant read the new value.")
    row_version: int | None = field(
        "`version` of the row after this change, for `expectedVersion`; null for a change of a column or of the table, "
        "and for changes older than this field."
    )


@output_type
class Revision(Node, Shows[models.revisions.Revision]):
    """Everything that one operation changed in a table."""

    number: int = field("Number of the revision in its table, from 1 without gaps.")
    at = required(datetime, revisions.moment_of, "Time of the change.")
    actor = optional(
        TypeOf[models.users.User], revisions.actor_of, "User who made the change; null when you may not see this user."
    )
    source: models.revisions.ChangeSource = field("Origin of the change.")
    summary: str = field("Number of changes of each kind, in words.")
    changes = list_of(Change, revisions.list_changes, "Changes in order; only the first ones of a large revision.")


@output_type
class UndoRevisionPayload(Shows[TableChange]):
    """Result of `undoRevision`."""

    table: TypeOf[models.tables.Table] = field("The table after the change.")
    revision: Revision = field("Revision that records the undoing.")


@strawberry.type
class Mutation:
    undo_revision = mutation(
        UndoRevisionPayload,
        revisions.undo_revision,
        "Undo a revision by a new revision, which can itself be undone. Cells that were changed again since give a "
        "CONFLICT that lists them.",
    )


@strawberry.type
class Subscription:
    table_changes = subscription(
        Revision,
        revisions.table_changes,
        "Follow a table: every revision after the one you have, in order, without gaps.",
        position=revisions.position_of,
    )
