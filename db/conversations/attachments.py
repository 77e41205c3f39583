"""Attachments of messages and the texts that were extracted from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from db.conversations import sending
from db.conversations.messages import Exchange
from db.core.dialect_sql import OneOf
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.core.sqlite_writer import short
from db.models.attachments import Attachment, AttachmentText
from db.models.conversations import Conversation
from db.models.messages import Message

MAX_OF_BRANCH, MAX_IMAGES = 20, 4  # the newest attachments that a model gets
BATCH = 500  # messages in one query


of_messages: Prepared[Attachment] = Prepared(
    select(Attachment).where(OneOf(Attachment.message_id)).order_by(Attachment.message_id, Attachment.id)
)
texts: Prepared[AttachmentText] = Prepared(select(AttachmentText).where(OneOf(AttachmentText.attachment_id)))
texts_of_branch: Prepared[Any] = Prepared(
    select(
        Attachment.id,
        Attachment.message_id,
        Attachment.name,
        func.substr(AttachmentText.text, 1, bind("length", Message.depth)).label("text"),
    )
    .join(AttachmentText, AttachmentText.attachment_id == Attachment.id)
    .where(OneOf(Attachment.message_id))
    .order_by(Attachment.message_id.desc(), Attachment.id)
    .limit(MAX_OF_BRANCH)
)
images_of_messages: Prepared[Attachment] = Prepared(
    select(Attachment)
    .where(OneOf(Attachment.message_id), Attachment.content_type.startswith("image/"))
    .order_by(Attachment.message_id.desc(), Attachment.id)
    .limit(MAX_IMAGES)
)
of_blobs: Prepared[Any] = Prepared(
    select(Attachment.blob_id.label("blob_id")).where(OneOf(Attachment.blob_id)).distinct()
)


@dataclass(frozen=True)
class StoredFile:
    """Attached file whose content is already in the blob store; `text` is None if none was extracted."""

    blob_id: UUID
    name: str
    content_type: str
    size: int
    text: str | None


@short
def send(session: Session, /, text: str, files: Sequence[StoredFile], **options: Any) -> Exchange:
    """Send a message with files; `options` are those of `sending.send`.

    A repetition with the same idempotency key returns the first message and ignores these files.
    """
    return sending.send(session, text, **options, attach=partial(_attach_uploads, session, files))


def _attach_uploads(session: Session, files: Sequence[StoredFile], message: Message) -> None:
    _attach(session, files, message)
    _count_bytes(session, sum(file.size for file in files), message)


def _count_bytes(session: Session, size: int, message: Message) -> None:
    """Count bytes of attachments for the organization of their message."""
    if size:
        session.storage.added[session.get(Conversation, message.conversation_id).organization_id] += size


def _attach(session: Session, files: Sequence[StoredFile], message: Message) -> None:
    for file in files:
        attachment = Attachment(
            message_id=message.id, blob_id=file.blob_id, name=file.name, content_type=file.content_type, size=file.size
        )
        session.add(attachment)
        if file.text is not None:
            session.add(AttachmentText(attachment_id=attachment.id, text=file.text))


def copy_attachments(session: Session, copies: Sequence[tuple[Message, Message]]) -> None:
    """Copy the attachments of messages to their copies in one conversation, given as pairs of the message and its copy.

    The copies share the contents, but count like them: each keeps a content from being erased.
    """
    size = 0
    for start in range(0, len(copies), BATCH):
        targets = {source.id: copy for source, copy in copies[start : start + BATCH]}
        query = (
            select(Attachment, AttachmentText.text).where(Attachment.message_id.in_(targets)).order_by(Attachment.id)
        )
        rows = session.execute(query.outerjoin(AttachmentText, AttachmentText.attachment_id == Attachment.id))
        for attachment, text in rows:
            file = StoredFile(attachment.blob_id, attachment.name, attachment.content_type, attachment.size, text)
            _attach(session, [file], targets[attachment.message_id])
            size += file.size
    if copies:
        _count_bytes(session, size, copies[0][1])
