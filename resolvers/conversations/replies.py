"""Replies: follow, stop and regenerate them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from time import monotonic
from typing import Annotated, TypeAlias
from uuid import UUID

import strawberry
from strawberry import argument

from db.conversations import branches, replies
from db.models.conversations import Conversation
from db.models.messages import Message, MessageRole, MessageStatus
from db.models.proposals import Proposal
from errors import BadUserInput, NotFound
from resolvers.conversations.conversations import checked_model, models_of
from resolvers.core.context import Context, IdempotencyKey, Info
from resolvers.core.ids import decode_id
from resolvers.proposals.streaming import ProposalStream, proposals_of


@dataclass(frozen=True)
class RegenerateReplyResult:
    reply: Message


async def regenerate_reply(
    info: Info,
    message_id: Annotated[strawberry.ID, argument(description="Id of a reply, or of the message to answer.")],
    model: Annotated[
        str | None,
        argument(description="Name of a model from `serverInfo.models`; the model of the reply when omitted."),
    ] = None,
    idempotency_key: IdempotencyKey = None,
) -> RegenerateReplyResult:
    chosen = None if model is None else checked_model(info, model)
    models = models_of(info)
    id_ = decode_id(message_id, Message)
    return RegenerateReplyResult(await info.context.write(branches.regenerate, id_, models, chosen, idempotency_key))


async def conversation_of_reply(root: strawberry.Parent[RegenerateReplyResult], info: Info) -> Conversation | None:
    return await info.context.by_id(Conversation, root.reply.conversation_id)


STOP_SECONDS, IDLE_SECONDS = 5.0, 1.0
LOOK_SECONDS = 5.0  # those who follow for long are asked whether they still may


@dataclass(frozen=True)
class DeltaEvent:
    """More of a reply's text, which begins at `offset`."""

    message_id: strawberry.ID
    offset: int
    text: str


@dataclass(frozen=True)
class ProposalEvent:
    """A table that the reply proposes."""

    message_id: strawberry.ID
    proposal: Proposal


@dataclass(frozen=True)
class EndedEvent:
    """The reply is over; the message says how."""

    message: Message


ReplyEvent: TypeAlias = DeltaEvent | ProposalEvent | EndedEvent


@dataclass(frozen=True)
class StopReplyResult:
    message: Message


async def stop_reply(
    info: Info, message_id: Annotated[strawberry.ID, argument(description="Id of the reply to stop.")]
) -> StopReplyResult:
    reply = await info.context.write(replies.stop, decode_id(message_id, Message))
    if reply.status is not MessageStatus.IN_PROGRESS:
        # Nobody had begun to write it, so nobody else tells those who wait for it.
        info.context.backend.log.end(reply.id)
    return StopReplyResult(await wait_for_end(info.context, reply, STOP_SECONDS))


async def reply_stream(
    info: Info,
    message_id: Annotated[strawberry.ID, argument(description="Id of the reply.")],
    after: Annotated[
        int | None,
        argument(
            description="Number of code points of the text that you have; the stream continues after them. 0 by "
            "default.",
        ),
    ] = 0,
) -> AsyncGenerator[ReplyEvent, None]:
    reply, held = await _reply(info.context, decode_id(message_id, Message)), max(after or 0, 0)
    backend = info.context.backend
    watching = backend.watchers.watching(reply.id, info.context.viewer_id)
    with watching, ProposalStream.of(info.context, reply.id) as growing:
        while reply.status is MessageStatus.IN_PROGRESS:
            async for proposal in growing.changed_proposals():
                yield ProposalEvent(message_id, proposal)
            looked = monotonic()
            following = backend.log.follow(reply.id, held, idle=IDLE_SECONDS, saved=len(reply.text))
            async with aclosing(following) as written:
                async for offset, text in written:
                    yield DeltaEvent(message_id, offset, text)
                    held = offset + len(text)
                    if monotonic() - looked > LOOK_SECONDS:
                        await _reply(info.context, reply.id)
                        looked = monotonic()
                    if growing.is_due:
                        async for proposal in growing.changed_proposals():
                            yield ProposalEvent(message_id, proposal)
            reply = await _reply(info.context, reply.id)
            # Another process writes it, and its pieces do not come here: its checkpoints do.
            if reply.status is MessageStatus.IN_PROGRESS and len(reply.text) > held:
                yield DeltaEvent(message_id, held, reply.text[held:])
                held = len(reply.text)
    # A place that the text does not have is nobody's: it starts again.
    held = held if held <= len(reply.text) else 0
    if reply.text[held:]:
        yield DeltaEvent(message_id, held, reply.text[held:])
    for proposal in await proposals_of(info.context.fresh(), reply.id):
        yield ProposalEvent(message_id, proposal)
    yield EndedEvent(reply)


async def _reply(context: Context, id_: UUID) -> Message:
    """The row as it is now, if the viewer may still see it."""
    reply = await context.fresh().by_id(Message, id_)
    if reply is None:
        raise NotFound("There is no such message, or you may not see it any more.")
    if reply.role is not MessageRole.ASSISTANT:
        raise BadUserInput.of("messageId", "Follow the reply, not the message that it answers.")
    return reply


async def wait_for_end(context: Context, reply: Message, seconds: float) -> Message:
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
