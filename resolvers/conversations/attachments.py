"""Attachments: stored before their message is written, listed with it, and downloaded."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal
from uuid import UUID

import strawberry
from uuid_utils.compat import uuid7

from auth.api_keys import ApiScope
from db.conversations import attachments
from db.conversations.attachments import StoredFile
from db.models.attachments import Attachment
from db.models.conversations import Conversation
from errors import BadUserInput
from integrations.documents.failures import DocumentRefused
from integrations.documents.kinds import Kind, Recognised, recognise
from integrations.documents.sheet_text import delimited_text
from resolvers.core.charges import count_uploads
from resolvers.core.context import Backend, Context, Info
from resolvers.core.links import signed_url, user_of_link
from resolvers.core.uploads import Upload
from resolvers.organizations.storage import check_storage

MAX_FILES = 10
MAX_TEXT = 1_000_000  # characters
# PostgreSQL stores neither NUL nor lone surrogates.
UNSTORABLE = {ord("\0"): "\ufffd", **dict.fromkeys(range(0xD800, 0xE000), "\ufffd")}
# Kinds that the document process reads; the text of the others is decoded here.
TASKS: dict[Kind, Literal["pdf", "text"]] = {Kind.PDF: "pdf", Kind.XLSX: "text", Kind.ODS: "text"}
EXTENSIONS = {
    Kind.TEXT: "txt",
    Kind.MARKDOWN: "md",
    Kind.CSV: "csv",
    Kind.JSON: "json",
    Kind.XLSX: "xlsx",
    Kind.ODS: "ods",
    Kind.PDF: "pdf",
    Kind.PNG: "png",
    Kind.JPEG: "jpg",
    Kind.WEBP: "webp",
    Kind.GIF: "gif",
}


def check_number(uploads: Sequence[Upload]) -> None:
    if len(uploads) > MAX_FILES:
        raise BadUserInput.of("attachments", f"Attach at most {MAX_FILES} files to one message.")


@asynccontextmanager
async def store_uploads(
    context: Context, conversation_id: UUID | None, uploads: Sequence[Upload]
) -> AsyncIterator[list[StoredFile]]:
    """Store the files and yield them; they are deleted again if the block fails.

    Raises BadUserInput, RateLimited, or StorageExceeded for the organization of the conversation, by default the
    viewer's personal one.
    """
    await count_uploads(context, len(uploads))
    if uploads:
        conversation = await context.by_id(Conversation, conversation_id)
        organization_id = conversation.organization_id if conversation else None
        await check_storage(context, organization_id, sum(upload.size for upload in uploads))
    stored: list[StoredFile] = []
    try:
        for number, upload in enumerate(uploads):
            stored.append(await _store_upload(context, upload, f"attachments.{number}"))
        yield stored
    except BaseException:  # also when the client hangs up, which cancels the request
        await delete_blobs(context.backend, [file.blob_id for file in stored])
        raise


async def _store_upload(context: Context, upload: Upload, field: str) -> StoredFile:
    files, person = context.backend.file_work, context.viewer_id
    try:
        recognised = await files.run(person, recognise, upload.file, upload.name)
        text = await _text(context, upload, recognised)
    except DocumentRefused as error:
        raise BadUserInput.of(field, f"{upload.name}: {error}") from None
    blob_id = uuid7()
    await files.run(person, context.backend.blobs.put, blob_id, upload.file)
    return StoredFile(blob_id, upload.name, recognised.kind.value, upload.size, text)


async def _text(context: Context, upload: Upload, recognised: Recognised) -> str | None:
    """Return the text of a file, at most a million characters; None for an image."""
    task = TASKS.get(recognised.kind)
    backend, person = context.backend, context.viewer_id
    text = await backend.documents.text_of(task, upload.file, person=person) if task else recognised.text
    if text is not None and recognised.kind is Kind.CSV:
        text = await backend.file_work.run(person, delimited_text, text)
    return None if text is None else text[:MAX_TEXT].translate(UNSTORABLE)


async def delete_blobs(backend: Backend, blobs: Sequence[UUID]) -> None:
    """Delete the contents of files; the retention sweep deletes those that remain after a failure."""

    def delete() -> None:
        for blob_id in blobs:
            backend.blobs.delete(blob_id)

    if blobs:
        await asyncio.to_thread(delete)


async def delete_unused_blobs(context: Context, message_id: UUID, stored: Sequence[StoredFile]) -> None:
    """Delete the files of a repeated request; its message has those of the first request."""
    if stored:
        used = {row.blob_id for row in await context.read(attachments.of_messages, ids=[message_id])}
        await delete_blobs(context.backend, [file.blob_id for file in stored if file.blob_id not in used])


async def list_attachments(root: strawberry.Parent[Any], info: Info) -> list[Attachment]:
    return await info.context.children(attachments.of_messages, root.id)


async def text_of(root: strawberry.Parent[Any], info: Info) -> str | None:
    async def load(ids: list[UUID]) -> list[str | None]:
        texts = {row.attachment_id: row.text for row in await info.context.read(attachments.texts, ids=ids)}
        return [texts.get(id_) for id_ in ids]

    loaded: str | None = await info.context.loader(text_of, load).load(root.id)
    return loaded


def url_of(root: strawberry.Parent[Any], info: Info) -> str:
    info.context.require_scope(ApiScope.EXPORT, "Attachment.url")
    return signed_url(
        info.context, "attachments", f"{root.blob_id.hex}.{EXTENSIONS[Kind(root.content_type)]}", root.name
    )


def attachment_access(backend: Backend) -> Callable[[UUID, UUID], Awaitable[bool]]:
    """Return a function that tells whether a user may still see an attachment with a content."""

    async def may_download(blob_id: UUID, user_id: UUID) -> bool:
        viewer = await user_of_link(backend.database, user_id)
        return bool(viewer and await backend.database.read(attachments.of_blobs, viewer, ids=[blob_id]))

    return may_download
