"""Snapshot of a table as of a revision: its rows in a temporary SQLite database, to filter, sort and search them.

The table has the same shape as the real one, so the prepared queries of `row_query` run on it unchanged, whichever
database the server uses.
"""

import asyncio
import sqlite3
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar, cast
from uuid import UUID

from auth.viewer import Viewer
from db.core.base import dump_json
from db.core.prepared import Prepared
from db.core.sqlite_functions import Connection
from db.core.unit_connection import driver_dialect
from db.tables.history.as_of_queries import ROW_FIELDS
from db.tables.query.cell_indexes import create_statement
from errors import BadUserInput
from tables.types.types import Column, ColumnType

T = TypeVar("T")

MAX_BYTES, CACHED_BYTES, MAX_INDEXED = 2**30, 2**23, 5
SYSTEM = Viewer.system()
_NATIVE_TYPES = (str, int)

# Prepared queries join the parent table to check that it exists. Permissions are checked in the real database.
TABLES = "CREATE TABLE tables (id, deleted_at)"
ROWS = f"""CREATE TABLE rows ({", ".join(f'"{name}"' for name in ROW_FIELDS)}, updated_by_id, deleted_at)"""
INDEX = "CREATE INDEX in_order ON rows (table_id, position, id)"
INSERT_ROW = "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)"


class Snapshot:
    """Rows and columns of a table at one revision; closed when the last reference to it is gone.

    The database has no name: SQLite keeps it in memory while it is small, then in an unlinked file, of which even a
    killed process leaves nothing behind. One thread runs all its statements, one after the other.
    """

    def __init__(self, table_id: UUID) -> None:
        self.table_id = table_id
        self.columns: Mapping[str, Column] = {}
        self.row_count = self.size = 0
        self._indexed: set[str] = set()
        self._dialect = driver_dialect("sqlite")
        self._thread = ThreadPoolExecutor(1, "snapshot")
        self._connection = sqlite3.connect("", check_same_thread=False, isolation_level=None, factory=Connection)
        # The finalizer takes no lock, since the garbage collector may run it anywhere; the thread ends by itself.
        weakref.finalize(self, self._connection.close).atexit = False

    async def begin(self) -> None:
        """Create the empty tables. Call it once, before `insert`."""

        def work() -> None:
            self._connection.execute("PRAGMA journal_mode=OFF")
            self._connection.execute(f"PRAGMA cache_size={-CACHED_BYTES // 1024}")
            self._connection.execute(f"PRAGMA max_page_count={MAX_BYTES // self._number('page_size')}")
            self._connection.execute("BEGIN")
            self._connection.execute(TABLES)
            self._connection.execute("INSERT INTO tables VALUES (?, NULL)", (self.table_id.hex,))
            self._connection.execute(ROWS)

        await self._run(work)

    async def insert(self, rows: Callable[[], Iterable[Iterable[Any]]]) -> None:
        """Insert rows, each the values of ROW_FIELDS; `rows` is called in the snapshot's thread."""

        def work() -> None:
            self.row_count += self._connection.executemany(INSERT_ROW, _sqlite_rows(rows())).rowcount

        await self._run(work)

    async def finish(self, columns: Mapping[str, Column]) -> None:
        """Commit, after the last `insert`, and make the snapshot readable."""

        def work() -> None:
            self._connection.execute(INDEX)
            self._connection.execute("COMMIT")
            self._measure()

        await self._run(work)
        self.columns = columns

    async def ensure_index(self, key: str, type: ColumnType) -> bool:
        """Create an index for the order of a column unless there is one; return False if there can be none."""
        if key in self._indexed:
            return True
        if type is ColumnType.MULTI_SELECT or len(self._indexed) >= MAX_INDEXED or self.size > MAX_BYTES // 2:
            return False

        def work() -> None:
            self._connection.execute(create_statement(self._dialect, self.table_id, key, type))
            self._measure()

        await self._run(work)
        self._indexed.add(key)
        return True

    async def read(self, query: Prepared[Any], **arguments: Any) -> list[Any]:
        """Run a prepared query for rows of `table_id` on the snapshot."""
        plan = query.plan(self._dialect, SYSTEM)
        values = plan.values(SYSTEM, {**arguments, "table_id": self.table_id})
        return plan.records(await self._run(lambda: self._connection.execute(plan.sql, values).fetchall()))

    async def _run(self, work: Callable[[], T]) -> T:
        """Run work in the snapshot's thread; canceling the caller interrupts its statement."""
        future = self._thread.submit(work)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if not future.cancel() and not future.done():
                self._connection.interrupt()
            raise
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            message = "The table was too large at that revision: leave out filter, sort and search."
            raise BadUserInput.of("asOfRevision", message) from error

    def _measure(self) -> None:
        self.size = self._number("page_count") * self._number("page_size")

    def _number(self, pragma: str) -> int:
        return cast(int, self._connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _sqlite_rows(rows: Iterable[Iterable[Any]]) -> Iterator[list[Any]]:
    for row in rows:
        yield [_sqlite_value(value) for value in row]


def _sqlite_value(value: Any) -> Any:
    """Return a value of a row, as any driver returns it, in the form that SQLite stores."""
    if value is None or type(value) in _NATIVE_TYPES:
        return value
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    return dump_json(value)
