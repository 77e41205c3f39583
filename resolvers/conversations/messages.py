"""Messages: say something, follow the reply, stop it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Annotated, Any, TypeAlias
from uuid import UUID

import strawberry

from db.conversations import attachments, messages, replies
from db.conversations.messages import Exchange
from db.models.conversations import Conversation
from db.models.messages import Message, MessageRole, MessageStatus
from db.models.proposals import Proposal
from db.models.tables import Table
from errors import BadUserInput, NotFound
from resolvers.billing.usage import Usage
from resolvers.conversations.attachments import erase_unused, taken_in
from resolvers.conversations.conversations import models_of
from resolvers.core.context import Context, IdempotencyKey, Info
from resolvers.core.ids import key, optional_key
from resolvers.core.pages import KeysetPage
from resolvers.core.uploads import Upload
from resolvers.proposals.streaming import ProposalStream, proposals_of

WAIT_SECONDS, STOP_SECONDS, IDLE_SECONDS = 60.0, 5.0, 1.0
LOOK_SECONDS = 5.0  # those who follow for long are asked whether they still may

says = strawberry.argument


@dataclass(frozen=True)
class Delta:
    """More of a reply's text, which begins at `offset`."""

    message_id: strawberry.ID
    offset: int
    text: str


@dataclass(frozen=True)
class Proposed:
    """A table that the reply proposes."""

    message_id: strawberry.ID
    proposal: Proposal


@dataclass(frozen=True)
class Ended:
    """The reply is over; the message says how."""

    message: Message


ReplyEvent: TypeAlias = Delta | Proposed | Ended


@dataclass(frozen=True)
class Failure:
    code: str
    message: str
    retryable: bool
    retry_at: datetime | None


async def message(info: Info, id: Annotated[strawberry.ID, says(description="Which one.")]) -> Message | None:
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
    text: Annotated[str, says(description="What you say, or paste: at most 200,000 characters.")],
    conversation_id: Annotated[
        strawberry.ID | None, says(description="Where; a new conversation begins when empty.")
    ] = None,
    parent_id: Annotated[
        strawberry.ID | None,
        says(description="The message to continue after, on a branch of its own; the newest one when empty."),
    ] = None,
    model: Annotated[str | None, says(description="One of serverInfo.models; the conversation's when empty.")] = None,
    table_id: Annotated[
        strawberry.ID | None, says(description="The table that rows are added to, instead of a new one.")
    ] = None,
    attachments_: Annotated[
        list[Upload] | None,
        says(
            name="attachments",
            description="At most ten files: text, Markdown, CSV, JSON, XLSX, PDF, or images (PNG, JPEG, WebP, GIF).",
        ),
    ] = None,
    wait: Annotated[
        bool, says(description="Answer when the reply has ended (60 s at most), for clients that do not stream.")
    ] = False,
    idempotency_key: IdempotencyKey = None,
) -> Exchange:
    async with taken_in(info.context, attachments_ or []) as files:
        exchange = await info.context.write(
            attachments.post,
            text,
            files,
            conversation_id=optional_key(conversation_id, Conversation),
            parent_id=optional_key(parent_id, Message),
            models=models_of(info, model),
            table_id=optional_key(table_id, Table),
            idempotency_key=idempotency_key,
        )
    await erase_unused(info.context, exchange.message.id, files)
    if not wait:
        return exchange
    reply = await _ended(info.context, exchange.reply, WAIT_SECONDS)
    conversation = await info.context.fresh().by_id(Conversation, exchange.conversation.id)
    return Exchange(conversation or exchange.conversation, exchange.message, reply)


@dataclass(frozen=True)
class Stopped:
    message: Message


async def stop_reply(
    info: Info, message_id: Annotated[strawberry.ID, says(description="The reply to end.")]
) -> Stopped:
    reply = await info.context.write(replies.stop, key(message_id, Message))
    if reply.status is not MessageStatus.IN_PROGRESS:
        # Nobody had begun to write it, so nobody else tells those who wait for it.
        info.context.backend.log.end(reply.id)
    return Stopped(await _ended(info.context, reply, STOP_SECONDS))


async def reply_stream(
    info: Info,
    message_id: Annotated[strawberry.ID, says(description="The reply.")],
    after: Annotated[
        int | None, says(description="How many code points of the text you have: the stream brings the rest.")
    ] = 0,
) -> AsyncGenerator[ReplyEvent, None]:
    reply, held = await _reply(info.context, key(message_id, Message)), max(after or 0, 0)
    backend = info.context.backend
    watching = backend.watchers.watching(reply.id, info.context.viewer_id)
    with watching, ProposalStream.of(info.context, reply.id) as growing:
        while reply.status is MessageStatus.IN_PROGRESS:
            async for proposal in growing.news():
                yield Proposed(message_id, proposal)
            looked = monotonic()
            following = backend.log.follow(reply.id, held, idle=IDLE_SECONDS, saved=len(reply.text))
            async with aclosing(following) as written:
                async for offset, text in written:
                    yield Delta(message_id, offset, text)
                    held = offset + len(text)
                    if monotonic() - looked > LOOK_SECONDS:
                        await _reply(info.context, reply.id)
                        looked = monotonic()
                    if growing.is_told:
                        async for proposal in growing.news():
                            yield Proposed(message_id, proposal)
            reply = await _reply(info.context, reply.id)
            # Another process writes it, and its pieces do not come here: its checkpoints do.
            if reply.status is MessageStatus.IN_PROGRESS and len(reply.text) > held:
                yield Delta(message_id, held, reply.text[held:])
                held = len(reply.text)
    # A place that the text does not have is nobody's: it starts again.
    held = held if held <= len(reply.text) else 0
    if reply.text[held:]:
        yield Delta(message_id, held, reply.text[held:])
    for proposal in await proposals_of(info.context.fresh(), reply.id):
        yield Proposed(message_id, proposal)
    yield Ended(reply)


async def _reply(context: Context, id_: UUID) -> Message:
    """The row as it is now, if the viewer may still see it."""
    reply = await context.fresh().by_id(Message, id_)
    if reply is None:
        raise NotFound("There is no such message, or you may not see it any more.")
    if reply.role is not MessageRole.ASSISTANT:
        raise BadUserInput.of("messageId", "Follow the reply, not the message that it answers.")
    return reply


async def _ended(context: Context, reply: Message, seconds: float) -> Message:
    """The reply when it has ended, or as it is after so many seconds."""
    with context.backend.watchers.watching(reply.id, context.viewer_id):
        try:
            async with asyncio.timeout(seconds):
                while reply.status is MessageStatus.IN_PROGRESS:
                    async with aclosing(context.backend.log.follow(reply.id, 0, idle=IDLE_SECONDS)) as written:
                        async for _ in written:
                            pass
                    reply = await _reply(context, reply.id)
        except TimeoutError:
            return await _reply(context, reply.id)
    return reply
