"""The marks at the start of a line: bullets, numbers, check boxes, headings, rules."""

import re

ITEM = re.compile(
    r"(?P<indent>[ \t]*)(?:(?P<bullet>[-*•–‣◦▪])|(?P<number>\d{1,4})(?P<stop>[.)]))[ \t]+"
    r"(?:(?P<box>\[[ xX✓✔]?\])[ \t]+)?(?=\S)"
    r"|(?P<tick_indent>[ \t]*)(?P<tick>[☐☑☒✅✔✓✗✘❌]\ufe0f?[ \t]*|\[[ xX✓✔]\][ \t]+)(?=\S)"
)
_ITEM_STARTS = frozenset("-*•–‣◦▪0123456789☐☑☒✅✔✓✗✘❌[")
RULE = re.compile(r"\s*([-=*_])(?:\s*\1){2,}\s*")
# `*** 2. row ***`, between the records that databases print.
NUMBERED_RULE = re.compile(r"[ \t]*[-*=]{2,}[ \[]*[^\n]{0,20}\d[^\n]{0,20}[-*=]{2,}[ \t]*")
HEADING = re.compile(r"\s{0,3}#{1,6}\s+")
CHECKED = frozenset("xX✓✔☑☒✅")


def item(line: str) -> re.Match[str] | None:
    """Return the mark of a list's item at the start of a line; lines that begin with a letter cost little."""
    return ITEM.match(line) if line.lstrip()[:1] in _ITEM_STARTS else None


def checked(raw: str) -> str:
    """`[x]` is "true" and `[ ]` is "false"."""
    return "true" if CHECKED & set(raw) else "false"
