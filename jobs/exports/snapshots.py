"""Snapshot of a table: its rows at one revision, copied aside so that slow writers hold no transaction."""

import asyncio
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from uuid import UUID

from auth.viewer import Viewer
from db.core.engine import Database
from db.exports import export_templates, exports
from db.models.export_templates import ExportTemplate
from db.models.tables import Row, Table
from db.tables.tables import column_of, columns_of
from errors import NotFound
from jobs.runner.job_run import JobFailure
from tables.types.columns import Column, Value
from tables.writers.xlsx import SheetStyle

MAX_BYTES_IN_MEMORY = 1_000_000  # bytes
MAX_ATTEMPTS = 20
IdentifiedRow = tuple[int, str, Mapping[str, Value]]


class Snapshot:
    """Columns and rows of one revision; `style` is their appearance on a sheet.

    The rows are in an unnamed file; close it after use.
    """

    def __init__(self, table: Table, columns: Sequence[Column], directory: Path) -> None:
        self.name, self.revision, self.columns = table.name, table.revision, columns
        self.style = SheetStyle()
        self.row_count = 0
        self._file = tempfile.SpooledTemporaryFile(MAX_BYTES_IN_MEMORY, dir=str(directory))  # noqa: SIM115  closed by close()

    def __enter__(self) -> "Snapshot":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    def apply(self, template: ExportTemplate) -> None:
        """Keep the columns of a template under their headers. Raises BadUserInput for missing columns."""
        applied = export_templates.apply(template, self.columns)
        self.columns, self.style = applied.columns, applied.style

    def append(self, rows: Sequence[Row]) -> None:
        """Append rows; blocks, because it reads their values."""
        batch = [[row.position, row.id.hex, row.values] for row in rows]
        self._file.write(json.dumps(batch).encode() + b"\n")
        self.row_count += len(rows)

    def batches(self) -> Iterator[list[IdentifiedRow]]:
        """Yield position, id and values of all rows in batches as they were appended; blocks.

        Several iterations may run at the same time.
        """
        offset = 0
        while True:
            self._file.seek(offset)
            line = self._file.readline()
            if not line:
                return
            offset = self._file.tell()
            yield json.loads(line)


async def take(database: Database, viewer: Viewer, table_id: UUID, directory: Path) -> Snapshot:
    """Return a snapshot of a visible table. Raises NotFound, or JobFailure when it never stops changing."""
    for _ in range(MAX_ATTEMPTS):
        table = await _table(database, viewer, table_id)
        columns = await database.read(columns_of, viewer, ids=[table_id])
        snapshot = Snapshot(table, [column_of(row) for row in columns], directory)
        try:
            if await _fill(snapshot, database, viewer, table):
                return snapshot
        except BaseException:
            snapshot.close()
            raise
        snapshot.close()
    raise JobFailure("CONFLICT", "The table is changing too often to be copied. Try again in a moment.", retryable=True)


async def _table(database: Database, viewer: Viewer, id_: UUID) -> Table:
    table = await database.find(Table, viewer, id_)
    if table is None:
        raise NotFound("The table was deleted, or you may no longer see it.")
    return table


async def _fill(snapshot: Snapshot, database: Database, viewer: Viewer, table: Table) -> bool:
    """Copy the rows; return False when they belong to another revision than the columns."""
    async for rows in database.stream(exports.table_rows, viewer, table_id=table.id):
        if rows[0].revision != table.revision:
            return False
        await asyncio.to_thread(snapshot.append, rows)
    # An empty table has no row that carries the revision, so read the table again.
    return bool(snapshot.row_count) or (await _table(database, viewer, table.id)).revision == table.revision
