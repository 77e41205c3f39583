"""API keys: create, list and revoke."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import strawberry
from strawberry import argument

from auth.api_keys import ApiScope, new_api_key
from db.accounts import api_keys
from db.accounts.api_keys import ApiKeyTerms
from db.models.api_keys import ApiKey
from resolvers.core.context import IdempotencyKey, Info
from resolvers.core.ids import decode_id, global_id


@dataclass(frozen=True)
class CreatedApiKey:
    """Created key; `secret` is None when an idempotency key returned a key of before."""

    api_key: ApiKey
    secret: str | None


@dataclass(frozen=True)
class RevokedApiKey:
    deleted_id: strawberry.ID
    ok: bool = True


async def list_api_keys(root: strawberry.Parent[Any], info: Info) -> Sequence[ApiKey]:
    info.context.require_scope(ApiScope.ADMIN, "User.apiKeys")
    return await info.context.children(api_keys.of_users, root.id, "user_id")


async def create_api_key(
    info: Info,
    name: Annotated[str, argument(description="Name of 1 to 100 characters, such as the script that uses the key.")],
    scopes: Annotated[
        list[ApiScope],
        argument(description="At least one. No scope includes another: for a script that reads and writes, send both."),
    ],
    expires_at: Annotated[
        datetime | None, argument(description="Time from which the key is refused; null, the default, for never.")
    ] = None,
    idempotency_key: IdempotencyKey = None,
) -> CreatedApiKey:
    new = new_api_key()
    moment = expires_at.replace(tzinfo=UTC) if expires_at and expires_at.tzinfo is None else expires_at
    created = await info.context.write(api_keys.create, ApiKeyTerms(name, scopes, moment), new, idempotency_key)
    return CreatedApiKey(created, new.secret if created.prefix == new.prefix else None)


async def revoke_api_key(
    info: Info, id: Annotated[strawberry.ID, argument(description="Id of one of your API keys.")]
) -> RevokedApiKey:
    revoked = await info.context.write(api_keys.revoke, decode_id(id, ApiKey))
    return RevokedApiKey(global_id(ApiKey, revoked))
