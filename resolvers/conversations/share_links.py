"""Share links of conversations: create, revoke, show and open them."""

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
    request = ShareRequest(id_, decode_optional_id(leaf_id, Message), expires_in_days, include_tables)

    def digest_of(share_id: UUID) -> bytes:
        return share_digest(share_token(backend.secrets[0], share_id))

    share = await info.context.write(share_links.share, request, digest_of, idempotency_key)
    return ShareConversationResult(await info.context.by_id(Conversation, id_), _url(backend, share), share.expires_at)


async def unshare_conversation(info: Info, conversation_id: ConversationId) -> UnshareConversationResult:
    return UnshareConversationResult(
        await info.context.write(share_links.unshare, decode_id(conversation_id, Conversation))
    )


async def share_url(root: strawberry.Parent[Any], info: Info) -> str | None:
    """Return the link, read in one batch with those of the operation's other conversations."""
    context = info.context

    async def load(ids: list[UUID]) -> list[str | None]:
        rows = await context.read(share_links.of_conversations, ids=ids, moment=now())
        links = {row.conversation_id: _url(context.backend, row) for row in rows}
        return [links.get(id_) for id_ in ids]

    link: str | None = await context.loader(share_url, load).load(root.id)
    return link


def _url(backend: Backend, share: Any) -> str | None:
    """Return the link; None when the secret that it was made with was removed from the server's settings."""
    # Only the digest is stored, so the token is derived again with each secret, the newest first.
    for secret in backend.secrets:
        token = share_token(secret, share.id)
        if share_digest(token) == share.digest:
            return f"{(backend.settings.public_url or '').rstrip('/')}/s/{token}"
    return None


def opener(backend: Backend) -> Callable[[str], Awaitable[Any]]:
    """Return a function that loads the content for a token, or None for an unknown, expired or revoked one."""

    async def content_of(token: str) -> Any:
        share = await backend.database.read_one(share_links.of_digest, SYSTEM, digest=share_digest(token), moment=now())
        return None if share is None else share.content

    return content_of
