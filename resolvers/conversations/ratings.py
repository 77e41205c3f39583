"""Ratings of messages by the viewer."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import argument

from db.conversations import ratings
from db.models.messages import Message
from db.models.ratings import MessageRating, Rating
from resolvers.core.context import Info
from resolvers.core.ids import decode_id


async def _own(root: Any, info: Info) -> MessageRating | None:
    """Return the viewer's own rating of a message, read in one batch with those of the operation's other messages."""

    async def load(ids: list[UUID]) -> list[MessageRating | None]:
        rows = await info.context.read(ratings.of_messages, ids=ids, user_id=info.context.viewer.user_id)
        by_message = {row.message_id: row for row in rows}
        return [by_message.get(id_) for id_ in ids]

    loaded: MessageRating | None = await info.context.loader(_own, load).load(root.id)
    return loaded


async def rating_of(root: strawberry.Parent[Any], info: Info) -> Rating | None:
    own = await _own(root, info)
    return None if own is None else own.value


async def rating_comment_of(root: strawberry.Parent[Any], info: Info) -> str | None:
    own = await _own(root, info)
    return None if own is None else own.comment


@dataclass(frozen=True)
class RateMessageResult:
    message: Message


async def rate_message(
    info: Info,
    message_id: Annotated[strawberry.ID, argument(description="Id of a message that you can see.")],
    rating: Annotated[Rating | None, argument(description="Your rating; null removes it.")] = None,
    comment: Annotated[str | None, argument(description="Reason for the rating: at most 2,000 characters.")] = None,
) -> RateMessageResult:
    return RateMessageResult(await info.context.write(ratings.rate, decode_id(message_id, Message), rating, comment))
