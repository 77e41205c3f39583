"""Charges of operations to the quotas of their person and IP address."""

from auth.limits import network
from auth.quotas import Quota
from resolvers.core.context import Backend, Context


async def count_request(backend: Backend, ip_address: str | None) -> None:
    """Count a request or an operation of an IP address. Raises RateLimited."""
    await backend.quotas.take(Quota.OPERATIONS_ADDRESS, network(ip_address))


async def count_operation(context: Context) -> None:
    """Count an operation of the person who sends it. Raises RateLimited."""
    if context.viewer_id is not None:
        await context.backend.quotas.take(Quota.OPERATIONS_PERSON, context.viewer_id)


async def charge(context: Context, cost: int) -> None:
    """Charge the cost of an operation to its person and its IP address. Raises RateLimited."""
    quotas = context.backend.quotas
    if context.viewer_id is not None:
        await quotas.take(Quota.COST_PERSON, context.viewer_id, cost)
    await quotas.take(Quota.COST_ADDRESS, network(context.origin.ip_address), cost)


async def count_uploads(context: Context, files: int) -> None:
    """Count files that a person uploads. Raises RateLimited."""
    await _take(context, Quota.UPLOADS_PERSON, files)


async def count_rows(context: Context, rows: int) -> None:
    """Count rows that a person writes. Raises RateLimited."""
    await _take(context, Quota.ROWS_PERSON, rows)


async def _take(context: Context, quota: Quota, amount: int) -> None:
    if amount and context.viewer_id is not None:
        await context.backend.quotas.take(quota, context.viewer_id, amount)
