"""Forks: a branch of a conversation copied into a new one."""

from uuid import UUID

from sqlalchemy import select

from db.conversations import attachments, branches, conversations, segments
from db.conversations.conversations import NewConversation
from db.conversations.messages import PREVIEW_LENGTH, shorten
from db.core.idempotency import idempotent
from db.core.session import Session
from db.models.conversations import Conversation
from db.models.messages import Message, MessageRole, MessageStatus
from db.models.sites import Site
from errors import BadUserInput, Conflict, NotFound

MAX_COPIED = 5_000
COPIED = ("role", "text", "status", "model", "finish_reason", "error_code", "error_message", "error_retryable")


def fork(
    session: Session, id_: UUID, message_id: UUID | None, title: str | None, idempotency_key: str | None = None
) -> Conversation:
    """Copy the branch that ends at a message, the newest one if None, into a new conversation of the viewer's.

    They need only see the conversation. What was said is copied, with the settings that it was said under; what
    the replies cost, what they proposed and the tables stay where they are.
    """
    return idempotent(
        session,
        "forkConversation",
        idempotency_key,
        create=lambda: _fork(session, session.get(Conversation, id_), message_id, title),
        result_ids=lambda made: [made.id],
        load=lambda ids: session.get(Conversation, ids[0]),
    )


def _fork(session: Session, source: Conversation, message_id: UUID | None, title: str | None) -> Conversation:
    copied = _branch(session, source, message_id or source.leaf_id)
    beginning = NewConversation(
        source.model,
        title or source.title,
        source.system_prompt,
        source.organization_id,
        # A member may see a conversation about a site that they are not assigned to.
        session.scalars(select(Site.id).where(Site.id == source.site_id)).one_or_none(),
        extraction=source.extraction,
    )
    fork = conversations.create(session, beginning)
    fork.temperature, fork.max_tokens = source.temperature, source.max_tokens
    said = _copies(session, fork.id, copied)
    session.add_all(said)
    attachments.copy_attachments(session, list(zip(copied, said, strict=True)))
    fork.message_count = len(said)
    if said:
        fork.leaf_id, fork.last_message_at = said[-1].id, said[-1].created_at
        fork.preview = next(
            (shorten(m.text, PREVIEW_LENGTH) for m in reversed(said) if m.role is MessageRole.USER), None
        )
    return fork


def _branch(session: Session, source: Conversation, leaf_id: UUID | None) -> list[Message]:
    """The messages to copy, oldest first."""
    if leaf_id is None:
        return []
    leaf = session.get(Message, leaf_id)
    if leaf.conversation_id != source.id:
        raise NotFound.of("messageId", "The message of messageId is not in this conversation.")
    if leaf.status is MessageStatus.IN_PROGRESS:
        raise Conflict("The reply is still being written: wait for its end, or name an earlier message.")
    if leaf.depth > MAX_COPIED:
        raise BadUserInput.of("messageId", f"Name one of the first {MAX_COPIED:,} messages: more are not copied.")
    return list(session.scalars(branches.ending_at(leaf).order_by(Message.depth)))


def _copies(session: Session, conversation_id: UUID, originals: list[Message]) -> list[Message]:
    """The messages of a conversation of one line."""
    copies: list[Message] = []
    for depth, original in enumerate(originals, 1):
        parent_id = copies[-1].id if copies else None
        copy = Message(conversation_id=conversation_id, parent_id=parent_id, depth=depth)
        copy.line_id = copies[0].id if copies else copy.id
        for name in COPIED:
            setattr(copy, name, getattr(original, name))
        copies.append(copy)
    if copies:
        segments.add_line(session, conversation_id, copies[0].id, 1, len(copies))
    return copies
