"""The server itself, and any thing by its id."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

import strawberry

from errors import BadUserInput
from resolvers.core.context import Info
from resolvers.core.ids import decode
from schema.base import NODES, Node, field, output_type
from settings import VERSION

MAX_IDS = 100


@output_type
class ServerInfo:
    """What this server is and can do."""

    message: str = field("Always `API is running`.")
    version: str = field("Version of the product.")
    environment: str = field("`development` or `production`.")
    models: list[str] = field("The models that you may choose for a conversation; the first is the server's own.")
    currency: str = field("What costs and budgets are in, as `USD`.")
    offline: bool = field("Whether no model is configured, so that the offline assistant answers.")


@output_type
class Health:
    """Whether the server can work."""

    status: str = field("`ok` or `degraded`.")
    timestamp: datetime = field("When this was found.")
    database: str = field("`ok` or `unavailable`.")


def server_info(info: Info) -> ServerInfo:
    backend = info.context.backend
    return ServerInfo(
        message="API is running",
        version=VERSION,
        environment=backend.settings.environment,
        models=list(backend.catalog.names),
        currency=backend.settings.currency,
        offline=backend.catalog.is_offline,
    )


async def health(info: Info) -> Health:
    is_well = await info.context.backend.database.check()
    return Health(
        status="ok" if is_well else "degraded",
        timestamp=datetime.now(UTC),
        database="ok" if is_well else "unavailable",
    )


async def node(info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The id of anything.")]) -> Any:
    decoded = decode(id)
    if decoded is None or decoded[0] not in NODES:
        return None
    return await info.context.by_id(NODES[decoded[0]], decoded[1])


async def nodes(
    info: Info, ids: Annotated[list[strawberry.ID], strawberry.argument(description="At most 100 ids of anything.")]
) -> list[Any]:
    if len(ids) > MAX_IDS:
        raise BadUserInput.of("ids", f"Ask for at most {MAX_IDS} at once.")
    return list(await asyncio.gather(*(node(info, id_) for id_ in ids)))


@strawberry.type
class Query:
    node = strawberry.field(
        resolver=node, graphql_type=Node | None, description="Any thing by its id; null when you may not see it."
    )
    nodes = strawberry.field(
        resolver=nodes,
        graphql_type=list[Node | None],
        description="Many things by their ids, in the same order; null for each that you may not see.",
    )
    server_info: ServerInfo = strawberry.field(
        resolver=server_info, description="What this server is; no sign-in needed."
    )
    health: Health = strawberry.field(resolver=health, description="Whether the server can work; no sign-in needed.")
