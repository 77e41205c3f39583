"""Scopes that an API key needs for each root field, declared in this one place.

A feature that is missing here, and so each new one, is refused to every key until somebody decides.
"""

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from strawberry.utils.str_converters import to_camel_case

from auth.api_keys import ApiScope
from errors import Forbidden
from resolvers.core.context import Context
from schema import (
    accounts,
    audit,
    broadcasts,
    budgets,
    cells,
    columns,
    conversations,
    export_templates,
    exports,
    extractions,
    imports,
    invitations,
    items,
    jobs,
    memberships,
    messages,
    modules,
    notifications,
    organizations,
    proposals,
    ratings,
    readings,
    replies,
    reports,
    restoring,
    revisions,
    rows,
    search,
    server,
    share_links,
    sites,
    tables,
    users,
    webhooks,
)

READ, WRITE, EXPORT, ADMIN = ApiScope

_FEATURES: Mapping[str, Mapping[ApiScope, tuple[ModuleType, ...]]] = {
    "Query": {
        READ: (
            server,
            accounts,
            users,
            organizations,
            sites,
            modules,
            items,
            conversations,
            messages,
            tables,
            exports,
            export_templates,
            reports,
            jobs,
            notifications,
            search,
        ),
        ADMIN: (audit, webhooks),
    },
    "Mutation": {
        WRITE: (
            sites,
            modules,
            readings,
            items,
            jobs,
            restoring,
            conversations,
            share_links,
            messages,
            replies,
            ratings,
            extractions,
            proposals,
            tables,
            columns,
            rows,
            cells,
            revisions,
            imports,
            notifications,
        ),
        EXPORT: (exports, export_templates, reports),
        ADMIN: (organizations, memberships, invitations, budgets, broadcasts, webhooks),
    },
    "Subscription": {READ: (replies, revisions, exports, notifications)},
}
# Fields that need another scope than the rest of their feature. Passwords, the deletion of the account, Google accounts
# and the creation of API keys are in none of these lists. They need a session, so that a leaked key cannot take over
# the account.
_EXCEPTIONS = {
    "Query.users": ADMIN,
    "Mutation.assignSite": ADMIN,
    "Mutation.unassignSite": ADMIN,
    "Mutation.logOutEverywhere": ADMIN,
    "Mutation.revokeApiKey": ADMIN,
    "Mutation.revokeSession": ADMIN,
    "Mutation.updateUser": ADMIN,
    "Mutation.updateProfile": ADMIN,
}


def _scopes() -> Iterator[tuple[str, ApiScope]]:
    for kind, by_scope in _FEATURES.items():
        for scope, features in by_scope.items():
            for feature in features:
                definition: Any = getattr(feature, kind).__strawberry_definition__
                for field in definition.fields:
                    yield f"{kind}.{field.graphql_name or to_camel_case(field.python_name)}", scope


SCOPES: Mapping[str, ApiScope] = {**dict(_scopes()), **_EXCEPTIONS}


def require_scope(context: Context, kind: str, field: str) -> None:
    """Raise Forbidden if an API key sent the request that may not select this root field."""
    if context.signed_in is None or context.signed_in.scopes is None:
        return
    scope = SCOPES.get(f"{kind}.{field}")
    if scope is None:
        raise Forbidden(f"`{field}` is not for API keys. Log in with logIn and send the access token instead.")
    context.require_scope(scope, field)
