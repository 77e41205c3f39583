"""Reading of all rows of a table page by page."""

from typing import Any

from tests.support.tables.sample_rows import VALUES, found
from tests.support.tables.table_client import TableClient


async def walked(sheet: TableClient, many: str, from_: str, size: int, **requested: Any) -> list[dict[str, Any]]:
    """Return all rows, read page by page in either direction."""
    collected: list[dict[str, Any]] = []
    cursor = None
    for _ in range(len(VALUES) + 1):
        rows = await sheet.rows(**{many: size, **({from_: cursor} if cursor else {})}, **requested)
        info = rows["pageInfo"]
        if many == "first":
            collected = [*collected, *found(rows)]
            cursor, more, beyond = info["endCursor"], info["hasNextPage"], info["hasPreviousPage"]
        else:
            collected = [*found(rows), *collected]
            cursor, more, beyond = info["startCursor"], info["hasPreviousPage"], info["hasNextPage"]
        assert beyond == (len(collected) > size)
        if not more:
            break
    return collected
