"""The GraphQL schema, composed of the queries, mutations and subscriptions of every feature."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema import (
    accounts,
    api_keys,
    audit,
    broadcasts,
    budgets,
    cells,
    columns,
    conversations,
    export_templates,
    exports,
    extractions,
    google,
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
    sessions,
    share_links,
    sites,
    tables,
    users,
    webhooks,
)
from schema.scalars import SCALARS


@strawberry.type(description="Read operations.")
class Query(
    server.Query,
    accounts.Query,
    users.Query,
    organizations.Query,
    sites.Query,
    modules.Query,
    items.Query,
    conversations.Query,
    messages.Query,
    tables.Query,
    exports.Query,
    export_templates.Query,
    reports.Query,
    jobs.Query,
    webhooks.Query,
    audit.Query,
    notifications.Query,
    search.Query,
):
    pass


@strawberry.type(description="Write operations. Each takes one input and returns one payload.")
class Mutation(
    sessions.Mutation,
    api_keys.Mutation,
    accounts.Mutation,
    google.Mutation,
    organizations.Mutation,
    memberships.Mutation,
    invitations.Mutation,
    budgets.Mutation,
    sites.Mutation,
    modules.Mutation,
    readings.Mutation,
    items.Mutation,
    restoring.Mutation,
    conversations.Mutation,
    share_links.Mutation,
    messages.Mutation,
    replies.Mutation,
    ratings.Mutation,
    extractions.Mutation,
    proposals.Mutation,
    tables.Mutation,
    columns.Mutation,
    rows.Mutation,
    cells.Mutation,
    revisions.Mutation,
    exports.Mutation,
    export_templates.Mutation,
    reports.Mutation,
    jobs.Mutation,
    webhooks.Mutation,
    imports.Mutation,
    notifications.Mutation,
    broadcasts.Mutation,
):
    pass


@strawberry.type(description="Streams of events.")
class Subscription(replies.Subscription, revisions.Subscription, exports.Subscription, notifications.Subscription):
    pass


schema = strawberry.Schema(Query, Mutation, Subscription, config=StrawberryConfig(scalar_map=SCALARS))
# Strawberry takes no description of a schema; clients read this one by introspection, and the SDL leaves it out.
schema._schema.description = (
    "SheetGPT: conversations with an assistant, and the tables that come of them. Authenticate with `logIn`, and send "
    "the access token as `Authorization: Bearer …`. Ids are opaque and unique among all objects. Lists are pages of at "
    "most 100 nodes. Deleted objects can be brought back with `restore`. Errors have a code in `extensions.code`."
)
