"""Shares: a branch of a conversation with its tables, as they were at one moment, for whoever has the link."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from db.conversations.branches import ending_at
from db.core.base import now
from db.core.idempotency import idempotent
from db.core.prepared import OneOf, Prepared, bind
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
    """What is to be shared: the branch that ends at `leaf_id`, else at the newest message."""

    conversation_id: UUID
    leaf_id: UUID | None
    days: int
    includes_tables: bool


# A link leads nowhere when its conversation or the organization of that is gone.
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
    """Share a branch as it is now; the link that the conversation had before leads nowhere from then on."""
    if not 1 <= request.days <= MAX_DAYS:
        raise BadUserInput.of("expiresInDays", f"A link is good for 1 to {MAX_DAYS} days.")
    return idempotent(
        session,
        "shareConversation",
        idempotency_key,
        create=lambda: _share(session, request, digest_of),
        result_ids=lambda made: [made.id],
        load=lambda ids: session.get(Share, ids[0]),
    )


def _share(session: Session, wish: ShareRequest, digest_of: Callable[[UUID], bytes]) -> Share:
    conversation = session.get_for_update(Conversation, wish.conversation_id)
    content = _content(session, conversation, wish)
    _revoke(session, conversation)
    made = Share(conversation_id=conversation.id, expires_at=now() + timedelta(days=wish.days), content=content)
    made.digest = digest_of(made.id)
    session.add(made)
    return made


def unshare(session: Session, conversation_id: UUID) -> Conversation:
    """Take the link of a conversation back; without one nothing changes."""
    conversation = session.get_for_update(Conversation, conversation_id)
    _revoke(session, conversation)
    return conversation


def _revoke(session: Session, conversation: Conversation) -> None:
    for before in session.scalars(select(Share).where(Share.conversation_id == conversation.id)):
        before.deleted_at = now()


def _content(session: Session, conversation: Conversation, wish: ShareRequest) -> dict[str, Any]:
    messages, omitted = _messages(session, conversation, wish.leaf_id)
    tables = _tables(session, conversation) if wish.includes_tables else []
    return {"title": conversation.title, "messages": messages, "omitted": omitted, "tables": tables}


def _messages(session: Session, conversation: Conversation, leaf_id: UUID | None) -> tuple[list[dict[str, str]], int]:
    """The newest messages of the branch, oldest first, and how many before them are left out."""
    last = leaf_id or conversation.leaf_id
    if last is None:
        raise Conflict("There is nothing to share yet: say something first.")
    leaf = session.get(Message, last)
    if leaf.conversation_id != conversation.id:
        raise NotFound.of("leafId", "The message of leafId is not in this conversation.")
    kept, room = [], MAX_CHARACTERS
    for message in session.scalars(ending_at(leaf, MAX_MESSAGES).order_by(Message.depth.desc())):
        room -= len(message.text)
        if room < 0:
            break
        if message.status is not MessageStatus.IN_PROGRESS:
            kept.append(message)
    if not kept:
        raise Conflict("There is nothing to share yet: wait for the end of the reply.")
    return [{"by": message.role.value, "text": message.text} for message in kept[::-1]], kept[-1].depth - 1


def _tables(session: Session, conversation: Conversation) -> list[dict[str, Any]]:
    query = select(Table).where(Table.conversation_id == conversation.id).order_by(Table.id).limit(MAX_TABLES)
    return [_table(session, table) for table in session.scalars(query)]


def _table(session: Session, table: Table) -> dict[str, Any]:
    """The first rows of a table, as people read them."""
    query = select(TableColumn).where(TableColumn.table_id == table.id).order_by(TableColumn.position, TableColumn.key)
    columns = [column_of(row) for row in session.scalars(query)]
    most = min(MAX_ROWS, MAX_CELLS // max(1, len(columns)))
    rows = session.scalars(select(Row).where(Row.table_id == table.id).order_by(Row.position, Row.id).limit(most))
    return {
        "name": table.name,
        "columns": [column.name for column in columns],
        "rows": [[format_value(column, row.values.get(column.key)) for column in columns] for row in rows],
        "row_count": table.row_count,
    }
