"""Forks: copies of a branch as a new conversation."""

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
    """Copy the branch that ends at a message, by default the newest, into a new conversation of the viewer.

    Read access to the conversation is enough. Messages, attachments and settings are copied; costs, proposals and
    tables are not. Raises NotFound, Conflict or BadUserInput.
    """
    return idempotent(
        session,
        "forkConversation",
        idempotency_key,
        create=lambda: _fork(session, session.get(Conversation, id_), message_id, title),
        result_ids=lambda created: [created.id],
        load=lambda ids: session.get(Conversation, ids[0]),
    )


def _fork(session: Session, source: Conversation, message_id: UUID | None, title: str | None) -> Conversation:
    originals = _branch(session, source, message_id or source.leaf_id)
    new = NewConversation(
        source.model,
        title or source.title,
        source.system_prompt,
        source.organization_id,
        # None if the viewer does not see the site: members see shared conversations about sites of others.
        session.scalars(select(Site.id).where(Site.id == source.site_id)).one_or_none(),
        extraction=source.extraction,
    )
    fork = conversations.create(session, new)
    fork.temperature, fork.max_tokens = source.temperature, source.max_tokens
    copies = _copies(session, fork.id, originals)
    session.add_all(copies)
    attachments.copy_attachments(session, list(zip(originals, copies, strict=True)))
    fork.message_count = len(copies)
    if copies:
        fork.leaf_id, fork.last_message_at = copies[-1].id, copies[-1].created_at
        fork.preview = next(
            (shorten(m.text, PREVIEW_LENGTH) for m in reversed(copies) if m.role is MessageRole.USER), None
        )
    return fork


def _branch(session: Session, source: Conversation, leaf_id: UUID | None) -> list[Message]:
    """Return the messages to copy, oldest first."""
    if leaf_id is None:
        return []
    leaf = session.get(Message, leaf_id)
    if leaf.conversation_id != source.id:
        raise NotFound.of("messageId", "The message of messageId is not in this conversation.")
    if leaf.status is MessageStatus.IN_PROGRESS:
        raise Conflict("The reply is still being written. Wait for its end, or pass the id of an earlier message.")
    if leaf.depth > MAX_COPIED:
        raise BadUserInput.of(
            "messageId", f"The branch has {leaf.depth:,} messages. Pass one of the first {MAX_COPIED:,}."
        )
    return list(session.scalars(branches.ending_at(leaf).order_by(Message.depth)))


def _copies(session: Session, conversation_id: UUID, originals: list[Message]) -> list[Message]:
    """Return copies of the messages as one line of a new conversation."""
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
