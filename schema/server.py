"""Information about the server, and the queries for any object by its id."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

import strawberry

from errors import BadUserInput
from execution.access import PUBLIC
from resolvers.core.authentication import may_load
from resolvers.core.context import Info
from resolvers.core.ids import decode
from schema.base import NODES, Node, field, output_type
from settings.settings import VERSION

MAX_IDS = 100


@output_type
class ServerInfo:
    """Version and capabilities of this server."""

    message: str = field("Always `API is running`.")
    version: str = field("Version of the product.")
    environment: str = field("`development` or `production`.")
    models: list[str] = field("Models that conversations can use; the first is the default.")
    currency: str = field("Currency of costs and budgets, for example `USD`.")
    offline: bool = field("True when no model is configured and the offline assistant replies.")


@output_type
class Health:
    """Health of the server."""

    status: str = field("`healthy` or `unhealthy`.")
    timestamp: datetime = field("Time of the check.")
    database: str = field("`connected` or `disconnected`.")


def server_info(info: Info) -> ServerInfo:
    """Return the version and capabilities of this server."""
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
    """Check the database and return the result."""
    is_well = await info.context.backend.database.check()
    return Health(
        status="healthy" if is_well else "unhealthy",
        timestamp=datetime.now(UTC),
        database="connected" if is_well else "disconnected",
    )


async def node(
    info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Global id of an object of any type.")]
) -> Any:
    """Return the row of a global id; None when it is malformed, absent or invisible."""
    decoded = decode(id)
    if decoded is None or decoded[0] not in NODES:
        return None
    return (
        await info.context.by_id(NODES[decoded[0]], decoded[1]) if may_load(info.context, NODES[decoded[0]]) else None
    )


async def nodes(
    info: Info, ids: Annotated[list[strawberry.ID], strawberry.argument(description="At most 100 global ids.")]
) -> list[Any]:
    """Return the rows of global ids in their order, None for each that is malformed, absent or invisible."""
    if len(ids) > MAX_IDS:
        raise BadUserInput.of("ids", f"{len(ids)} ids are too many: request at most {MAX_IDS} at once.")
    return list(await asyncio.gather(*(node(info, id_) for id_ in ids)))


@strawberry.type
class Query:
    node = strawberry.field(
        resolver=node, graphql_type=Node | None, description="An object by its id; null when you may not see it."
    )
    nodes = strawberry.field(
        resolver=nodes,
        graphql_type=list[Node | None],
        description="Objects by their ids, in the same order; null for each that you may not see.",
    )
    server_info: ServerInfo = strawberry.field(
        resolver=server_info,
        description="Version and capabilities of this server. No authentication needed.",
        metadata=PUBLIC,
    )
    health: Health = strawberry.field(
        resolver=health, description="Health of the server. No authentication needed.", metadata=PUBLIC
    )
