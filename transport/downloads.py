"""Files that exports made, for whoever has a link that was signed for one of them."""

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

from auth.links import verify
from errors import NotFound

ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "md": "text/markdown; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
GONE = "There is no such file any more: export the table again."


def download_route(secrets: Sequence[bytes], files_dir: Path) -> Route:
    """GET /exports/{id}/{name}?expires=…&signature=…: the file `{id}.{extension}` as a download named `name`.

    Raises Forbidden for a link that none of `secrets` signed or that has expired, NotFound for a file that is
    not there; the application's exception handlers word them.
    """

    async def download(request: Request) -> FileResponse:
        id, name = request.path_params["id"], request.path_params["name"]
        query = request.query_params
        path = f"/exports/{id}/{quote(name, safe='')}"
        verify(secrets, path, query.get("expires"), query.get("signature"), now=datetime.now(UTC))
        extension = name.rpartition(".")[2]
        file = files_dir / f"{id}.{extension}"
        if not ID.fullmatch(id) or extension not in CONTENT_TYPES or not await asyncio.to_thread(file.is_file):
            raise NotFound(GONE)
        headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
        return FileResponse(file, headers=headers, media_type=CONTENT_TYPES[extension], filename=name)

    return Route("/exports/{id}/{name}", download)
