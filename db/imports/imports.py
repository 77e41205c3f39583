"""Files on their way into a table: all their rows are one revision."""

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
from db.tables.editing.structure import Beginning, begin
from db.tables.editing.values import MAX_ERRORS, Taken
from db.tables.revisions import row_ids_of
from errors import BadUserInput, Conflict, FieldError
from tables.changes import ChangeKind
from tables.types.types import CellError, Column, Value

ReadRow = tuple[int, Mapping[str, Value]]


@dataclass(frozen=True)
class Target:
    """Where the rows go: into the table `table_id`, read with these columns, or into a new one called `name`.

    The others are of a new table, as `structure.Beginning` has them.
    """

    name: str
    columns: Sequence[Column]
    table_id: UUID | None = None
    conversation_id: UUID | None = None
    organization_id: UUID | None = None
    visibility: Visibility = Visibility.PRIVATE


@dataclass(frozen=True)
class Imported:
    """`rejected` are the first of the rows that another row kept out of a unique column."""

    table: Table
    row_count: int
    revision: Revision | None
    rejected: Sequence[RejectedRow] = ()


def run(
    session: Session, target: Target, rows: Iterable[ReadRow], count: int, on_error: OnError, key: str | None = None
) -> Imported:
    """Add `count` rows, whose values are checked already but for what the table holds; none of them is kept.

    Raises Conflict when the columns are not those that the rows were read with.
    """

    def make() -> Imported:
        edit = _edit(session, target)
        edit.check_room(rows=count, field="file")
        adding = _Adding(edit, on_error)
        for values in adding.free(rows):
            edit.add_row(values)
        revision = edit.finish(ChangeSource.IMPORT)
        session.flush()
        return Imported(edit.table, adding.count, revision, adding.rejected)

    def again(ids: list[UUID]) -> Imported:
        table = session.get(Table, ids[0])
        revision = session.get(Revision, ids[1]) if len(ids) > 1 else None
        return Imported(table, _added(session, revision), revision)

    return idempotent(session, "importTable", key, make, _ids, again)


def rehearse(session: Session, target: Target, rows: Iterable[ReadRow]) -> Imported:
    """What `run` would do with a table that is there, skipping the rows that do not fit: nothing is written."""
    edit = _edit(session, target)
    adding = _Adding(edit, OnError.SKIP_INVALID)
    deque(adding.free(rows), maxlen=0)
    return Imported(edit.table, adding.count, None, adding.rejected)


def _ids(made: Imported) -> list[UUID]:
    return [made.table.id, *([made.revision.id] if made.revision else [])]


def _edit(session: Session, target: Target) -> Edit:
    if target.table_id is None:
        edit = begin(
            session, Beginning(target.name, (), target.conversation_id, target.organization_id, target.visibility)
        )
        for column in target.columns:
            edit.add_column(column)
        return edit
    edit = Edit.of(session, target.table_id)
    if list(edit.columns.values()) != list(target.columns):
        raise Conflict("The columns of the table have changed while the file was read: import it again.")
    return edit


def _added(session: Session, revision: Revision | None) -> int:
    return len(row_ids_of(session, revision, ChangeKind.ROW_ADDED)) if revision else 0


class _Adding:
    """Which rows the unique columns leave room for."""

    def __init__(self, edit: Edit, on_error: OnError) -> None:
        self._unique = [column for column in edit.columns.values() if column.is_unique]
        self._taken, self._on_error = Taken(edit), on_error
        self.rejected: list[RejectedRow] = []
        self.count = 0

    def free(self, rows: Iterable[ReadRow]) -> Iterator[Mapping[str, Value]]:
        for index, values in rows:
            if self._is_free(index, values):
                self.count += 1
                yield values

    def _is_free(self, index: int, values: Mapping[str, Value]) -> bool:
        try:
            for column in self._unique:
                self._taken.check(column, values.get(column.key))
        except CellError as error:
            mistake = RejectedRow(index, [FieldError(f"rows.{index}.{column.name}", str(error))])
            if self._on_error is OnError.REJECT_ALL:
                raise BadUserInput(f"Row {index + 1}: {error}", fields=mistake.field_errors) from None
            self.rejected += [mistake][: MAX_ERRORS - len(self.rejected)]
            return False
        row_id = uuid4()
        for column in self._unique:
            self._taken.take(column, values.get(column.key), row_id)
        return True
