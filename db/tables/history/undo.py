"""Undo of a revision, as a new revision.

The changes of the revision are reversed last to first, in batches. A cell, row or column that was changed again later
is a conflict, unless `force` is given. After an undo, a column may have another type than when the values were
written: `UndoConverter` converts them at the end.
"""

from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from db.core.base import Visibility
from db.core.session import Session
from db.models.revisions import ChangeSource, Revision
from db.tables.editing.cell_updates import CellConflict
from db.tables.editing.column_rules import check_column_limits
from db.tables.editing.edits import Edit
from db.tables.editing.row_buffer import BufferedRow
from db.tables.editing.structure import TableChange
from db.tables.history.undo_conversion import UndoConverter
from db.tables.revisions import LoggedChange, changed_row_ids, changes_last_first, get_revision
from errors import BadUserInput, Conflict
from tables.changes import ChangeKind, column_from_json, column_to_json
from tables.types.columns import RULES

MAX_REPORTED_CONFLICTS = 100
ADDED = frozenset({ChangeKind.ROW_ADDED, ChangeKind.ROW_RESTORED})


def undo(session: Session, table_id: UUID, number: int, *, force: bool) -> TableChange:
    """Reverse the changes of a revision, except those that are reversed already.

    Raises Conflict if something was changed again later, unless `force`, which overwrites it; BadUserInput if an old
    value does not fit its column as it is now, or when there is nothing to undo.
    """
    edit = Edit.of(session, table_id)
    revision = get_revision(session, table_id, number)
    if number == 1:
        raise BadUserInput.of("revision", "Revision 1 created the table and cannot be undone: use deleteTable instead.")
    _Undo(edit, revision).run(force=force)
    created = edit.finish(ChangeSource.UNDO)
    if created is None:
        message = (
            f"There is nothing to undo: the changes of revision {number} were reversed since, or their rows deleted."
        )
        raise BadUserInput.of("revision", message)
    return TableChange(edit.table, created)


