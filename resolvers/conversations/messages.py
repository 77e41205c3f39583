"""Messages: read, send and edit them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import argument

from db.conversations import attachments, branches, messages
from db.conversations.messages import Exchange
from db.models.conversations import Conversation
from db.models.messages import Message
from db.models.tables import Table
from errors import Mistakes
from resolvers.billing.usage import Usage
from resolvers.conversations.attachments import check_number, delete_unused_blobs, store_uploads
from resolvers.conversations.conversations import models_of
from resolvers.conversations.replies import wait_for_end
from resolvers.core.context import IdempotencyKey, Info
from resolvers.core.ids import decode_id, decode_optional_id
from resolvers.core.pages import KeysetPage
from resolvers.core.uploads import Upload

WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class Failure:
    code: str
    message: str
    retryable: bool
    retry_at: datetime | None


async def message(
    info: Info, id: Annotated[strawberry.ID, argument(description="Id of the message.")]
) -> Message | None:
    return await info.context.find(Message, id)


def list_all_messages(root: strawberry.Parent[Any], info: Info) -> KeysetPage[Message]:
    return info.context.page(messages.of_conversation, conversation_id=root.id)


async def parent_of(root: strawberry.Parent[Any], info: Info) -> Message | None:
    return await info.context.by_id(Message, root.parent_id)


def usage_of(root: strawberry.Parent[Any]) -> Usage | None:
    if root.output_tokens is None:
        return None
    return Usage(
        input_tokens=root.input_tokens or 0,
        output_tokens=root.output_tokens,
        cached_tokens=root.cached_tokens or 0,
        reasoning_tokens=root.reasoning_tokens or 0,
        cost_nanos=root.cost_nanos or 0,
        estimated=root.usage_estimated,
    )


def error_of(root: strawberry.Parent[Any]) -> Failure | None:
    if root.error_code is None:
        return None
    return Failure(root.error_code, root.error_message, root.error_retryable, root.error_retry_at)


async def send_message(
    info: Info,
    text: Annotated[str, argument(description="Text of the message: at most 200,000 characters.")],
    conversation_id: Annotated[
        strawberry.ID | None,
        argument(description="Id of the conversation; a new conversation is created when omitted."),
    ] = None,
    parent_id: Annotated[
        strawberry.ID | None,
        argument(
            description="Id of the message to continue after, which starts a branch; the newest message when omitted."
        ),
    ] = None,
    model: Annotated[
        str | None,
        argument(description="Name of a model from `serverInfo.models`; the conversation's model when omitted."),
    ] = None,
    table_id: Annotated[
        strawberry.ID | None, argument(description="Id of a table to add rows to, instead of creating a new table.")
    ] = None,
    attachments_: Annotated[
        list[Upload] | None,
        argument(
            name="attachments",
            description="At most ten files: text, Markdown, CSV, JSON, XLSX, PDF, or images (PNG, JPEG, WebP, GIF).",
        ),
    ] = None,
    wait: Annotated[
        bool,
        argument(
            description="Wait until the reply has ended, at most 60 seconds, for clients that do not stream; false by "
            "default.",
        ),
    ] = False,
    idempotency_key: IdempotencyKey = None,
) -> Exchange:
    with Mistakes() as check:
        models = check(models_of, info, model)
        check(messages.checked_text, text)
        check(check_number, attachments_ or [])
    conversation = decode_optional_id(conversation_id, Conversation)
    async with store_uploads(info.context, conversation, attachments_ or []) as files:
        exchange = await info.context.write(
            attachments.send,
            text,
            files,
            conversation_id=conversation,
            parent_id=decode_optional_id(parent_id, Message),
            models=models,
            table_id=decode_optional_id(table_id, Table),
            idempotency_key=idempotency_key,
        )
    await delete_unused_blobs(info.context, exchange.message.id, files)
    if not wait:
        return exchange
    reply = await wait_for_end(info.context, exchange.reply, WAIT_SECONDS)
    # Read anew, since the reply may have changed the conversation, such as its title.
    current = await info.context.fresh().by_id(Conversation, exchange.conversation.id)
    return Exchange(current or exchange.conversation, exchange.message, reply)


async def edit_message(
    info: Info,
    message_id: Annotated[strawberry.ID, argument(description="Id of a message written by a person.")],
    text: Annotated[str, argument(description="New text: at most 200,000 characters.")],
    idempotency_key: IdempotencyKey = None,
) -> Exchange:
    models = models_of(info)
    return await info.context.write(branches.edit, decode_id(message_id, Message), text, models, idempotency_key)
