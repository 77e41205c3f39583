"""API keys, and the mutations that create and revoke them."""

from datetime import datetime

import strawberry

from auth.api_keys import ApiScope
from db import models
from resolvers.accounts import api_keys
from schema.base import Node, Shows, enum, field, output_type
from schema.operations import mutation

enum(
    ApiScope,
    READ="Queries and subscriptions.",
    WRITE="Mutations of conversations, tables, sites, items and other content.",
    EXPORT="Exports, and the links that download exports and attachments.",
    ADMIN="Organizations, members, invitations, budgets, accounts and the audit log; the rights of a superuser too.",
)


@output_type
class ApiKey(Node, Shows[models.api_keys.ApiKey]):
    """A key with which a script acts as its user, within its scopes; only a digest of its secret is stored."""

    name: str = field("Name that the user gave it.")
    prefix: str = field("First characters of the secret, such as `sgk_4fGh2kLm9QrS`, to tell keys apart.")
    scopes: list[ApiScope] = field("Permissions of the key.")
    created_at: datetime = field("Time of creation.")
    last_used_at: datetime | None = field("Time of the last use, up to 5 minutes late; null before the first.")
    expires_at: datetime | None = field("Time from which it is refused; null when it does not expire.")


@output_type
class CreateApiKeyPayload(Shows[api_keys.CreatedApiKey]):
    """Result of `createApiKey`."""

    api_key: ApiKey = field("The new key.")
    secret: str | None = field(
        "The key itself, shown only here: send it as `Authorization: Bearer sgk_…`. Null when a call before with the "
        "same `idempotencyKey` created the key; revoke it and create another if the secret was lost."
    )


@output_type
class RevokeApiKeyPayload(Shows[api_keys.RevokedApiKey]):
    """Result of `revokeApiKey`."""

    deleted_id: strawberry.ID = field("Id of the revoked key.")
    ok: bool = field("Always true; failures are errors.")


@strawberry.type
class Mutation:
    create_api_key = mutation(
        CreateApiKeyPayload,
        api_keys.create_api_key,
        "Create an API key for scripts, which acts as you within its scopes. At most 50 for each user. Needs a "
        "session: an API key cannot create another.",
    )
    revoke_api_key = mutation(
        RevokeApiKeyPayload,
        api_keys.revoke_api_key,
        "Revoke an API key: it is refused immediately, and its open streams close within a second.",
    )
