"""Storage that organizations use: the files of their exports and attachments."""

from typing import Any

from sqlalchemy import func, select

from db.core.prepared import OneOf, Prepared, bind
from db.models.attachments import Attachment
from db.models.conversations import Conversation
from db.models.exports import Export
from db.models.jobs import Job
from db.models.messages import Message

# Files that the retention sweep has not erased: those of exports that finished after `moment`.
of_exports: Prepared[Any] = Prepared(
    select(
        Export.organization_id,
        func.count(Export.id).label("files"),
        func.coalesce(func.sum(Export.size), 0).label("bytes"),
    )
    .join(Job, Job.id == Export.job_id)
    .where(OneOf(Export.organization_id), Export.file.is_not(None), Job.finished_at > bind("moment", Job.finished_at))
    .group_by(Export.organization_id)
)

of_attachments: Prepared[Any] = Prepared(
    select(
        Conversation.organization_id,
        func.count(Attachment.id).label("files"),
        func.coalesce(func.sum(Attachment.size), 0).label("bytes"),
    )
    .join(Message, Message.conversation_id == Conversation.id)
    .join(Attachment, Attachment.message_id == Message.id)
    .where(OneOf(Conversation.organization_id))
    .group_by(Conversation.organization_id)
)
