"""Page for people at `/`: the built one in the directory beside this module, or the operator's own."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from transport.core.callers import header
from transport.static_page import StaticPage

DIRECTORY = Path(__file__).parent / "app"


def page_routes(directory: Path = DIRECTORY) -> list[Route]:
    """Return the routes of the page at `/` and of its files below `/static/`."""
    page = StaticPage(directory, "The page is at /.")
    return [Route("/", page), Route("/static/{path:path}", page)]


def fallback(directory: Path) -> ASGIApp:
    """Return the application for paths without a route: a browser gets the page, which routes by itself.

    Raises HTTPException 404 for every other client, and for the WebSocket of an unknown path.
    """
    page = StaticPage(directory, "The page is at /.")

    async def show(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000, "reason": ""})
        elif "text/html" in (header(scope, b"accept") or "") and scope["method"] in ("GET", "HEAD"):
            await page(scope, receive, send)
        else:
            raise HTTPException(404)

    return show
