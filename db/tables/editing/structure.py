"""Tables made, named, shared, widened and deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from db.core.base import Visibility, now
from db.core.events import TableChanged
from db.core.idempotency import idempotent
from db.core.session import Session
from db.models.conversations import Conversation
from db.models.organizations import Organization
from db.models.revisions import ChangeSource, Revision
from db.models.tables import Table
from db.tables.editing.column_rules import check_together, checked, checked_name
from db.tables.editing.edits import Edit
from db.tables.tables import MAX_COLUMNS
from errors import BadUserInput
from tables.types.types import Column


@dataclass(frozen=True)
class Beginning:
    """What a table begins with; its organization is the conversation's, or else the viewer's own."""

    name: str
    columns: Sequence[Column]
    conversation_id: UUID | None = None
    organization_id: UUID | None = None
    visibility: Visibility = Visibility.PRIVATE


@dataclass(frozen=True)
class Changed:
    """A table after a change; `revision` is None when nothing changed."""

    table: Table
    revision: Revision | None = None


@dataclass(frozen=True)
class Redefined(Changed):
    """`column` is the one that was added, changed or moved."""

    column: Column | None = None


def create(session: Session, beginning: Beginning, idempotency_key: str | None = None) -> Table:
    """A table of the viewer's, whose first revision adds its columns."""
    return idempotent(
        session,
        "createTable",
        idempotency_key,
        create=lambda: _create(session, beginning),
        result_ids=lambda made: [made.id],
        load=lambda ids: session.get(Table, ids[0]),
    )


def _create(session: Session, beginning: Beginning) -> Table:
    if not 1 <= len(beginning.columns) <= MAX_COLUMNS:
        raise BadUserInput.of("columns", f"A table has 1 to {MAX_COLUMNS} columns.")
    paths = [f"columns.{n}" for n in range(len(beginning.columns))]
    columns = checked(beginning.columns, (), paths)
    check_together(columns, "columns", "columns")
    edit = begin(session, beginning)
    for column in columns:
        edit.add_column(column)
    edit.finish(ChangeSource.USER)
    session.flush()
    return edit.table


def begin(session: Session, beginning: Beginning) -> Edit:
    """The edit of a new table that has no columns yet."""
    table = Table(
        name=checked_name(beginning.name, "name"),
        owner_id=session.user_id,
        organization_id=_organization(session, beginning),
        conversation_id=beginning.conversation_id,
        visibility=beginning.visibility,
        revision=0,
        row_count=0,
        next_column=1,
        next_position=1,
    )
    session.add(table)
    return Edit(session, table)


def _organization(session: Session, beginning: Beginning) -> UUID:
    if beginning.conversation_id is not None:
        conversation = session.get_for_update(Conversation, beginning.conversation_id)
        if beginning.organization_id not in {None, conversation.organization_id}:
            raise BadUserInput.of("organizationId", "The conversation is in another organization: leave this out.")
        return conversation.organization_id
    if beginning.organization_id is not None:
        return session.get(Organization, beginning.organization_id).id
    return session.personal_organization_id


def update(session: Session, id_: UUID, changes: dict[str, Any]) -> Changed:
    """Set the name or the visibility, or both."""
    edit = Edit.of(session, id_)
    if "name" in changes:
        changes = changes | {"name": checked_name(changes["name"], "name")}
    edit.change_table(changes)
    return Changed(edit.table, edit.finish(ChangeSource.USER))


def delete(session: Session, id_: UUID) -> UUID:
    """Hide a table with everything in it."""
    table = session.get_for_update(Table, id_)
    table.deleted_at = now()
    session.emit(TableChanged(id_))
    return id_
