"""Recognition of outages: errors that mean that the database is away or full, and not a bug."""

import re
import sqlite3
from collections.abc import Iterator

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from errors import Unavailable

AWAY = (
    "The database is not available at the moment. Try again in a second; repeat a mutation with the same "
    "idempotencyKey, as it may have taken effect."
)
SQLITE_OUTAGES = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
}
# Connection exceptions, insufficient resources, operator intervention; and a primary that became a standby.
POSTGRESQL_OUTAGES = re.compile(r"08...|53...|57P0[1-4]|25006")
CLOSED = re.compile(r"clos(ed|ing)|has been released")  # asyncpg has one class for this and for mistakes of its callers


def away() -> Unavailable:
    return Unavailable(AWAY)


def is_outage(error: BaseException) -> bool:
    """Return True if an error, or one that it wraps, means that the database is away."""
    return any(map(_is_outage, _causes(error)))


def is_lost_connection(error: BaseException) -> bool:
    """Return True if a connection was lost, so that another one may do at once."""
    return any(
        isinstance(cause, asyncpg.PostgresConnectionError | ConnectionResetError)
        or (isinstance(cause, asyncpg.InterfaceError) and CLOSED.search(str(cause)) is not None)
        or getattr(cause, "sqlstate", None) == "57P01"
        for cause in _causes(error)
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = (cause.orig if isinstance(cause, DBAPIError) else None) or cause.__cause__


def _is_outage(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in SQLITE_OUTAGES
    if isinstance(error, OSError | TimeoutError | PoolTimeout):
        return True
    if isinstance(error, asyncpg.InterfaceError):
        return CLOSED.search(str(error)) is not None
    return POSTGRESQL_OUTAGES.fullmatch(str(getattr(error, "sqlstate", ""))) is not None