class _Undo:
    """Reversal of one revision; holds a batch of its changes at a time."""

    def __init__(self, edit: Edit, revision: Revision) -> None:
        self.edit, self.revision = edit, revision
        self.added_ids = set(changed_row_ids(edit.session, revision, *ADDED))
        self.converter = UndoConverter(edit, revision.number)

    def _changes(self) -> Iterator[tuple[LoggedChange, dict[UUID, BufferedRow]]]:
        """Yield each change, last first, with the current rows of its batch."""
        for batch in changes_last_first(self.edit.session, self.revision):
            rows = self.edit.rows(change.row_id for change in batch if change.row_id)
            yield from ((_with_all_fields(change), rows) for change in batch)

    def run(self, *, force: bool) -> None:
        """Reverse all changes. Raises Conflict, unless `force`, for what was changed again later."""
        reported: list[CellConflict] = []
        count = 0
        for change, rows in self._changes():
            conflicts = [] if force else list(self._conflicts(change, rows))
            count += len(conflicts)
            reported += conflicts[: MAX_REPORTED_CONFLICTS - len(reported)]
            # After the first conflict the rest is only counted: the transaction will be rolled back.
            if not count:
                self._reverse(change, rows)
        if count:
            places = "1 place" if count == 1 else f"{count:,} places"
            raise Conflict(
                f"Revision {self.revision.number} was changed again later in {places}, so nothing was undone: "
                "undo the later revisions first, or send force: true.",
                conflicts=reported,
            )
        self.converter.run()

    def _conflicts(self, change: LoggedChange, rows: Mapping[UUID, BufferedRow]) -> Iterable[CellConflict]:
        row = rows.get(change.row_id) if change.row_id else None
        if change.kind in ADDED and row:
            return self._row_conflicts(row, change.new["values"])
        if change.kind is ChangeKind.CELL_CHANGED:
            return self._cell_conflicts(change, row)
        if change.kind is ChangeKind.COLUMN_ADDED and change.column in self.edit.columns:
            return self._column_conflicts(str(change.column), change.new["values"])
        if change.kind is ChangeKind.COLUMN_CHANGED:
            column = self.edit.columns.get(str(change.column))
            return _property_conflicts(change, None if column is None else column_to_json(column))
        if change.kind is ChangeKind.TABLE_CHANGED:
            return _property_conflicts(change, {name: getattr(self.edit.table, name) for name in change.new})
        return ()

    def _row_conflicts(self, row: BufferedRow, values: Mapping[str, object]) -> Iterable[CellConflict]:
        for key in self.edit.columns:
            if row.values.get(key) != values.get(key):
                yield CellConflict(row.id, key, row.values.get(key), None)

    def _cell_conflicts(self, change: LoggedChange, row: BufferedRow | None) -> Iterable[CellConflict]:
        assert change.row_id
        if row is None or change.column not in self.edit.columns:
            yield CellConflict(change.row_id, change.column, None, change.old)
        elif row.values.get(change.column) not in (change.new, change.old):
            yield CellConflict(row.id, change.column, row.values.get(change.column), change.old)

    def _column_conflicts(self, key: str, values: Mapping[str, object]) -> Iterable[CellConflict]:
        for row_id, value in self.edit.values(key).items():
            if row_id not in self.added_ids and values.get(row_id.hex) != value:
                yield CellConflict(row_id, key, value, None)

    def _reverse(self, change: LoggedChange, rows: dict[UUID, BufferedRow]) -> None:
        """Reverse one change, unless its row or column is already as before it."""
        edit, row = self.edit, rows.get(change.row_id) if change.row_id else None
        kind, column = change.kind, str(change.column)
        if kind in ADDED and row:
            edit.delete_row(rows.pop(row.id))
        elif kind is ChangeKind.ROW_DELETED and row is None:
            assert change.row_id
            rows[change.row_id] = edit.restore_row(change.row_id, change.old, change.old_origin)
            self.converter.add_restored(change.row_id)
        elif kind is ChangeKind.CELL_CHANGED and row and column in edit.columns:
            edit.set_cell(row, column, change.old, change.old_origin)
            self.converter.add_restored(row.id, column)
        elif kind is ChangeKind.TABLE_CHANGED:
            edit.change_table(_table_properties(change.old))
        else:
            self._reverse_column(kind, column, change)

    def _reverse_column(self, kind: ChangeKind, key: str, change: LoggedChange) -> None:
        edit = self.edit
        if kind is ChangeKind.COLUMN_ADDED and key in edit.columns:
            edit.delete_column(key)
        elif kind is ChangeKind.COLUMN_DELETED and key not in edit.columns:
            self._check_name(key, change.old["definition"])
            edit.restore_column(change.old)
        elif kind is ChangeKind.COLUMN_CHANGED and key in edit.columns:
            old = {name: change.old[name] for name in _properties(change)}
            self._check_name(key, old)
            edit.change_column(key, column_to_json(edit.columns[key]) | old)
            check_column_limits(edit.columns.values(), "revision", "revision")

    def _check_name(self, key: str, old: Mapping[str, object]) -> None:
        name = str(old.get("name", ""))
        if name.casefold() in {other.name.casefold() for other in self.edit.columns.values() if other.key != key}:
            raise BadUserInput.of("revision", f"Another column is named {name} now: rename it first.")


def _with_all_fields(change: LoggedChange) -> LoggedChange:
    """Return the change with defaults for fields of column definitions that did not exist when it was logged."""
    if change.kind is not ChangeKind.COLUMN_CHANGED:
        return change
    return change._replace(
        old=column_to_json(column_from_json(change.old)), new=column_to_json(column_from_json(change.new))
    )


def _property_conflicts(change: LoggedChange, current: Mapping[str, object] | None) -> Iterable[CellConflict]:
    if current is None or any(
        current[name] not in (change.new[name], change.old[name]) for name in _properties(change)
    ):
        yield CellConflict(None, change.column, current, change.old)


def _properties(change: LoggedChange) -> set[str]:
    """Return the names of the changed properties; a changed type includes its rules, which belong to the type."""
    names = {name for name, value in change.new.items() if change.old.get(name) != value}
    return names | RULES | {"default"} if "type" in names else names


def _table_properties(old: Mapping[str, object]) -> dict[str, object]:
    """Return properties of a table from the log in their Python types."""
    return {name: Visibility(str(value)) if name == "visibility" else value for name, value in old.items()}
