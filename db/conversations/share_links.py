"""Share links: snapshots of a branch and its tables, readable with the link and without an account."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from db.conversations.branches import ending_at
from db.core.base import now
from db.core.dialect_sql import OneOf
from db.core.idempotency import idempotent
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.models.conversations import Conversation
from db.models.messages import Message, MessageStatus
from db.models.organizations import Organization
from db.models.share_links import Share
from db.models.tables import Row, Table, TableColumn
from db.tables.tables import column_of
from errors import BadUserInput, Conflict, NotFound
from tables.types.types import format_value

MAX_DAYS = 365
MAX_MESSAGES, MAX_CHARACTERS = 500, 1_000_000  # the newest messages that fit
MAX_TABLES, MAX_ROWS, MAX_CELLS = 20, 200, 20_000  # the first rows of each table


@dataclass(frozen=True)
class ShareRequest:
    """Branch to share, which ends at `leaf_id` or else at the newest message, for a number of days."""

    conversation_id: UUID
    leaf_id: UUID | None
    days: int
    includes_tables: bool


# The joins make a link invalid when its conversation or organization is deleted.
of_digest: Prepared[Any] = Prepared(
    select(Share.content)
    .join(Conversation, Conversation.id == Share.conversation_id)
    .join(Organization, Organization.id == Conversation.organization_id)
    .where(Share.digest == bind("digest", Share.digest), Share.expires_at > bind("moment", Share.expires_at))
)
of_conversations: Prepared[Any] = Prepared(
    select(Share.id, Share.conversation_id, Share.digest, Share.expires_at)
    .where(OneOf(Share.conversation_id), Share.expires_at > bind("moment", Share.expires_at))
    .order_by(Share.id)
)


def share(
    session: Session, request: ShareRequest, digest_of: Callable[[UUID], bytes], idempotency_key: str | None
) -> Share:
    """Create a snapshot of a branch with a link; the conversation's earlier link becomes invalid.

    `digest_of` returns the digest of the link's token for the id of the share. Raises BadUserInput, NotFound or
    Conflict.
    """
    if not 1 <= request.days <= MAX_DAYS:
        raise BadUserInput.of("expiresInDays", f"Invalid number of days. Choose 1 to {MAX_DAYS}.")
    return idempotent(
        session,
        "shareConversation",
        idempotency_key,
        create=lambda: _share(session, request, digest_of),
        result_ids=lambda created: [created.id],
        load=lambda ids: session.get(Share, ids[0]),
    )


def _share(session: Session, request: ShareRequest, digest_of: Callable[[UUID], bytes]) -> Share:
    conversation = session.get_for_update(Conversation, request.conversation_id)
    content = _content(session, conversation, request)
    _revoke(session, conversation)
    created = Share(conversation_id=conversation.id, expires_at=now() + timedelta(days=request.days), content=content)
    created.digest = digest_of(created.id)
    session.add(created)
    return created


def unshare(session: Session, conversation_id: UUID) -> Conversation:
    """Revoke the link of a conversation; does nothing if it has none."""
    conversation = session.get_for_update(Conversation, conversation_id)
    _revoke(session, conversation)
    return conversation


def _revoke(session: Session, conversation: Conversation) -> None:
    for earlier in session.scalars(select(Share).where(Share.conversation_id == conversation.id)):
        earlier.deleted_at = now()


def _content(session: Session, conversation: Conversation, request: ShareRequest) -> dict[str, Any]:
    messages, omitted = _messages(session, conversation, request.leaf_id)
    tables = _tables(session, conversation) if request.includes_tables else []
    return {"title": conversation.title, "messages": messages, "omitted": omitted, "tables": tables}


def _messages(session: Session, conversation: Conversation, leaf_id: UUID | None) -> tuple[list[dict[str, str]], int]:
    """Return the newest messages of the branch that fit, oldest first, and the number of earlier ones left out."""
    end_id = leaf_id or conversation.leaf_id
    if end_id is None:
        raise Conflict("The conversation has no messages to share. Send one first.")
    leaf = session.get(Message, end_id)
    if leaf.conversation_id != conversation.id:
        raise NotFound.of("leafId", "The message of leafId is not in this conversation.")
    newest_first, remaining = [], MAX_CHARACTERS
    for message in session.scalars(ending_at(leaf, MAX_MESSAGES).order_by(Message.depth.desc())):
        remaining -= len(message.text)
        if remaining < 0:
            break
        if message.status is not MessageStatus.IN_PROGRESS:
            newest_first.append(message)
    if not newest_first:
        raise Conflict("The only message to share is still being written. Wait for its end.")
    messages = [{"by": message.role.value, "text": message.text} for message in newest_first[::-1]]
    return messages, newest_first[-1].depth - 1


def _tables(session: Session, conversation: Conversation) -> list[dict[str, Any]]:
    query = select(Table).where(Table.conversation_id == conversation.id).order_by(Table.id).limit(MAX_TABLES)
    return [_table(session, table) for table in session.scalars(query)]


def _table(session: Session, table: Table) -> dict[str, Any]:
    """Return the snapshot of a table: its first rows, with the values formatted as text."""
    query = select(TableColumn).where(TableColumn.table_id == table.id).order_by(TableColumn.position, TableColumn.key)
    columns = [column_of(row) for row in session.scalars(query)]
    limit = min(MAX_ROWS, MAX_CELLS // max(1, len(columns)))
    rows = session.scalars(select(Row).where(Row.table_id == table.id).order_by(Row.position, Row.id).limit(limit))
    return {
        "name": table.name,
        "columns": [column.name for column in columns],
        "rows": [[format_value(column, row.values.get(column.key)) for column in columns] for row in rows],
        "row_count": table.row_count,
    }
