"""Shared conversations: make a link, take it back, show it again, open it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import argument

from auth.links import share_digest, share_token
from auth.viewer import Viewer
from db.conversations import share_links
from db.conversations.share_links import ShareRequest
from db.core.base import now
from db.models.conversations import Conversation
from db.models.messages import Message
from resolvers.core.context import Backend, IdempotencyKey, Info
from resolvers.core.ids import decode_id, decode_optional_id

SYSTEM = Viewer.system()

ConversationId = Annotated[strawberry.ID, argument(description="Id of the conversation.")]


@dataclass(frozen=True)
class ShareConversationResult:
    conversation: Conversation | None
    share_url: str | None
    expires_at: datetime


@dataclass(frozen=True)
class UnshareConversationResult:
    conversation: Conversation


async def share_conversation(
    info: Info,
    conversation_id: ConversationId,
    leaf_id: Annotated[
        strawberry.ID | None,
        argument(description="Id of the last message of the branch; the newest message when omitted."),
    ] = None,
    expires_in_days: Annotated[int, argument(description="Days until the link expires: 1 to 365, 30 by default.")] = 30,
    include_tables: Annotated[
        bool, argument(description="Also show the tables of the conversation; true by default.")
    ] = True,
    idempotency_key: IdempotencyKey = None,
) -> ShareConversationResult:
    backend = info.context.backend
    id_ = decode_id(conversation_id, Conversation)
    wish = ShareRequest(id_, decode_optional_id(leaf_id, Message), expires_in_days, include_tables)

    def digest_of(share_id: UUID) -> bytes:
        return share_digest(share_token(backend.secrets[0], share_id))

    made = await info.context.write(share_links.share, wish, digest_of, idempotency_key)
    return ShareConversationResult(await info.context.by_id(Conversation, id_), _url(backend, made), made.expires_at)


async def unshare_conversation(info: Info, conversation_id: ConversationId) -> UnshareConversationResult:
    return UnshareConversationResult(
        await info.context.write(share_links.unshare, decode_id(conversation_id, Conversation))
    )


async def share_url(root: strawberry.Parent[Any], info: Info) -> str | None:
    """Fetched together with the links of every other conversation that is shown."""
    context = info.context

    async def load(ids: list[UUID]) -> list[str | None]:
        rows = await context.read(share_links.of_conversations, ids=ids, moment=now())
        links = {row.conversation_id: _url(context.backend, row) for row in rows}
        return [links.get(id_) for id_ in ids]

    link: str | None = await context.loader(share_url, load).load(root.id)
    return link


def _url(backend: Backend, share: Any) -> str | None:
    """The link; None when the key that it was made with is not among the server's any more."""
    for secret in backend.secrets:
        token = share_token(secret, share.id)
        if share_digest(token) == share.digest:
            return f"{(backend.settings.public_url or '').rstrip('/')}/s/{token}"
    return None


def opener(backend: Backend) -> Callable[[str], Awaitable[Any]]:
    """Return a function that loads the content for a token, or None for an unknown, expired or revoked one."""

    async def content_of(token: str) -> Any:
        found = await backend.database.read_one(share_links.of_digest, SYSTEM, digest=share_digest(token), moment=now())
        return None if found is None else found.content

    return content_of
