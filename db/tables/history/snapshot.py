"""The rows that a table had at a revision, laid out in a SQLite database of their own that answers any question."""

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
from db.core.sqlite import dialect_of_reads
from db.core.sqlite_functions import Connection
from db.tables.history.as_of_queries import OF_ROWS
from db.tables.query.cell_indexes import definition
from errors import BadUserInput
from tables.types.types import Column, ColumnType

T = TypeVar("T")

MAX_BYTES, CACHED_BYTES, MAX_INDEXED = 2**30, 2**23, 5
SYSTEM = Viewer.system()
_AS_THEY_ARE = (str, int)

# The policy asks whether the parent is there; who may see it is asked of the database that the rows came from.
TABLES = "CREATE TABLE tables (id, deleted_at)"
ROWS = f"""CREATE TABLE rows ({", ".join(f'"{name}"' for name in OF_ROWS)}, updated_by_id, deleted_at)"""
INDEX = "CREATE INDEX in_order ON rows (table_id, position, id)"
LAY = "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)"


class Snapshot:
    """Rows of one state of a table, with its columns. Whoever reads holds it: it is gone when nobody does any more.

    The database has no name: SQLite keeps it in memory while it is small, then in a file that no directory has,
    which even a killed process leaves nothing of. One thread works on it, one thing after the other.
    """

    def __init__(self, table_id: UUID) -> None:
        self.table_id = table_id
        self.columns: Mapping[str, Column] = {}
        self.row_count = self.size = 0
        self._indexed: set[str] = set()
        self._dialect = dialect_of_reads()
        self._thread = ThreadPoolExecutor(1, "earlier-rows")
        self._connection = sqlite3.connect("", check_same_thread=False, isolation_level=None, factory=Connection)
        # It takes no lock, for the garbage collector may call it anywhere; the thread ends by itself.
        weakref.finalize(self, self._connection.close).atexit = False

    async def begin(self) -> None:
        def work() -> None:
            self._connection.execute("PRAGMA journal_mode=OFF")
            self._connection.execute(f"PRAGMA cache_size={-CACHED_BYTES // 1024}")
            self._connection.execute(f"PRAGMA max_page_count={MAX_BYTES // self._number('page_size')}")
            self._connection.execute("BEGIN")
            self._connection.execute(TABLES)
            self._connection.execute("INSERT INTO tables VALUES (?, NULL)", (self.table_id.hex,))
            self._connection.execute(ROWS)

        await self._run(work)

    async def lay(self, rows: Callable[[], Iterable[Iterable[Any]]]) -> None:
        """Add rows, of which each has what OF_ROWS names; they are made in the copy's thread."""

        def work() -> None:
            self.row_count += self._connection.executemany(LAY, _written(rows())).rowcount

        await self._run(work)

    async def finish(self, columns: Mapping[str, Column]) -> None:
        """No rows are added from here on."""

        def work() -> None:
            self._connection.execute(INDEX)
            self._connection.execute("COMMIT")
            self._measure()

        await self._run(work)
        self.columns = columns

    async def index(self, key: str, type: ColumnType) -> bool:
        """Whether the rows can be read in the order of a column without looking at all of them; they soon can."""
        if key in self._indexed:
            return True
        if type is ColumnType.MULTI_SELECT or len(self._indexed) >= MAX_INDEXED or self.size > MAX_BYTES // 2:
            return False

        def work() -> None:
            self._connection.execute(definition(self._dialect, self.table_id, key, type))
            self._measure()

        await self._run(work)
        self._indexed.add(key)
        return True

    async def read(self, query: Prepared[Any], **given: Any) -> list[Any]:
        """What a query of rows of `table_id` finds in the copy."""
        plan = query.plan(self._dialect, SYSTEM)
        values = plan.values(SYSTEM, {**given, "table_id": self.table_id})
        return plan.records(await self._run(lambda: self._connection.execute(plan.sql, values).fetchall()))

    async def _run(self, work: Callable[[], T]) -> T:
        """Who leaves takes their question along."""
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
            message = "The table was too large then to be filtered, sorted or searched: leave these out."
            raise BadUserInput.of("asOfRevision", message) from error

    def _measure(self) -> None:
        self.size = self._number("page_count") * self._number("page_size")

    def _number(self, pragma: str) -> int:
        return cast(int, self._connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _written(rows: Iterable[Iterable[Any]]) -> Iterator[list[Any]]:
    for row in rows:
        yield [_plain(value) for value in row]


def _plain(value: Any) -> Any:
    """A value of a row, or what a driver gave for it, as SQLite keeps it."""
    if value is None or type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    return dump_json(value)
