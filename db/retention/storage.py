"""Storage that erased rows and old exports give back to their organizations; for the system only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from db.core.base import Base
from db.core.dialect_sql import DialectSQL
from db.core.session import INSIDE, Session
from db.models.attachments import Attachment
from db.models.conversations import Conversation
from db.models.exports import Export
from db.models.jobs import Job
from db.models.messages import Message
from db.models.tables import Row, Table

# Bytes of the JSON of a row.
_ROW_SIZE = DialectSQL(
    "length(CAST({0} AS BLOB)) + length(CAST({1} AS BLOB))",
    "octet_length({0}::text) + octet_length({1}::text)",
    Row.values,
    Row.origins,
)


def release(session: Session, model: type[Base] | None, ids: Sequence[UUID]) -> None:
    """Take what these rows store from their organization; the caller erases them in this transaction."""
    if model is Row:
        _release_rows(session, ids)
    elif model is not None and (query := _SIZES.get(model)) is not None:
        for organization_id, size in session.execute(query.where(model.id.in_(ids)), execution_options=INSIDE):
            session.storage.added[organization_id] -= int(size or 0)


_SIZES: dict[type[Base], Any] = {
    Table: select(Table.organization_id, func.sum(Table.size)).group_by(Table.organization_id),
    Export: select(Export.organization_id, func.sum(Export.size))
    .where(Export.file.is_not(None))
    .group_by(Export.organization_id),
    Attachment: select(Conversation.organization_id, func.sum(Attachment.size))
    .join(Message, Message.id == Attachment.message_id)
    .join(Conversation, Conversation.id == Message.conversation_id)
    .group_by(Conversation.organization_id),
}


def _release_rows(session: Session, ids: Sequence[UUID]) -> None:
    """Take the sizes of rows from their tables and organizations; the history of the tables stays."""
    query = select(Table.id, Table.organization_id, Table.size, func.sum(_ROW_SIZE)).join(Row, Row.table_id == Table.id)
    groups = query.where(Row.id.in_(ids)).group_by(Table.id, Table.organization_id, Table.size)
    for table_id, organization_id, size, erased in session.execute(groups, execution_options=INSIDE).all():
        # PostgreSQL spells JSON with spaces, so it may say more than was counted.
        released = min(size, int(erased))
        statement = update(Table).where(Table.id == table_id).values(size=Table.size - released)
        session.execute(statement, execution_options={**INSIDE, "synchronize_session": False})
        session.storage.added[organization_id] -= released


def release_expired_exports(session: Session, finished_before: datetime, limit: int) -> bool:
    """Forget the files of old exports, which the sweep erases; return True if there may be more."""
    query = (
        select(Export.id, Export.organization_id, Export.size)
        .join(Job, Job.id == Export.job_id)
        .where(Export.file.is_not(None), Job.finished_at < finished_before)
        .limit(limit)
    )
    expired = session.execute(query, execution_options=INSIDE).all()
    for _, organization_id, size in expired:
        session.storage.added[organization_id] -= size or 0
    if expired:
        statement = update(Export).where(Export.id.in_([row.id for row in expired])).values(file=None)
        session.execute(statement, execution_options={**INSIDE, "synchronize_session": False})
    return len(expired) == limit
