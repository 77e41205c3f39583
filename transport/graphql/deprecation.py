"""Headers that tell of deprecated parts of the schema, as RFC 9745 and RFC 8594 define them.

The dates are in the reasons, where people read them too: "Use `name`. Deprecated since 2026-01-31, removed on
2026-07-31."
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from email.utils import format_datetime

from execution.deprecations import Deprecation

SINCE = re.compile(r"\bsince (\d{4}-\d{2}-\d{2})\b")
REMOVED = re.compile(r"\bremoved on (\d{4}-\d{2}-\d{2})\b")


def headers_of(deprecations: Sequence[Deprecation]) -> dict[str, str]:
    """Return Deprecation and Sunset for an operation that uses these parts: the earliest date of each."""
    since, removed = _earliest(SINCE, deprecations), _earliest(REMOVED, deprecations)
    headers = {"deprecation": f"@{int(since.timestamp())}"} if since else {}
    return headers | ({"sunset": format_datetime(removed, usegmt=True)} if removed else {})


def _earliest(pattern: re.Pattern[str], deprecations: Sequence[Deprecation]) -> datetime | None:
    dates = [date.fromisoformat(match[1]) for item in deprecations if (match := pattern.search(item.reason))]
    return datetime.combine(min(dates), time(), UTC) if dates else None
