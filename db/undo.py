"""Taking a revision back, as a new revision."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from db.base import Visibility
from db.corrections import CellConflict
from db.edits import Edit
from db.revisions import CellChange, ChangeSource, changes_in, numbered
from db.session import Session
from db.structure import Changed
from db.tables import Row
from db.values import Taken
from errors import BadUserInput, Conflict
from tables.changes import ChangeKind, column_of, definition
from tables.types import CellError

MAX_SHOWN = 100
ADDED = frozenset({ChangeKind.ROW_ADDED, ChangeKind.ROW_RESTORED})


def undo(session: Session, table_id: UUID, number: int, *, force: bool) -> Changed:
    """Put back what a revision changed. What has changed again since is a Conflict, or with `force` goes too.

    What is as it was before the revision already is left alone; when that is everything, nothing is changed.
    """
    edit = Edit.of(session, table_id)
    revision = numbered(session, table_id, number)
    if number == 1:
        raise BadUserInput.of("revision", "The first revision made the table: use deleteTable.")
    undoing = _Undoing(edit, changes_in(session, revision))
    conflicts = undoing.conflicts()
    if conflicts and not force:
        raise Conflict(
            f"Revision {number} was changed again later in {_places(conflicts)}, so nothing was undone: "
            "undo the later revisions first, or send force: true.",
            conflicts=conflicts[:MAX_SHOWN],
        )
    undoing.run()
    made = edit.finish(ChangeSource.UNDO)
    return Changed(edit.table, made or numbered(session, table_id, edit.table.revision))


class _Undoing:
    """The changes of a revision, last first, against the table as it is now."""

    def __init__(self, edit: Edit, changes: list[CellChange]) -> None:
        self.edit = edit
        self.changes = changes[::-1]
        self.rows = edit.rows(change.row_id for change in changes if change.row_id)
        self.added = {change.row_id for change in changes if change.kind in ADDED}
        self.dropped = {change.column for change in changes if change.kind is ChangeKind.COLUMN_DELETED}

    def conflicts(self) -> list[CellConflict]:
        return [conflict for change in self.changes for conflict in self._conflicts(change)]

    def _conflicts(self, change: CellChange) -> Iterable[CellConflict]:
        row = self.rows.get(change.row_id) if change.row_id else None
        if change.kind in ADDED and row:
            return _row_conflicts(row, change.new["values"])
        if change.kind is ChangeKind.CELL_CHANGED:
            return self._cell_conflicts(change, row)
        if change.kind is ChangeKind.COLUMN_ADDED and change.column in self.edit.columns:
            return self._column_conflicts(str(change.column), change.new["values"])
        if change.kind is ChangeKind.COLUMN_CHANGED and change.column not in self.dropped:
            column = self.edit.columns.get(str(change.column))
            return self._definition_conflicts(change, None if column is None else definition(column), _whole)
        if change.kind is ChangeKind.TABLE_CHANGED:
            current = {name: getattr(self.edit.table, name) for name in change.new}
            return self._definition_conflicts(change, current)
        return ()

    def _cell_conflicts(self, change: CellChange, row: Row | None) -> Iterable[CellConflict]:
        assert change.row_id
        if row is None or change.column not in self.edit.columns:
            yield CellConflict(change.row_id, change.column, None, change.old)
        elif row.values.get(change.column) not in (change.new, change.old):
            yield CellConflict(row.id, change.column, row.values.get(change.column), change.old)

    def _column_conflicts(self, key: str, values: Mapping[str, object]) -> Iterable[CellConflict]:
        for row_id, value in self.edit.values(key).items():
            if row_id not in self.added and values.get(row_id.hex) != value:
                yield CellConflict(row_id, key, value, None)

    def _definition_conflicts(
        self, change: CellChange, current: object, read: Callable[[Any], object] = lambda was: was
    ) -> Iterable[CellConflict]:
        if current not in (read(change.new), read(change.old)):
            yield CellConflict(None, change.column, current, change.old)

    def run(self) -> None:
        for change in self.changes:
            self._step(change)
        self._check_unique()

    def _step(self, change: CellChange) -> None:
        """Turn one change round, if there is still something to turn round."""
        edit, row = self.edit, self.rows.get(change.row_id) if change.row_id else None
        kind, column = change.kind, str(change.column)
        if kind in ADDED and row:
            edit.delete_row(row)
        elif kind is ChangeKind.ROW_DELETED and row is None:
            assert change.row_id
            edit.restore_row(change.row_id, change.old, change.old_origin)
        elif kind is ChangeKind.CELL_CHANGED and row and column in edit.columns:
            edit.set_cell(row, column, change.old, change.old_origin)
        elif kind is ChangeKind.TABLE_CHANGED:
            edit.change_table(_properties(change.old))
        else:
            self._step_column(kind, column, change)

    def _step_column(self, kind: ChangeKind, key: str, change: CellChange) -> None:
        edit = self.edit
        if kind is ChangeKind.COLUMN_ADDED and key in edit.columns:
            edit.delete_column(key)
        elif kind is ChangeKind.COLUMN_DELETED and key not in edit.columns:
            self._check_name(change.old["definition"]["name"])
            edit.restore_column(change.old)
        elif kind is ChangeKind.COLUMN_CHANGED and key in edit.columns:
            edit.change_column(key, change.old)

    def _check_name(self, name: str) -> None:
        if name.casefold() in {column.name.casefold() for column in self.edit.columns.values()}:
            raise BadUserInput.of("revision", f"There is another column {name} now: rename that one first.")

    def _check_unique(self) -> None:
        """A value that comes back may have been given to another row since."""
        self.edit.session.flush()
        kept = [change for change in self.edit.changes if change.kind is not ChangeKind.ROW_DELETED]
        touched = {change.row_id for change in kept if change.row_id}
        for key, column in self.edit.columns.items():
            if not column.is_unique:
                continue
            taken = Taken(self.edit, without=touched)
            for row_id, value in self.edit.values(key).items():
                if row_id in touched:
                    try:
                        taken.check(column, value, row_id)
                    except CellError as error:
                        raise BadUserInput.of("revision", str(error)) from error
                    taken.take(column, value, row_id)


def _whole(was: Mapping[str, Any]) -> dict[str, Any]:
    """A definition from the log, with the parts that columns have got since it was written."""
    return definition(column_of(was))


def _places(conflicts: list[CellConflict]) -> str:
    return "1 place" if len(conflicts) == 1 else f"{len(conflicts):,} places"


def _row_conflicts(row: Row, values: Mapping[str, object]) -> Iterable[CellConflict]:
    for key in sorted({*row.values, *values}):
        if row.values.get(key) != values.get(key):
            yield CellConflict(row.id, key, row.values.get(key), None)


def _properties(old: Mapping[str, object]) -> dict[str, object]:
    """Properties of a table as the log keeps them, in their own types again."""
    return {name: Visibility(str(value)) if name == "visibility" else value for name, value in old.items()}
