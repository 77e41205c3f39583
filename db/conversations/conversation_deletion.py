"""Deletion of conversations, optionally with their tables, and their restoration."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from db.core.base import now
from db.core.events import ReplyStopped, TableChanged
from db.core.policy import Deleted
from db.core.session import Session, check
from db.models.conversations import Conversation
from db.models.messages import Message, MessageStatus
from db.models.tables import Table
from errors import Forbidden


@dataclass(frozen=True)
class DeletedConversation:
    """Ids of a deleted conversation and of the tables deleted with it."""

    conversation_id: UUID
    table_ids: list[UUID]


def delete(session: Session, id_: UUID, *, with_tables: bool) -> DeletedConversation:
    """Soft-delete a conversation and stop its replies.

    `with_tables` also deletes its tables, except those that the viewer may not change.
    """
    conversation = session.get_for_update(Conversation, id_)
    running = select(Message.job_id).where(
        Message.conversation_id == id_, Message.status == MessageStatus.IN_PROGRESS, Message.job_id.is_not(None)
    )
    for job_id in session.scalars(running):
        assert job_id is not None
        session.emit(ReplyStopped(job_id))
    tables = list(_changeable_tables(session, id_)) if with_tables else []
    moment = now()
    for row in (conversation, *tables):
        row.deleted_at = moment
    for table in tables:
        session.emit(TableChanged(table.id))
    return DeletedConversation(id_, [table.id for table in tables])


def _changeable_tables(session: Session, conversation_id: UUID) -> Iterator[Table]:
    """Yield the conversation's tables that the viewer may change, locked."""
    query = select(Table).where(Table.conversation_id == conversation_id).order_by(Table.id).with_for_update()
    for table in session.scalars(query):
        with suppress(Forbidden):
            check(session, table)
            yield table


def restore_tables(session: Session, conversation: Conversation) -> None:
    """Restore the tables that were deleted with a conversation; call it before the conversation is restored."""
    # Tables that were deleted earlier have another deleted_at.
    deleted_together = select(Table).where(
        Table.conversation_id == conversation.id, Table.deleted_at == conversation.deleted_at
    )
    options = {"deleted": (Table, Deleted.ONLY)}
    for table in session.scalars(deleted_together.with_for_update(), execution_options=options):
        table.deleted_at = None
        session.emit(TableChanged(table.id))
