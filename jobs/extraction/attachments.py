"""Text and images of the files attached to a conversation, for prompts and extraction."""

import asyncio
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from db.conversations import attachments
from db.core.engine import Database
from db.models.attachments import Attachment
from db.models.messages import Message
from integrations.blobs import Blobs
from jobs.runner.job_run import JobContext

MAX_TEXT = 200_000  # characters of one file that are read
MAX_IMAGE_BYTES = 20_000_000  # of all images of a request together


@dataclass(frozen=True)
class Attached:
    """Beginning of a file's text."""

    id: UUID
    name: str
    text: str


async def attached_to(
    database: Database, context: JobContext, messages: Sequence[Message]
) -> Mapping[UUID, list[Attached]]:
    """Return the files with text by message, from the newest twenty files, newest message first."""
    attached: dict[UUID, list[Attached]] = {}
    ids = [message.id for message in messages]
    for row in await database.read(attachments.texts_of_branch, context.viewer, ids=ids, length=MAX_TEXT):
        attached.setdefault(row.message_id, []).append(Attached(row.id, row.name, row.text))
    return attached


async def images_of(database: Database, blobs: Blobs, context: JobContext, messages: Sequence[Message]) -> list[str]:
    """Return the newest images of the messages as `data:` URLs, newest message first, within the size limit."""
    ids = [message.id for message in messages]
    rows = await database.read(attachments.images_of_messages, context.viewer, ids=ids)
    return await asyncio.to_thread(_data_urls, blobs, rows)


def _data_urls(blobs: Blobs, images: Sequence[Attachment]) -> list[str]:
    urls, left = [], MAX_IMAGE_BYTES
    for image in images:
        left -= image.size
        if left < 0:
            break
        # Content may have been purged meanwhile, with its message.
        if (file := blobs.open(image.blob_id)) is not None:
            with file:
                urls.append(f"data:{image.content_type};base64,{b64encode(file.read()).decode()}")
    return urls
