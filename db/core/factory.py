"""Factory of databases by URL."""

from pathlib import Path

from db.core.engine import Database, Migrate
from db.core.postgresql import PostgreSQL
from db.core.sqlite import SQLite


def open_database(url: str, migrate: Migrate) -> Database:
    """Return the database of `sqlite:///file.db`, a file name or `postgresql://…`, not started.

    Raises ValueError for any other URL.
    """
    if url.startswith(("postgresql://", "postgres://")):
        return PostgreSQL("postgresql://" + url.partition("://")[2], migrate)
    path = url.removeprefix("sqlite:///")
    if "://" in path or path in ("", ":memory:"):
        raise ValueError(
            "is not understood: name a file (sqlite:///sheetgpt.db or sheetgpt.db) "
            "or a server (postgresql://user:password@host/name)."
        )
    return SQLite(Path(path), migrate)
