"""Taking a revision back, as a new revision."""

from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from db.core.base import Visibility
from db.core.session import Session
from db.models.revisions import ChangeSource, Revision
from db.tables.editing.cell_updates import CellConflict
from db.tables.editing.column_rules import check_together
from db.tables.editing.edits import Edit
from db.tables.editing.row_buffer import BufferedRow
from db.tables.editing.structure import Changed
from db.tables.history.undo_conversion import UndoConverter
from db.tables.revisions import Logged, changes_back, numbered, row_ids_of
from errors import BadUserInput, Conflict
from tables.changes import ChangeKind, column_of, definition
from tables.types.columns import RULES

MAX_SHOWN = 100
ADDED = frozenset({ChangeKind.ROW_ADDED, ChangeKind.ROW_RESTORED})


def undo(session: Session, table_id: UUID, number: int, *, force: bool) -> Changed:
    """Put back what a revision changed. What has changed again since is a Conflict, or with `force` goes too.

    What is as it was before the revision already is left alone; when that is everything, nothing is changed.
    Values come back as what they meant; BadUserInput when one does not fit its column as it is now.
    """
    edit = Edit.of(session, table_id)
    revision = numbered(session, table_id, number)
    if number == 1:
        raise BadUserInput.of("revision", "The first revision made the table: use deleteTable.")
    _Undoing(edit, revision).run(force=force)
    made = edit.finish(ChangeSource.UNDO)
    return Changed(edit.table, made or numbered(session, table_id, edit.table.revision))


class _Undoing:
    """The changes of a revision, last first, against the table as it is now; never all of them at once."""

    def __init__(self, edit: Edit, revision: Revision) -> None:
        self.edit, self.revision = edit, revision
        self.added = set(row_ids_of(edit.session, revision, *ADDED))
        self.refitting = UndoConverter(edit, revision.number)

    def _changes(self) -> Iterator[tuple[Logged, dict[UUID, BufferedRow]]]:
        """Each with the rows of its batch."""
        for batch in changes_back(self.edit.session, self.revision):
            rows = self.edit.rows(change.row_id for change in batch if change.row_id)
            yield from ((_whole(change), rows) for change in batch)

    def run(self, *, force: bool) -> None:
        """Raise Conflict for what was changed again, unless that is to go too."""
        shown: list[CellConflict] = []
        count = 0
        for change, rows in self._changes():
            conflicts = [] if force else list(self._conflicts(change, rows))
            count += len(conflicts)
            shown += conflicts[: MAX_SHOWN - len(shown)]
            if not count:
                self._step(change, rows)
        if count:
            places = "1 place" if count == 1 else f"{count:,} places"
            raise Conflict(
                f"Revision {self.revision.number} was changed again later in {places}, so nothing was undone: "
                "undo the later revisions first, or send force: true.",
                conflicts=shown,
            )
        self.refitting.run()

    def _conflicts(self, change: Logged, rows: Mapping[UUID, BufferedRow]) -> Iterable[CellConflict]:
        row = rows.get(change.row_id) if change.row_id else None
        if change.kind in ADDED and row:
            return self._row_conflicts(row, change.new["values"])
        if change.kind is ChangeKind.CELL_CHANGED:
            return self._cell_conflicts(change, row)
        if change.kind is ChangeKind.COLUMN_ADDED and change.column in self.edit.columns:
            return self._column_conflicts(str(change.column), change.new["values"])
        if change.kind is ChangeKind.COLUMN_CHANGED:
            column = self.edit.columns.get(str(change.column))
            return _property_conflicts(change, None if column is None else definition(column))
        if change.kind is ChangeKind.TABLE_CHANGED:
            return _property_conflicts(change, {name: getattr(self.edit.table, name) for name in change.new})
        return ()

    def _row_conflicts(self, row: BufferedRow, values: Mapping[str, object]) -> Iterable[CellConflict]:
        for key in self.edit.columns:
            if row.values.get(key) != values.get(key):
                yield CellConflict(row.id, key, row.values.get(key), None)

    def _cell_conflicts(self, change: Logged, row: BufferedRow | None) -> Iterable[CellConflict]:
        assert change.row_id
        if row is None or change.column not in self.edit.columns:
            yield CellConflict(change.row_id, change.column, None, change.old)
        elif row.values.get(change.column) not in (change.new, change.old):
            yield CellConflict(row.id, change.column, row.values.get(change.column), change.old)

    def _column_conflicts(self, key: str, values: Mapping[str, object]) -> Iterable[CellConflict]:
        for row_id, value in self.edit.values(key).items():
            if row_id not in self.added and values.get(row_id.hex) != value:
                yield CellConflict(row_id, key, value, None)

    def _step(self, change: Logged, rows: dict[UUID, BufferedRow]) -> None:
        """Turn one change round, if there is still something to turn round."""
        edit, row = self.edit, rows.get(change.row_id) if change.row_id else None
        kind, column = change.kind, str(change.column)
        if kind in ADDED and row:
            edit.delete_row(rows.pop(row.id))
        elif kind is ChangeKind.ROW_DELETED and row is None:
            assert change.row_id
            rows[change.row_id] = edit.restore_row(change.row_id, change.old, change.old_origin)
            self.refitting.came_back(change.row_id)
        elif kind is ChangeKind.CELL_CHANGED and row and column in edit.columns:
            edit.set_cell(row, column, change.old, change.old_origin)
            self.refitting.came_back(row.id, column)
        elif kind is ChangeKind.TABLE_CHANGED:
            edit.change_table(_of_table(change.old))
        else:
            self._step_column(kind, column, change)

    def _step_column(self, kind: ChangeKind, key: str, change: Logged) -> None:
        edit = self.edit
        if kind is ChangeKind.COLUMN_ADDED and key in edit.columns:
            edit.delete_column(key)
        elif kind is ChangeKind.COLUMN_DELETED and key not in edit.columns:
            self._check_name(key, change.old["definition"])
            edit.restore_column(change.old)
        elif kind is ChangeKind.COLUMN_CHANGED and key in edit.columns:
            back = {name: change.old[name] for name in _properties(change)}
            self._check_name(key, back)
            edit.change_column(key, definition(edit.columns[key]) | back)
            check_together(edit.columns.values(), "revision", "revision")

    def _check_name(self, key: str, back: Mapping[str, object]) -> None:
        name = str(back.get("name", ""))
        if name.casefold() in {other.name.casefold() for other in self.edit.columns.values() if other.key != key}:
            raise BadUserInput.of("revision", f"There is another column {name} now: rename that one first.")


def _whole(change: Logged) -> Logged:
    """With the parts that definitions of columns have got since it was written."""
    if change.kind is not ChangeKind.COLUMN_CHANGED:
        return change
    return change._replace(old=definition(column_of(change.old)), new=definition(column_of(change.new)))


def _property_conflicts(change: Logged, current: Mapping[str, object] | None) -> Iterable[CellConflict]:
    if current is None or any(
        current[name] not in (change.new[name], change.old[name]) for name in _properties(change)
    ):
        yield CellConflict(None, change.column, current, change.old)


def _properties(change: Logged) -> set[str]:
    """What a change of a column or a table changed; with a column's type go its rules, which are of that type."""
    names = {name for name, value in change.new.items() if change.old.get(name) != value}
    return names | RULES | {"default"} if "type" in names else names


def _of_table(old: Mapping[str, object]) -> dict[str, object]:
    """Properties of a table as the log keeps them, in their own types again."""
    return {name: Visibility(str(value)) if name == "visibility" else value for name, value in old.items()}
