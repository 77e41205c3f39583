"""Downloads of exports and attachments through signed links."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from urllib.parse import quote
from uuid import UUID

from starlette.requests import Request
from starlette.responses import FileResponse, StreamingResponse
from starlette.routing import Route

from auth.links import verify
from errors import NotFound

ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "jsonl": "application/jsonl; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "md": "text/markdown; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
CHUNK_BYTES = 256_000
ERASED = "This file does not exist any more: it was erased with its message."
GONE = "This file does not exist any more. Export the table again."


def download_route(secrets: Sequence[bytes], files_dir: Path) -> Route:
    """Return the route GET /exports/{id}/{name}?expires=…&signature=…, which sends `{id}.{extension}` as `name`.

    The route raises Forbidden for a link that has expired or that none of `secrets` signed, and NotFound for a
    file that does not exist; the application's exception handlers turn them into responses.
    """

    async def download(request: Request) -> FileResponse:
        id, name = _verified(request, secrets, "exports")
        extension = name.rpartition(".")[2]
        file = files_dir / f"{id}.{extension}"
        if not ID.fullmatch(id) or extension not in CONTENT_TYPES or not await asyncio.to_thread(file.is_file):
            raise NotFound(GONE)
        return FileResponse(file, headers=HEADERS, media_type=CONTENT_TYPES[extension], filename=name)

    return Route("/exports/{id}/{name}", download)


def attachment_route(secrets: Sequence[bytes], open_blob: Callable[[UUID], IO[bytes] | None]) -> Route:
    """Return the route GET /attachments/{id}.{extension}/{name}?expires=…&signature=…, which sends a blob as `name`.

    The route raises as that of `download_route` does. `open_blob` blocks.
    """

    async def download(request: Request) -> StreamingResponse:
        file, name = _verified(request, secrets, "attachments")
        id, _, extension = file.partition(".")
        if not ID.fullmatch(id) or extension not in CONTENT_TYPES:
            raise NotFound(ERASED)
        blob = await asyncio.to_thread(open_blob, UUID(hex=id))
        if blob is None:
            raise NotFound(ERASED)
        disposition = f"attachment; filename*=utf-8''{quote(name, safe='')}"
        headers = HEADERS | {"content-disposition": disposition, "content-security-policy": "sandbox"}
        return StreamingResponse(_chunks(blob), headers=headers, media_type=CONTENT_TYPES[extension].partition(";")[0])

    return Route("/attachments/{file}/{name}", download)


def _verified(request: Request, secrets: Sequence[bytes], kind: str) -> tuple[str, str]:
    """Return the two segments of a signed path. Raises Forbidden."""
    first, name = request.path_params.values()
    query = request.query_params
    path = f"/{kind}/{first}/{quote(name, safe='')}"
    verify(secrets, path, query.get("expires"), query.get("signature"), now=datetime.now(UTC))
    return first, name


async def _chunks(blob: IO[bytes]) -> AsyncIterator[bytes]:
    with blob:
        while data := await asyncio.to_thread(blob.read, CHUNK_BYTES):
            yield data
