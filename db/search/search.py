"""Full-text search: indexing of finished messages, and the lists of messages and conversations that match."""

from typing import Any
from uuid import UUID

from sqlalchemy import event, inspect, or_, select

from db.conversations import conversations
from db.core.pagination import Listing
from db.core.policy import Deleted
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.models.conversations import Conversation
from db.models.memberships import Membership, MembershipStatus
from db.models.messages import Message, MessageStatus
from db.models.search import MessageWords
from db.search.full_text import MessageMatches
from db.search.words import folded_text

SCOPE_PREFIX = "§"  # neither a letter nor a digit, so that no word of a message or a query begins with it


messages_matching = Listing(Message, MessageMatches(Message.id), newest_first=True)
conversations_matching = Listing(
    Conversation,
    or_(
        conversations.all_conversations.optional["search"],
        Conversation.id.in_(select(Message.conversation_id).where(MessageMatches(Message.id))),
    ),
    newest_first=True,
    optional={
        name: condition for name, condition in conversations.all_conversations.optional.items() if name != "search"
    },
)
organizations_of_user: Prepared[Any] = Prepared(
    select(Membership.organization_id).where(
        Membership.user_id == bind("user_id", Membership.user_id), Membership.status == MembershipStatus.ACTIVE
    )
)


def scope_of(organization_id: UUID) -> str:
    """Return the word that is indexed with all messages of an organization, so that the index filters by it."""
    return SCOPE_PREFIX + organization_id.hex


@event.listens_for(Session, "before_flush", insert=True)
def _index(session: Session, *_: Any) -> None:
    """Index the messages that this flush finishes; a reply in progress is indexed when it ends."""
    for row in [*session.new, *session.dirty]:
        if isinstance(row, Message) and row.status is not MessageStatus.IN_PROGRESS and _was_unfinished(session, row):
            _add(session, row)


def _was_unfinished(session: Session, message: Message) -> bool:
    previous: Any = inspect(message).attrs.status.history.deleted
    return message in session.new or MessageStatus.IN_PROGRESS in (previous or ())


def _add(session: Session, message: Message) -> None:
    conversation = _conversation(session, message.conversation_id)
    words = MessageWords(id=message.id, words=folded_text(message.text), scope=scope_of(conversation.organization_id))
    session.bypass_rule_for(words)  # the write of the message itself has been authorized
    session.add(words)


def _conversation(session: Session, id_: UUID) -> Conversation:
    """Return a conversation, also one that is not flushed yet or deleted: a reply may end after the deletion."""
    added = (row for row in session.new if isinstance(row, Conversation) and row.id == id_)
    query, deleted = select(Conversation).where(Conversation.id == id_), (Conversation, Deleted.INCLUDED)
    hit = next(added, None) or session.scalars(query, execution_options={"deleted": deleted}).one_or_none()
    return hit or session.get(Conversation, id_)  # raises NotFound
