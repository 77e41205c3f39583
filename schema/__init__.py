"""The one GraphQL schema: every feature, listed once."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema import (
    accounts,
    audit,
    budgets,
    conversations,
    exports,
    imports,
    items,
    messages,
    modules,
    notifications,
    organizations,
    search,
    server,
    share_links,
    sites,
    tables,
    users,
)
from schema.scalars import SCALARS


@strawberry.type(description="What you can read.")
class Query(
    server.Query,
    users.Query,
    organizations.Query,
    sites.Query,
    modules.Query,
    items.Query,
    conversations.Query,
    messages.Query,
    tables.Query,
    exports.Query,
    audit.Query,
    notifications.Query,
    search.Query,
):
    pass


@strawberry.type(description="What you can change. Each takes one input and answers with one payload.")
class Mutation(
    users.Mutation,
    accounts.Mutation,
    organizations.Mutation,
    budgets.Mutation,
    sites.Mutation,
    modules.Mutation,
    items.Mutation,
    conversations.Mutation,
    messages.Mutation,
    tables.Mutation,
    exports.Mutation,
    imports.Mutation,
    notifications.Mutation,
    share_links.Mutation,
):
    pass


@strawberry.type(description="What you can follow.")
class Subscription(messages.Subscription, tables.Subscription, exports.Subscription, notifications.Subscription):
    pass


schema = strawberry.Schema(Query, Mutation, Subscription, config=StrawberryConfig(scalar_map=SCALARS))
