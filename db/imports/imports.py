"""Imports of parsed rows into a table; all rows of a file are one revision."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from db.core.base import Visibility
from db.core.idempotency import idempotent
from db.core.session import Session
from db.models.revisions import ChangeSource, Revision
from db.models.tables import Table
from db.tables.editing.edits import Edit
from db.tables.editing.rows import OnError, RejectedRow
from db.tables.editing.structure import TableDefinition, insert_table
from db.tables.editing.values import MAX_ERRORS, UniqueValues
from db.tables.revisions import changed_row_ids
from errors import BadUserInput, Conflict, FieldError
from tables.changes import ChangeKind
from tables.types.types import CellError, Column, Value

# Index in the file, values by column key, and the texts they were read from where these differ.
ReadRow = tuple[int, Mapping[str, Value], Mapping[str, str]]


@dataclass(frozen=True)
class ImportTarget:
    """Target of the rows: the table `table_id`, whose columns they were parsed with, or a new table called `name`.

    The other fields define the new table, as in `structure.Beginning` has them.
    """

    name: str
    columns: Sequence[Column]
    table_id: UUID | None = None
    conversation_id: UUID | None = None
    organization_id: UUID | None = None
    visibility: Visibility = Visibility.PRIVATE


@dataclass(frozen=True)
class ImportResult:
    """Result of an import; `rejected` are the first MAX_ERRORS rows whose value in a unique column was taken."""

    table: Table
    row_count: int
    revision: Revision | None
    rejected: Sequence[RejectedRow] = ()


def import_rows(
    session: Session,
    target: ImportTarget,
    rows: Iterable[ReadRow],
    count: int,
    on_error: OnError,
    key: str | None = None,
) -> ImportResult:
    """Add `count` rows, whose values are validated except for uniqueness; the iterable is consumed as it is read.

    Raises Conflict if the table's columns are no longer those that the rows were parsed with, BadUserInput for a
    repeated unique value with REJECT_ALL.
    """

    def create() -> ImportResult:
        edit = _edit(session, target)
        edit.check_capacity(rows=count, field="file")
        unique_filter = _UniqueFilter(edit, on_error)
        for values, texts in unique_filter.accepted(rows):
            edit.add_row(values, {key: {"quote": text} for key, text in texts.items()})
        revision = edit.finish(ChangeSource.IMPORT)
        session.flush()
        return ImportResult(edit.table, unique_filter.count, revision, unique_filter.rejected)

    def load(ids: list[UUID]) -> ImportResult:
        table = session.get(Table, ids[0])
        revision = session.get(Revision, ids[1]) if len(ids) > 1 else None
        return ImportResult(table, _added_count(session, revision), revision)

    return idempotent(session, "importTable", key, create, _ids, load)


def dry_run(session: Session, target: ImportTarget, rows: Iterable[ReadRow]) -> ImportResult:
    """Return the result that `import_rows` would have for an existing table with SKIP_INVALID; writes nothing."""
    edit = _edit(session, target)
    unique_filter = _UniqueFilter(edit, OnError.SKIP_INVALID)
    deque(unique_filter.accepted(rows), maxlen=0)
    return ImportResult(edit.table, unique_filter.count, None, unique_filter.rejected)


def _ids(result: ImportResult) -> list[UUID]:
    return [result.table.id, *([result.revision.id] if result.revision else [])]


def _edit(session: Session, target: ImportTarget) -> Edit:
    if target.table_id is None:
        edit = insert_table(
            session, TableDefinition(target.name, (), target.conversation_id, target.organization_id, target.visibility)
        )
        for column in target.columns:
            edit.add_column(column)
        return edit
    edit = Edit.of(session, target.table_id)
    if list(edit.columns.values()) != list(target.columns):
        raise Conflict("The columns of the table changed while the file was read: import the file again.")
    return edit


def _added_count(session: Session, revision: Revision | None) -> int:
    return len(changed_row_ids(session, revision, ChangeKind.ROW_ADDED)) if revision else 0


class _UniqueFilter:
    """Filter of rows by the unique columns."""

    def __init__(self, edit: Edit, on_error: OnError) -> None:
        self._unique = [column for column in edit.columns.values() if column.is_unique]
        self._unique_values, self._on_error = UniqueValues(edit), on_error
        self.rejected: list[RejectedRow] = []
        self.count = 0

    def accepted(self, rows: Iterable[ReadRow]) -> Iterator[tuple[Mapping[str, Value], Mapping[str, str]]]:
        for index, values, texts in rows:
            if self._is_free(index, values):
                self.count += 1
                yield values, texts

    def _is_free(self, index: int, values: Mapping[str, Value]) -> bool:
        try:
            for column in self._unique:
                self._unique_values.check(column, values.get(column.key))
        except CellError as error:
            mistake = RejectedRow(index, [FieldError(f"rows.{index}.{column.name}", str(error))])
            if self._on_error is OnError.REJECT_ALL:
                raise BadUserInput(f"Row {index + 1}: {error}", fields=mistake.field_errors) from None
            self.rejected += [mistake][: MAX_ERRORS - len(self.rejected)]
            return False
        row_id = uuid4()
        for column in self._unique:
            self._unique_values.reserve(column, values.get(column.key), row_id)
        return True
