"""Creation, renaming, sharing and deletion of tables."""

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
from db.tables.editing.column_rules import check_column_limits, clean_name, validate_columns
from db.tables.editing.edits import Edit
from db.tables.tables import MAX_COLUMNS
from errors import BadUserInput, Mistakes
from tables.types.types import Column


@dataclass(frozen=True)
class TableDefinition:
    """Definition of a table to create, in the conversation's organization or else the viewer's personal one."""

    name: str
    columns: Sequence[Column]
    conversation_id: UUID | None = None
    organization_id: UUID | None = None
    visibility: Visibility = Visibility.PRIVATE


@dataclass(frozen=True)
class TableChange:
    """Table after a change; `revision` is None if nothing changed."""

    table: Table
    revision: Revision | None = None


@dataclass(frozen=True)
class ColumnChange(TableChange):
    """`column` is the one that was added, changed, moved or deleted."""

    column: Column | None = None


def create(session: Session, definition: TableDefinition, idempotency_key: str | None = None) -> Table:
    """Create a table that the viewer owns; its first revision adds the columns."""
    return idempotent(
        session,
        "createTable",
        idempotency_key,
        create=lambda: _create(session, definition),
        result_ids=lambda table: [table.id],
        load=lambda ids: session.get(Table, ids[0]),
    )


def _create(session: Session, definition: TableDefinition) -> Table:
    with Mistakes() as check:
        check(clean_name, definition.name, "name")
        columns = check(_checked_columns, definition.columns)
    edit = insert_table(session, definition)
    for column in columns:
        edit.add_column(column)
    edit.finish(ChangeSource.USER)
    session.flush()
    return edit.table


def _checked_columns(columns: Sequence[Column]) -> list[Column]:
    if not 1 <= len(columns) <= MAX_COLUMNS:
        raise BadUserInput.of("columns", f"A table has 1 to {MAX_COLUMNS} columns; this has {len(columns)}.")
    checked = validate_columns(columns, (), [f"columns.{n}" for n in range(len(columns))])
    check_column_limits(checked, "columns", "columns")
    return checked


def insert_table(session: Session, definition: TableDefinition) -> Edit:
    """Insert a table without columns and return its edit, to add them."""
    table = Table(
        name=clean_name(definition.name, "name"),
        owner_id=session.user_id,
        organization_id=_organization(session, definition),
        conversation_id=definition.conversation_id,
        visibility=definition.visibility,
        revision=0,
        row_count=0,
        next_column=1,
        next_position=1,
        size=0,
    )
    session.add(table)
    return Edit(session, table)


def _organization(session: Session, definition: TableDefinition) -> UUID:
    if definition.conversation_id is not None:
        conversation = session.get_for_update(Conversation, definition.conversation_id)
        if definition.organization_id not in {None, conversation.organization_id}:
            raise BadUserInput.of(
                "organizationId",
                "The conversation is in another organization: leave out organizationId or send the conversation's.",
            )
        return conversation.organization_id
    if definition.organization_id is not None:
        return session.get(Organization, definition.organization_id).id
    return session.personal_organization_id


def update(session: Session, id_: UUID, changes: dict[str, Any]) -> TableChange:
    """Set the name or the visibility, or both."""
    edit = Edit.of(session, id_)
    if "name" in changes:
        changes = changes | {"name": clean_name(changes["name"], "name")}
    edit.change_table(changes)
    return TableChange(edit.table, edit.finish(ChangeSource.USER))


def delete(session: Session, id_: UUID) -> UUID:
    """Soft-delete a table with its rows and columns; returns its id."""
    table = session.get_for_update(Table, id_)
    table.deleted_at = now()
    session.emit(TableChanged(id_))
    return id_
