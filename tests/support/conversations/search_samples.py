"""Conversations to search, and reads of what a user sees of them."""

from uuid import UUID

from sqlalchemy import select

from auth.viewer import Viewer
from db.conversations import conversations, messages
from db.conversations.conversations import NewConversation
from db.core.base import Visibility
from db.core.engine import Database
from db.core.pagination import Window
from db.core.session import Session
from db.models.conversations import Conversation
from db.models.messages import Message, MessageRole, MessageStatus

ALL = frozenset[str]()


def create_conversation(
    session: Session,
    title: str,
    organization_id: UUID | None = None,
    visibility: Visibility = Visibility.PRIVATE,
) -> tuple[Conversation, Message]:
    """Create a conversation with one message for the viewer."""
    new = NewConversation("model", title=title, organization_id=organization_id, visibility=visibility)
    conversation = conversations.create(session, new)
    message = user_message(conversation.id)
    session.add(message)
    return conversation, message


def user_message(conversation_id: UUID, text: str = "secret") -> Message:
    return Message(conversation_id=conversation_id, text=text, role=MessageRole.USER, status=MessageStatus.COMPLETED)


async def titles(database: Database, viewer: Viewer) -> list[str]:
    """Return the titles that a user sees, which are equal in a prepared read and in a unit of work."""
    read = await database.read(conversations.all_conversations.rows(Window(100), ALL), viewer, limit=100)
    query = select(Conversation.title).order_by(Conversation.id.desc())
    assert [row.title for row in read] == await database.write(lambda session: list(session.scalars(query)), viewer)
    return [row.title for row in read]


async def texts(database: Database, viewer: Viewer, conversation_id: UUID) -> list[str]:
    """Return the texts that a viewer reads in a conversation, checked to be equal in a list and a unit."""
    listing = messages.of_conversation.rows(Window(100), ALL)
    read = await database.read(listing, viewer, limit=100, conversation_id=conversation_id)
    query = select(Message.text).where(Message.conversation_id == conversation_id).order_by(Message.id)
    if not viewer.is_superuser:
        unit = await database.write(lambda session: list(session.scalars(query)), viewer)
        assert [row.text for row in read] == unit
    return [row.text for row in read]
