"""Perimeter of the server: hosts, origins, HTTPS and headers of a request, checked before anything else."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from starlette.types import Scope

from transport.core.callers import header
from transport.core.errors import RequestRefused

MAX_HEADERS, MAX_HEADER_BYTES = 100, 32_768
DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
# Asked by load balancers, which come without TLS and under any name.
UNGUARDED = frozenset({"/health", "/health/live", "/health/ready"})
STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Perimeter:
    """Rules for requests; `allowed_hosts` has names, or `*.name` for what is below one, and allows any when empty.

    `origins` are the pages that may open a WebSocket besides those of the server's own host.
    """

    allowed_hosts: Sequence[str] = ()
    origins: Collection[str] = ()
    force_https: bool = False

    def check(self, scope: Scope) -> None:
        """Raise RequestRefused for a request that must not reach the application."""
        _check_headers(scope["headers"])
        if scope["path"] in UNGUARDED:
            return
        host = header(scope, b"host") or ""
        if self.allowed_hosts and not self._is_allowed(host):
            message = f"This server does not answer for the host {host[:100]!r}. Add it to ALLOWED_HOSTS."
            raise RequestRefused(message, status=421, code="MISDIRECTED_REQUEST")
        if self.force_https and scope["scheme"] in {"http", "ws"}:
            raise _https_required(scope, host)
        if scope["type"] == "websocket":
            self._check_origin(scope, host)

    def headers(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        """Return the headers that every response to this request has."""
        return [STRICT_TRANSPORT] if self.force_https and scope["scheme"] == "https" else []

    def _is_allowed(self, host: str) -> bool:
        matched = HOST.fullmatch(host)
        name = matched[1].lower().rstrip(".") if matched else ""
        return any(
            name == allowed or (allowed.startswith("*.") and name.endswith(allowed[1:]))
            for allowed in self.allowed_hosts
        )

    def _check_origin(self, scope: Scope, host: str) -> None:
        """Refuse a page of another site, whose scripts would act on a socket of the person who visits it."""
        origin = header(scope, b"origin")
        # Programs other than browsers send none.
        if origin is None or origin in self.origins:
            return
        # An origin without an address, such as `null`, equals no host, not even one that is malformed.
        if (address := _address(origin)) and address == _address(f"{scope['scheme']}://{host}"):
            return
        message = f"Pages of {origin[:100]!r} may not open a WebSocket here. Add this origin to CORS_ORIGINS."
        raise RequestRefused(message, status=403, code="FORBIDDEN")


def _check_headers(headers: Sequence[tuple[bytes, bytes]]) -> None:
    size = sum(len(name) + len(value) for name, value in headers)
    if len(headers) > MAX_HEADERS or size > MAX_HEADER_BYTES:
        message = (
            f"The request has {len(headers)} headers of {size:,} bytes; at most {MAX_HEADERS} headers of "
            f"{MAX_HEADER_BYTES:,} bytes are allowed. Send fewer or shorter ones."
        )
        raise RequestRefused(message, status=431, code="HEADERS_TOO_LARGE")
    # A proxy and this server could each take another one for the host.
    if sum(name == b"host" for name, _ in headers) > 1:
        raise RequestRefused("The request has more than one `Host` header. Send one.", status=400, code="BAD_REQUEST")


def _https_required(scope: Scope, host: str) -> RequestRefused:
    """Return the redirection of a page; anything else may carry a secret, and its client must notice."""
    message = "Use https:// for this address."
    if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"} or not HOST.fullmatch(host):
        return RequestRefused(message, status=403, code="HTTPS_REQUIRED")
    query = scope["query_string"].decode("latin-1")
    location = f"https://{host}{quote(scope['path'])}{'?' if query else ''}{query}"
    return RequestRefused(message, status=308, code="HTTPS_REQUIRED", headers={"location": location})


def _address(url: str) -> tuple[str, int | None] | None:
    """Return host and port of an address; the scheme is left out, as a proxy may have ended TLS."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.hostname, None if port in DEFAULT_PORTS.values() else port) if parts.hostname else None
