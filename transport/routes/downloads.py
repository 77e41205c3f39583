"""Downloads of exports and attachments through signed links."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TypeAlias
from unicodedata import combining, normalize
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
NOT_IN_QUOTED_NAME = re.compile(r'[^\x20-\x7e]|["\\%]')
RANGE = re.compile(r"bytes=\s*(\d+-\d*|-\d+)(\s*,\s*(\d+-\d*|-\d+))*\s*", re.ASCII)
ERASED = "This file does not exist any more, or you may no longer see it: it was erased with its message."
GONE = "This file does not exist any more, or you may no longer see it. Export the table again."

MayDownload: TypeAlias = Callable[[UUID, UUID], Awaitable[bool]]


def download_route(secrets: Sequence[bytes], files_dir: Path, may_download: MayDownload) -> Route:
    """Return the route GET /exports/{id}/{user}/{name}?expires=…&signature=…, which sends `{id}.{extension}` as `name`.

    The route raises Forbidden for a link that has expired or that none of `secrets` signed, and NotFound for a file
    that does not exist or that the user of the link may no longer see; the application's exception handlers turn them
    into responses. It answers Range requests.
    """

    async def download(request: Request) -> FileResponse:
        id, user_id, name = _verified(request, secrets, "exports")
        extension = name.rpartition(".")[2]
        if not ID.fullmatch(id) or extension not in CONTENT_TYPES or not await may_download(UUID(hex=id), user_id):
            raise NotFound(GONE)
        file = files_dir / f"{id}.{extension}"
        if not await asyncio.to_thread(file.is_file):
            raise NotFound(GONE)
        _drop_unknown_range(request)
        headers = HEADERS | {"content-disposition": content_disposition(name)}
        return FileResponse(file, headers=headers, media_type=CONTENT_TYPES[extension])

    return Route("/exports/{id}/{user}/{name}", download)


def attachment_route(
    secrets: Sequence[bytes], open_blob: Callable[[UUID], IO[bytes] | None], may_download: MayDownload
) -> Route:
    """Return the route GET /attachments/{id}.{extension}/{user}/{name}?…, which sends a blob as `name`.

    The route raises as that of `download_route` does. `open_blob` blocks.
    """

    async def download(request: Request) -> StreamingResponse:
        file, user_id, name = _verified(request, secrets, "attachments")
        id, _, extension = file.partition(".")
        if not ID.fullmatch(id) or extension not in CONTENT_TYPES or not await may_download(UUID(hex=id), user_id):
            raise NotFound(ERASED)
        blob = await asyncio.to_thread(open_blob, UUID(hex=id))
        if blob is None:
            raise NotFound(ERASED)
        sandbox = {"content-disposition": content_disposition(name), "content-security-policy": "sandbox"}
        media_type = CONTENT_TYPES[extension].partition(";")[0]
        return StreamingResponse(_chunks(blob), headers=HEADERS | sandbox, media_type=media_type)

    return Route("/attachments/{file}/{user}/{name}", download)


def content_disposition(name: str) -> str:
    """Return the header of RFC 6266 for a file of any name: ASCII for old clients, and the whole name in UTF-8."""
    decomposed = normalize("NFKD", name)
    plain = "".join(sign for sign in decomposed if not combining(sign))
    fallback = NOT_IN_QUOTED_NAME.sub("_", plain)
    if fallback == name:
        return f'attachment; filename="{name}"'
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe='')}"


def _verified(request: Request, secrets: Sequence[bytes], kind: str) -> tuple[str, UUID, str]:
    """Return the three segments of a signed path. Raises Forbidden."""
    first, user, name = request.path_params.values()
    query = request.query_params
    path = f"/{kind}/{first}/{user}/{quote(name, safe='')}"
    verify(secrets, path, query.get("expires"), query.get("signature"), now=datetime.now(UTC))
    if not ID.fullmatch(user):
        raise NotFound(GONE)
    return first, UUID(hex=user), name


def _drop_unknown_range(request: Request) -> None:
    """Remove a Range header that is not one of bytes: RFC 9110 has it ignored, and Starlette answers 400."""
    if not RANGE.fullmatch(request.headers.get("range", "")):
        headers = [(name, value) for name, value in request.scope["headers"] if name != b"range"]
        request.scope["headers"] = headers


async def _chunks(blob: IO[bytes]) -> AsyncIterator[bytes]:
    with blob:
        while data := await asyncio.to_thread(blob.read, CHUNK_BYTES):
            yield data
