"""Requests to addresses that users name: only to public ones, checked when the connection is made.

The name is resolved once, every address is checked, and the connection goes to the checked address, so that a name that
changes its address between check and use gains nothing.
"""

import asyncio
import socket
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS, RESOLVE_SECONDS = 10.0, 5.0
MAX_ANSWER_BYTES = 64_000
MAX_URL = 2_000
# Networks that carry IPv4 addresses: translation (NAT64), 6to4 and Teredo lead to private ones too.
_CARRIERS = [IPv6Network(each) for each in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")]
# Networks that `is_global` of this Python takes for public: protocol assignments and the metadata services of Oracle
# (192.0.0.192) and Azure (168.63.129.16), relays, and what IPv6 had for private networks before fc00::/7.
_INTERNAL = [
    ip_network(each) for each in ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "fec0::/10", "3fff::/20")
]

Address = IPv4Address | IPv6Address


class AddressRefused(ValueError):
    """A URL that requests must not go to; the message says why."""


class RequestFailed(Exception):
    """A request without a response."""


def is_public(address: Address) -> bool:
    """Return False for private, loopback, link-local, metadata, multicast, reserved and translated addresses."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _CARRIERS):
            return False
    if any(address in network for network in _INTERNAL):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


class PublicRequests:
    """Sender of requests to public addresses; `allow_private` is for tests."""

    def __init__(self, *, allow_private: bool = False) -> None:
        self._allow_private = allow_private

    async def check(self, url: str) -> None:
        """Raise AddressRefused unless the URL is well-formed and leads to public addresses only."""
        host, port = _parts(url)
        await self.resolve(host, port)

    async def resolve(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host. Raises AddressRefused if one of them is not public, or there is none."""
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                answers = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise AddressRefused(f"The host {host[:100]!r} has no address. Check its spelling.") from None
        addresses = list(dict.fromkeys(str(each[4][0]).partition("%")[0] for each in answers))
        if not self._allow_private and not all(is_public(ip_address(each)) for each in addresses):
            raise AddressRefused(
                f"The host {host[:100]!r} leads to a private or reserved address. Use one that is public."
            )
        return addresses

    async def post(self, url: str, headers: Mapping[str, str], content: bytes) -> int:
        """Send a request and return the status of the response, of which at most 64 kB are read.

        Redirects are not followed. Raises AddressRefused, or RequestFailed without a response within 10 seconds.
        """
        import httpcore2

        host, port = _parts(url)
        addresses = await self.resolve(host, port)
        backend = _pinned(addresses)
        try:
            async with (
                asyncio.timeout(TIMEOUT_SECONDS),
                httpcore2.AsyncConnectionPool(network_backend=backend, max_connections=1) as pool,
                pool.stream("POST", url, headers=list(_encoded(headers)), content=content) as response,
            ):
                size = 0
                async for part in response.aiter_stream():
                    size += len(part)
                    if size >= MAX_ANSWER_BYTES:
                        break
                return int(response.status)
        except TimeoutError:
            raise RequestFailed(f"The receiver did not answer within {TIMEOUT_SECONDS:.0f} seconds.") from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException, OSError) as error:
            raise RequestFailed(f"The receiver could not be reached: {type(error).__name__}.") from None


def _parts(url: str) -> tuple[str, int]:
    """Return host and port of a URL. Raises AddressRefused for a malformed one."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
        parts = urlsplit("")
    is_plain = url.isprintable() and url.isascii() and " " not in url and "\\" not in url and len(url) <= MAX_URL
    if parts.scheme not in {"http", "https"} or not host or not is_plain:
        raise AddressRefused("This is not a web address. Write one such as https://example.com/hook, in ASCII.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise AddressRefused("Leave the user name, the password and the fragment (#) out of the address.")
    return host, port or (443 if parts.scheme == "https" else 80)


def _encoded(headers: Mapping[str, str]) -> Iterable[tuple[bytes, bytes]]:
    return ((name.encode(), value.encode()) for name, value in headers.items())


def _pinned(addresses: list[str]) -> Any:
    """Return a network backend that connects to these addresses and resolves no name again."""
    from httpcore2 import AnyIOBackend, AsyncNetworkBackend, ConnectError

    class Pinned(AsyncNetworkBackend):
        """Network backend for one host."""

        async def connect_tcp(self, host: str, port: int, *arguments: Any, **options: Any) -> Any:  # noqa: ARG002
            for address in addresses:
                try:
                    return await AnyIOBackend().connect_tcp(address, port, *arguments, **options)
                except ConnectError as error:
                    failure = error
            raise failure

    return Pinned()
