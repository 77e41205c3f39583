"""Broadcasts: one notification to all users."""

from dataclasses import dataclass
from typing import Annotated

from strawberry import argument

from db.notifications import broadcasts
from resolvers.core.context import IdempotencyKey, Info


@dataclass(frozen=True)
class BroadcastResult:
    title: str


async def broadcast(
    info: Info,
    title: Annotated[str, argument(description="Text of the notification: 1 to 200 characters.")],
    idempotency_key: IdempotencyKey = None,
) -> BroadcastResult:
    job = await info.context.write(broadcasts.start, title, idempotency_key)
    return BroadcastResult(job.arguments["title"])
