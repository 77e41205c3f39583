"""Built pages, each served from the files of one directory; most files are stored compressed."""

import asyncio
import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from transport.core.callers import header

PAGE = "index.html"
POLICY = "csp.txt"
# Bundlers put a hash of the content into these names, so they may be cached for ever. A digit or a capital
# inside tells a hash from a word, as in `date-selector.js`; a letter tells it from a date.
HASHED = re.compile(r"[-.](?=\w*[0-9]|\w+[A-Z])(?=\w*[A-Za-z])\w{8,}\.\w+$", re.ASCII)
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class File:
    """One file of the page; `content` is compressed with gzip if `is_compressed`."""

    content: bytes
    is_compressed: bool
    digest: str


class StaticPage:
    """ASGI application of a page and, where the route has a `path`, of its assets.

    Raises HTTPException 404 for a file that does not exist, with `hint` about the address of the page.
    """

    def __init__(self, directory: Path, hint: str) -> None:
        self._directory = directory
        self._hint = hint
        self._files: Mapping[str, File] | None = None

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if self._files is None:
            self._files = await asyncio.to_thread(_read, self._directory)
        name = scope.get("path_params", {}).get("path", PAGE)
        file = self._files.get(name)
        if file is None or scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(404, f"There is no file {name}. {self._hint}")
        encoded = file.is_compressed and "gzip" in (header(scope, b"accept-encoding") or "")
        headers = self._headers(name, file, encoded=encoded)
        if header(scope, b"if-none-match") == headers["etag"]:
            await _send(send, 304, headers, b"")
            return
        plain = not file.is_compressed or encoded
        content = file.content if plain else await asyncio.to_thread(gzip.decompress, file.content)
        await _send(send, 200, headers | {"content-length": str(len(content))}, content)

    def _headers(self, name: str, file: File, *, encoded: bool) -> dict[str, str]:
        headers = {
            "content-type": MEDIA_TYPES.get(Path(name).suffix, "application/octet-stream"),
            "cache-control": "public, max-age=31536000, immutable" if HASHED.search(name) else "no-cache",
            "etag": f'"{file.digest}-gzip"' if encoded else f'"{file.digest}"',
            "vary": "accept, accept-encoding",
        }
        if encoded:
            headers["content-encoding"] = "gzip"
        if self._files and (policy := self._files.get(POLICY)):
            headers["content-security-policy"] = policy.content.decode().strip()
        return headers


def _read(directory: Path) -> dict[str, File]:
    """Read all files but hidden ones, by their path in a URL, which has no `.gz`."""
    files = {}
    for path in sorted(directory.rglob("*")):
        relative = path.relative_to(directory)
        if path.is_file() and not any(part.startswith(".") for part in relative.parts):
            content = path.read_bytes()
            name = relative.as_posix().removesuffix(".gz")
            files[name] = File(content, path.suffix == ".gz", hashlib.sha256(content).hexdigest()[:32])
    return files


async def _send(send: Send, status: int, headers: Mapping[str, str], content: bytes) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": content})
