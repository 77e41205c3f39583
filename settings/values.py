"""Kinds of values of settings, and the spellings of each that are read."""

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, BeforeValidator


def _matching(pattern: str, allowed: str) -> AfterValidator:
    """Validate a text by a regular expression; the error shows `allowed`, never the expression."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(allowed)
        return value

    return AfterValidator(check)


Rate: TypeAlias = Annotated[
    str,
    _matching(
        r"[1-9]\d{0,8} per ([1-9]\d{0,3} )?(second|minute|hour|day)s?",
        "write a rate such as `20 per hour` or `10 per 15 minutes`; the units are second, minute, hour and day",
    ),
]
WebAddress: TypeAlias = Annotated[
    str, _matching(r"(?i)https?://[^\s/?#]+\S*", "write an address that begins with http:// or https://")
]
Origins: TypeAlias = Annotated[
    str,
    _matching(
        r"(?i)\s*|(\s*https?://[^\s/?#,*]+\s*(,|$))+\s*",
        "list each origin, such as `https://app.example.com, http://localhost:5173`, without a path; `*` is refused, "
        "as any website could then act as its visitors",
    ),
]
Hosts: TypeAlias = Annotated[
    str,
    _matching(
        r"(?i)\s*|(\s*(\*\.)?[a-z0-9._-]+\s*(,|$))+\s*|(\s*\[[0-9a-f:.]+\]\s*(,|$))+",
        "list host names without scheme and port, such as `sheets.example.com, *.example.org`",
    ),
]
Prefix: TypeAlias = Annotated[
    str, _matching(r"[A-Za-z0-9_.-]{1,64}", "use 1 to 64 letters, digits, dots, underscores or hyphens")
]
Currency: TypeAlias = Annotated[
    str, _matching(r"[A-Z]{3}", "write the three capital letters of an ISO 4217 code, such as USD or EUR")
]
DriveFolder: TypeAlias = Annotated[
    str,
    _matching(
        r"\s*(https://drive\.google\.com/drive/(u/\d+/)?folders/)?[A-Za-z0-9_-]{10,200}([?#]\S*)?\s*",
        "write the id of a folder, or its address https://drive.google.com/drive/folders/…",
    ),
]
GoogleScopes: TypeAlias = Annotated[
    str,
    _matching(
        r"drive\.file|(drive\.file[ ,]+)?spreadsheets([ ,]+drive\.file)?",
        "write `drive.file`, or `drive.file spreadsheets`",
    ),
]
AppName: TypeAlias = Annotated[
    str, _matching(r"(?=.*\S)[^\x00-\x1f\x7f\x85\u2028\u2029]{1,60}", "write a name of 1 to 60 characters on one line")
]
Sender: TypeAlias = Annotated[str, _matching(r"[^\s@]+@[^\s@]+", "write one e-mail address, such as me@example.com")]


def _without_driver(url: str) -> str:
    """Return a database URL without the driver of SQLAlchemy, as in `sqlite+aiosqlite:///sheetgpt.db`."""
    return re.sub(r"\A(sqlite|postgres(?:ql)?)\+\w+://", r"\1://", url)


def _has_page(directory: Path) -> Path:
    """Return the directory. Raise ValueError unless it has a page."""
    if not (directory / "index.html").is_file():
        raise ValueError("a directory that contains an index.html")
    return directory


PageDirectory: TypeAlias = Annotated[Path, AfterValidator(_has_page)]
T = TypeVar("T")


def _listed(value: Any) -> Any:
    """Return a list that is written as JSON, as one with commas."""
    if isinstance(value, str) and value.strip().startswith("["):
        try:
            items = json.loads(value)
        except ValueError:
            return value
        if all(isinstance(item, str) for item in items):
            return ", ".join(items)
    return value


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def _level(value: Any) -> Any:
    return {"WARN": "WARNING"}.get(value.strip().upper(), value.strip().upper()) if isinstance(value, str) else value


Listed: TypeAlias = Annotated[T, BeforeValidator(_listed)]
Lower: TypeAlias = Annotated[T, BeforeValidator(_lower)]
LogLevel: TypeAlias = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_level)]
