"""Exports of a table through the API, from `startExport` to the content of the file."""

from typing import Any
from urllib.parse import urljoin

from tests.support.client import Client
from tests.support.processes.waiting import until

SHOWN = "query E($id: ID!) { export(id: $id) { id status url size error { code message } } }"


async def finished(client: Client, table: str, **options: Any) -> Any:
    """Start an export and return it at its end."""
    started = await client.mutate("startExport", "{ export { id } }", tableId=table, **options)

    async def ended() -> Any:
        displayed = (await client.run(SHOWN, id=started["export"]["id"]))["export"]
        return displayed if displayed["status"] in {"COMPLETED", "FAILED"} else None

    return await until(ended, seconds=60)


async def exported(client: Client, table: str, **options: Any) -> bytes:
    """Return the content of the file that an export makes."""
    export = await finished(client, table, **options)
    assert export["error"] is None
    content = (await client.http.get(urljoin(client.url, export["url"]))).content
    assert export["size"] == len(content)
    return content
