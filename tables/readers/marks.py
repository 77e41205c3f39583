"""The marks at the start of a line: bullets, numbers, check boxes, headings, rules."""

import re

ITEM = re.compile(
    r"(?P<indent>[ \t]*)(?:(?P<bullet>[-*•–‣◦▪])|(?P<number>\d{1,4})(?P<stop>[.)]))[ \t]+"
    r"(?:(?P<box>\[[ xX✓✔]?\])[ \t]+)?(?=\S)"
    r"|(?P<tick_indent>[ \t]*)(?P<tick>[☐☑☒✅✔✓✗✘❌])\ufe0f?[ \t]*(?=\S)"
)
RULE = re.compile(r"\s*([-=*_])(?:\s*\1){2,}\s*")
HEADING = re.compile(r"\s{0,3}#{1,6}\s+")
CHECKED = frozenset("xX✓✔☑☒✅")


def checked(raw: str) -> str:
    """`[x]` is "true" and `[ ]` is "false"."""
    return "true" if CHECKED & set(raw) else "false"
