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
CHECK_SECONDS = 5.0  # between two checks that a subscriber may still see the reply


@dataclass(frozen=True)
class DeltaEvent:
    """Piece of a reply's text, which begins at code point `offset`."""

    message_id: strawberry.ID
    offset: int
    text: str


@dataclass(frozen=True)
class ProposalEvent:
    """Table that the reply proposes."""

    message_id: strawberry.ID
    proposal: Proposal


@dataclass(frozen=True)
class EndedEvent:
    """End of the reply; the status of the message tells the outcome."""

    message: Message


ReplyEvent: TypeAlias = DeltaEvent | ProposalEvent | EndedEvent


@dataclass(frozen=True)
class StopReplyResult:
    message: Message


async def stop_reply(
    info: Info, message_id: Annotated[strawberry.ID, argument(description="Id of the reply to stop.")]
) -> StopReplyResult:
    reply = await info.context.write(replies.stop, decode_id(message_id, Message))
    return StopReplyResult(await await_stop(info.context, reply.id))


async def await_stop(context: Context, reply_id: UUID) -> Message:
    """Return a reply that was stopped when its worker has ended it, or its state after a while."""
    reply = await _reply(context, reply_id)
    if reply.status is not MessageStatus.IN_PROGRESS:
        # No worker had begun to write it, so no worker will notify its subscribers.
        context.backend.log.end(reply.id)
    return await wait_for_end(context, reply, STOP_SECONDS)


async def reply_stream(
    info: Info,
    message_id: Annotated[strawberry.ID, argument(description="Id of the reply.")],
    after: Annotated[
        int | None,
        argument(description="Code points of the text that you have; the stream continues after them. 0 by default."),
    ] = 0,
) -> AsyncGenerator[ReplyEvent, None]:
    after = info.context.resumed_after_number(after)
    reply, position = await _reply(info.context, decode_id(message_id, Message)), max(after or 0, 0)
    backend = info.context.backend
    watching = backend.watchers.watching(reply.id, info.context.viewer_id)
    with watching, ProposalStream.of(info.context, reply.id) as proposals:
        while reply.status is MessageStatus.IN_PROGRESS:
            async for proposal in proposals.changed_proposals():
                yield ProposalEvent(message_id, proposal)
            checked_at = monotonic()
            following = backend.log.follow(reply.id, position, idle=IDLE_SECONDS, saved=len(reply.text))
            async with aclosing(following) as written:
                async for offset, text in written:
                    yield DeltaEvent(message_id, offset, text)
                    position = offset + len(text)
                    if monotonic() - checked_at > CHECK_SECONDS:
                        await _reply(info.context, reply.id)
                        checked_at = monotonic()
                    if proposals.is_due:
                        async for proposal in proposals.changed_proposals():
                            yield ProposalEvent(message_id, proposal)
            reply = await _reply(info.context, reply.id)
            # When another process writes the reply, its pieces do not arrive here, only the checkpoints in the row.
            if reply.status is MessageStatus.IN_PROGRESS and len(reply.text) > position:
                yield DeltaEvent(message_id, position, reply.text[position:])
                position = len(reply.text)
    # A client that sent a position beyond the end receives the whole text again.
    position = position if position <= len(reply.text) else 0
    if reply.text[position:]:
        yield DeltaEvent(message_id, position, reply.text[position:])
    for proposal in await proposals_of(info.context.fresh(), reply.id):
        yield ProposalEvent(message_id, proposal)
    yield EndedEvent(reply)


def position_of(event: ReplyEvent) -> str | None:
    """Return the position in the text after a piece of it; other events have none."""
    return str(event.offset + len(event.text)) if isinstance(event, DeltaEvent) else None


async def _reply(context: Context, id_: UUID) -> Message:
    """Return the reply as it is now. Raises NotFound if the viewer may no longer see it, BadUserInput for no reply."""
    reply = await context.fresh().by_id(Message, id_)
    if reply is None:
        raise NotFound("There is no such message, or you may not see it any more.")
    if reply.role is not MessageRole.ASSISTANT:
        raise BadUserInput.of("messageId", "This is the id of a message written by a person. Pass the id of its reply.")
    return reply


async def wait_for_end(context: Context, reply: Message, seconds: float) -> Message:
    """Return the reply when it has ended, or its present state after `seconds`."""
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
