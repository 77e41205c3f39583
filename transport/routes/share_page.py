"""GET /s/{token}: a shared conversation as one page of plain HTML, without scripts and names of users."""

import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator, Mapping
from hashlib import sha256
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
BY = {"USER": "Person", "ASSISTANT": "Assistant"}
STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
h2 { font-size: 1rem; margin: 2rem 0 0; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; margin: .25rem 0 0; }
.table { overflow-x: auto; }
table { border-collapse: collapse; margin-top: 2rem; }
caption { text-align: left; font-weight: bold; }
th, td { border: 1px solid #8886; padding: .25rem .5rem; text-align: left; vertical-align: top; white-space: pre-wrap; }
.note { opacity: .7; font-size: .875rem; }
"""
DIGEST = b64encode(sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{DIGEST}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox",
    "x-robots-tag": "noindex, nofollow, noarchive",
    "cache-control": "private, no-store",
    "x-frame-options": "DENY",
}

Content = Mapping[str, Any]


def shared_route(content_of: Callable[[str], Awaitable[Content | None]]) -> Route:
    """Return the route of shared pages; any token without content gets the same 404."""

    async def show(request: Request) -> Response:
        token = request.path_params["token"]
        content = await content_of(token) if TOKEN.fullmatch(token) else None
        return _html(200, page(content)) if content is not None else _html(404, NOT_FOUND_PAGE)

    return Route("/s/{token}", show)


def _html(status: int, text: str) -> Response:
    return Response(text.encode("utf-8", "replace"), status, HEADERS, "text/html; charset=utf-8")


def page(content: Content) -> str:
    """Return the page with title, messages and tables; every text is escaped here and nowhere else."""
    parts = [f'<h1 dir="auto">{escape(content["title"])}</h1>']
    if content["omitted"]:
        parts.append(f'<p class="note">{content["omitted"]:,} earlier messages are not shown.</p>')
    for message in content["messages"]:
        parts.append(f"<h2>{BY[message['by']]}</h2>")
        parts.append(f'<p class="text" dir="auto">{escape(message["text"])}</p>')
    for table in content["tables"]:
        parts += _table(table)
    return _document(content["title"], "\n".join(parts))


def _table(table: Content) -> Iterator[str]:
    yield f'<div class="table"><table><caption dir="auto">{escape(table["name"])}</caption>'
    yield f"<thead><tr>{''.join(_cell('th', name) for name in table['columns'])}</tr></thead><tbody>"
    for row in table["rows"]:
        yield f"<tr>{''.join(_cell('td', text) for text in row)}</tr>"
    yield "</tbody></table></div>"
    if len(table["rows"]) < table["row_count"]:
        yield f'<p class="note">The first {len(table["rows"]):,} of {table["row_count"]:,} rows.</p>'


def _cell(tag: str, text: str) -> str:
    return f'<{tag} dir="auto">{escape(text)}</{tag}>'


def _document(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex, nofollow, noarchive">
<meta name="referrer" content="no-referrer"><style>{STYLE}</style></head>
<body><main>
{body}
</main></body></html>
"""


NOT_FOUND_PAGE = _document(
    "Not found",
    "<h1>There is nothing here</h1>\n<p>The link is wrong, or the conversation is not shared any more.</p>",
)
