"""Files of reports through signed links: the page is shown, the workbook is saved."""

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from auth.links import verify
from errors import NotFound
from transport.routes.downloads import CONTENT_TYPES, content_disposition

ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
GONE = "This report does not exist any more, or you may no longer see it. Create it again."
EXTENSIONS = {"report.html": "html", "report.xlsx": "xlsx"}
HEADERS = {
    "cache-control": "private, no-store",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow, noarchive",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
}

FileOf = Callable[[UUID, UUID, str], Awaitable[tuple[str, bytes] | None]]


def report_route(secrets: Sequence[bytes], file_of: FileOf, style_digest: str) -> Route:
    """Return the route GET /reports/{id}/{user}/{name}?expires=…&signature=…, with `report.html` or `report.xlsx`.

    The route raises Forbidden for a link that has expired or that none of `secrets` signed, and NotFound for a report
    that the user of the link may no longer see. `style_digest` is the SHA-256 of the only style on the page.
    """
    policy = (
        f"default-src 'none'; style-src 'sha256-{style_digest}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; sandbox"
    )

    async def send(request: Request) -> Response:
        id, user, name = (request.path_params[key] for key in ("id", "user", "name"))
        query = request.query_params
        path = f"/reports/{id}/{user}/{quote(name, safe='')}"
        verify(secrets, path, query.get("expires"), query.get("signature"), now=datetime.now(UTC))
        if not ID.fullmatch(id) or not ID.fullmatch(user) or name not in EXTENSIONS:
            raise NotFound(GONE)
        extension = EXTENSIONS[name]
        file = await file_of(UUID(hex=id), UUID(hex=user), extension)
        if file is None:
            raise NotFound(GONE)
        file_name, content = file
        if extension == "html":
            headers = HEADERS | {"content-security-policy": policy}
            return Response(content, headers=headers, media_type="text/html; charset=utf-8")
        headers = HEADERS | {"content-disposition": content_disposition(file_name)}
        return Response(content, headers=headers, media_type=CONTENT_TYPES[extension])

    return Route("/reports/{id}/{user}/{name}", send)
