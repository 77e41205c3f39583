"""Removal of internal addresses from texts of other programs that users get to see."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

HIDDEN = "…"
INTERNAL_SUFFIXES = (".local", ".internal", ".lan", ".localdomain", ".home.arpa", ".svc")

_CANDIDATE = re.compile(
    r"""(?<![\w.])(?:
        [A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>“”()]+        # a URL
        | \[[0-9A-Fa-f:.]+\](?::\d+)?                    # an IPv6 address in brackets
        | [0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*      # an IPv6 address without them
        | [A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+(?::\d+)?   # a name with dots, or an IPv4 address
        | [A-Za-z][A-Za-z0-9_-]*:\d{4,5}                 # a name without dots, with a port
        | localhost
    )""",
    re.VERBOSE | re.IGNORECASE,
)


def hide_addresses(text: str, host: str | None = None) -> str:
    """Return the text with "…" for each address of `host` or of a private network; public links are kept."""
    hidden = _CANDIDATE.sub(lambda match: HIDDEN if _is_internal(match[0], host) else match[0], text)
    # A single-label name is an ordinary word to the pattern above, but not if it is the configured host.
    return re.sub(rf"(?<![\w.-]){re.escape(host)}(?![\w-])", HIDDEN, hidden, flags=re.IGNORECASE) if host else hidden


def _is_internal(address: str, host: str | None) -> bool:
    hostname = _host_of(address)
    if hostname is None:
        return False
    if hostname == (host or "").lower() or hostname.endswith(INTERNAL_SUFFIXES) or "." not in hostname.strip("."):
        return True
    return _is_ip(hostname)


def _host_of(address: str) -> str | None:
    """Return the host in lower case, or None for a text that is no address, such as a time."""
    if _is_ip(address):
        return address.lower()
    if "://" not in address and address.count(":") > 1 and not address.startswith("["):
        return None
    try:
        host = urlsplit(address if "://" in address else f"//{address}").hostname
    except ValueError:
        return None
    return host.lower() if host else None


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
