"""Check of the number formats that people set: a workbook with a wrong one is damaged to Excel."""

import re

MAX_LENGTH = 255
_MAX_SECTIONS = 4  # positive; negative; zero; text
_BRACKETED = (
    r"black|blue|cyan|green|magenta|red|white|yellow|color ?\d{1,2}|h+|m+|s+"
    r"|(?:[<>]=?|=|<>)-?\d+(?:\.\d+)?|\$[^\[\]\"\x00-\x1f]{0,20}"
)
_TOKEN = rf"\"[^\"\x00-\x1f]*\"|[\\_*][^\x00-\x1f]|\[(?:{_BRACKETED})\]|general|am/pm|a/p|e[+-]|[0#?@.,%/ $\-+():dmyhs]"
_SECTION = re.compile(rf"(?:{_TOKEN}|[^\x00-\x7f])*", re.IGNORECASE)
_FORMAT = re.compile(rf"{_SECTION.pattern}(?:;{_SECTION.pattern})*", re.IGNORECASE)
_QUOTED = re.compile(r"\"[^\"]*\"|[\\_*].")


def is_number_format(text: str) -> bool:
    """Return True for a number format as spreadsheets spell it, such as `#,##0.00 [$EUR]` or `dd.mm.yyyy`."""
    if not text or len(text) > MAX_LENGTH or not _FORMAT.fullmatch(text):
        return False
    return _QUOTED.sub("", text).count(";") < _MAX_SECTIONS
