"""Charges of operations to the quotas of their person and IP address."""

from auth.limits import network
from auth.quotas import Resource, Subject
from resolvers.core.context import Backend, Context


async def count_request(backend: Backend, ip_address: str | None) -> None:
    """Count a request or an operation of an IP address. Raises RateLimited."""
    await backend.quotas.take(Resource.OPERATIONS, Subject.ADDRESS, network(ip_address))


async def count_operation(context: Context) -> None:
    """Count an operation of the person who sends it. Raises RateLimited."""
    if context.viewer_id is not None:
        await context.backend.quotas.take(Resource.OPERATIONS, Subject.PERSON, context.viewer_id.hex)


async def charge(context: Context, cost: int) -> None:
    """Charge the cost of an operation to its person and its IP address. Raises RateLimited."""
    quotas = context.backend.quotas
    if context.viewer_id is not None:
        await quotas.take(Resource.COST, Subject.PERSON, context.viewer_id.hex, cost)
    await quotas.take(Resource.COST, Subject.ADDRESS, network(context.origin.ip_address), cost)
