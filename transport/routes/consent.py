"""GET /oauth/google/callback: the page that a browser sees after a consent at Google, without scripts and input."""

from collections.abc import Awaitable, Callable, Mapping
from html import escape

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from transport.core.callers import ip_address
from transport.core.logs import request_id

CALLBACK_PATH = "/oauth/google/callback"
HEADERS = {
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "sandbox",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex, nofollow, noarchive",
}
START_AGAIN = "Go back to the application and start again."
ENTER_CODE = (
    "Enter this code in the application in which you began, within ten minutes. Did somebody else send you here? "
    "Then close this page: with the code, they could reach your spreadsheets."
)
# Status, heading and advice of each outcome.
PAGES = {
    "connected": (200, "Your Google account is connected", "You can close this page."),
    "confirm": (
        200,
        "One step is left",
        ENTER_CODE,
    ),
    "denied": (400, "Nothing was connected", f"You did not allow the access. {START_AGAIN}"),
    "scopes_missing": (
        400,
        "Nothing was connected",
        f"The access to spreadsheets was left out. {START_AGAIN} Then leave all boxes checked.",
    ),
    "unknown": (400, "This link does not work any more", f"It works once and for ten minutes. {START_AGAIN}"),
    "refused": (400, "Nothing was connected", f"Google did not confirm the access. {START_AGAIN}"),
    "unreachable": (502, "Nothing was connected", f"Google could not be reached. {START_AGAIN}"),
}

Complete = Callable[[Mapping[str, str], Mapping[str, str], str, str | None], Awaitable[tuple[str, str | None]]]


def consent_route(complete: Complete) -> Route:
    """Return the route.

    `complete` takes the query, the cookies, the id of the request and the IP address, and returns the name of a page
    and the code on it.
    """

    async def show(request: Request) -> Response:
        query = single(request.query_params)
        outcome, code = await complete(query, request.cookies, request_id.get(), ip_address(request.scope))
        status, heading, advice = PAGES[outcome]
        return Response(page(heading, advice, code), status, HEADERS, "text/html; charset=utf-8")

    return Route(CALLBACK_PATH, show)


def single(query: QueryParams) -> dict[str, str]:
    """Return the parameters that are there once; of one that is repeated, no value can be trusted."""
    return {name: values[0] for name in query if len(values := query.getlist(name)) == 1}


def page(heading: str, advice: str, code: str | None = None) -> str:
    """Return a page without scripts; `code` is for the person to copy."""
    displayed = f"<p><strong><code>{escape(code)}</code></strong></p>" if code else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{heading}</title>
<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"></head>
<body><main><h1>{heading}</h1>{displayed}<p>{advice}</p></main></body></html>
"""
