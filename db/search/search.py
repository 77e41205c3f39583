"""Full-text search: the words of each message that is whole, and the lists that are looked up by them."""

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

SCOPE_PREFIX = "§"  # no letter and no digit: no word that somebody writes or looks for begins with it


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
    """A word that all messages of an organization have, so that the index itself leaves the others out."""
    return SCOPE_PREFIX + organization_id.hex


@event.listens_for(Session, "before_flush", insert=True)
def _index(session: Session, *_: Any) -> None:
    """Keep the words of messages that are whole now; what is still being written is indexed at its end."""
    for row in [*session.new, *session.dirty]:
        if isinstance(row, Message) and row.status is not MessageStatus.IN_PROGRESS and _is_new(session, row):
            _add(session, row)


def _is_new(session: Session, message: Message) -> bool:
    """Whether it was not whole before."""
    was: Any = inspect(message).attrs.status.history.deleted
    return message in session.new or MessageStatus.IN_PROGRESS in (was or ())


def _add(session: Session, message: Message) -> None:
    conversation = _conversation(session, message.conversation_id)
    words = MessageWords(id=message.id, words=folded_text(message.text), scope=scope_of(conversation.organization_id))
    session.bypass_rule_for(words)  # whoever may write the message may
    session.add(words)


def _conversation(session: Session, id_: UUID) -> Conversation:
    """It may be as new as its message, and deleted: a reply in it ends all the same."""
    added = (row for row in session.new if isinstance(row, Conversation) and row.id == id_)
    query, deleted = select(Conversation).where(Conversation.id == id_), (Conversation, Deleted.TOO)
    seen = next(added, None) or session.scalars(query, execution_options={"deleted": deleted}).one_or_none()
    return seen or session.get(Conversation, id_)  # which says that there is none for this viewer
