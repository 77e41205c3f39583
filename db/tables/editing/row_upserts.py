"""Upserts of rows by key columns: rows with a known key are updated, the others are added."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from db.core.idempotency import idempotent
from db.core.session import Session
from db.core.sqlite_writer import short
from db.models.revisions import ChangeSource, Revision
from db.models.tables import Table
from db.tables.column_finder import ColumnFinder
from db.tables.editing.edits import Edit
from db.tables.editing.row_buffer import BufferedRow
from db.tables.editing.rows import OnError, RejectedRow, rejection
from db.tables.editing.values import RowParser, UniqueValues, check_batch_size, comparison_key
from db.tables.revisions import changed_row_ids
from errors import BadUserInput, FieldError
from tables.changes import ChangeKind
from tables.types.types import CellError, Column, Value

Key = tuple[object, ...]


@dataclass(frozen=True)
class UpsertRowsResult:
    """Numbers of added, updated and unchanged rows; `revision` is None if nothing changed."""

    table: Table
    inserted: int
    updated: int
    unchanged: int
    rejected: list[RejectedRow]
    revision: Revision | None


@dataclass
class _Plan:
    """Changes to make: values of new rows, and changed values of existing rows."""

    added: list[dict[str, Value]] = field(default_factory=list)
    changed: dict[BufferedRow, dict[str, Value]] = field(default_factory=dict)
    unchanged: int = 0
    rejected: list[RejectedRow] = field(default_factory=list)


@short
def upsert(
    session: Session,
    table_id: UUID,
    key_names: Sequence[str],
    rows: Sequence[object],
    on_error: OnError,
    idempotency_key: str | None = None,
) -> UpsertRowsResult:
    """Add rows, or update those with the same values in the key columns; columns that a row does not name keep theirs.

    With SKIP_INVALID, invalid rows are left out; otherwise a single one raises BadUserInput.
    """
    check_batch_size(len(rows), "rows")
    edit = Edit.of(session, table_id)
    keys = key_columns(edit.columns, key_names)

    def create() -> UpsertRowsResult:
        plan = _plan(edit, keys, rows)
        if plan.rejected and on_error is OnError.REJECT_ALL:
            raise rejection(plan.rejected)
        edit.check_capacity(rows=len(plan.added))
        _execute(edit, plan)
        revision = edit.finish(ChangeSource.USER)
        return UpsertRowsResult(edit.table, len(plan.added), len(plan.changed), plan.unchanged, plan.rejected, revision)

    def load(ids: list[UUID]) -> UpsertRowsResult:
        """Return the result of the first call, from its revision; the rejected rows are validated again."""
        rejected = _plan(edit, keys, rows).rejected
        if not ids:
            return UpsertRowsResult(edit.table, 0, 0, len(rows) - len(rejected), rejected, None)
        revision = session.get(Revision, ids[0])
        inserted, updated = _counts(session, revision)
        unchanged = len(rows) - inserted - updated - len(rejected)
        return UpsertRowsResult(edit.table, inserted, updated, unchanged, rejected, revision)

    return idempotent(
        session, "upsertRows", idempotency_key, create, lambda u: [u.revision.id] if u.revision else [], load
    )


def key_columns(columns: Mapping[str, Column], names: Sequence[str]) -> list[Column]:
    """Return the key columns, given by key or name. Raises BadUserInput."""
    finder = ColumnFinder(columns)
    keys: list[Column] = []
    for n, name in enumerate(names):
        column = finder.get(name, f"keyColumns.{n}")
        if column in keys:
            raise BadUserInput.of(f"keyColumns.{n}", f"{column.name} is there twice: name it once.")
        keys.append(column)
    if not keys:
        raise BadUserInput.of("keyColumns", "Send at least one key column: the columns whose values identify a row.")
    return keys


@dataclass(frozen=True)
class _InputRow:
    """Row of the input: its values by column key, and the existing row with its key."""

    index: int
    raw: object
    values: Mapping[str, Value]
    row_id: UUID | None

    @property
    def path(self) -> str:
        return f"rows.{self.index}"


class _KeyMatcher:
    """Matcher of input rows with the rows of the table that have the same key."""

    def __init__(self, edit: Edit, keys: Sequence[Column]) -> None:
        self._keys, self._reader = keys, RowParser(edit.columns)
        self._held: dict[Key, list[UUID]] = {}
        by_column = [edit.values(column.key) for column in keys]
        for id_ in by_column[0]:
            key = self._key([values.get(id_) for values in by_column])
            if key is not None:
                self._held.setdefault(key, []).append(id_)

    def match(self, rows: Sequence[object]) -> tuple[list[_InputRow], list[RejectedRow]]:
        row_input, rejected, seen = [], [], dict[Key, int]()
        for index, raw in enumerate(rows):
            values, errors = self._reader.parse_partial(raw, f"rows.{index}")
            key = None if errors else self._key([values.get(column.key) for column in self._keys])
            errors = errors or self._problems(key, values, seen, f"rows.{index}")
            if errors or key is None:
                rejected.append(RejectedRow(index, errors))
                continue
            seen[key] = index
            row_input.append(_InputRow(index, raw, values, next(iter(self._held.get(key, ())), None)))
        return row_input, rejected

    def _key(self, parts: Sequence[Value]) -> Key | None:
        """Return the hashable key, or None if a part of it is empty."""
        if any(part is None for part in parts):
            return None
        return tuple(comparison_key(column, part) for column, part in zip(self._keys, parts, strict=True))

    def _problems(
        self, key: Key | None, values: Mapping[str, Value], seen: Mapping[Key, int], path: str
    ) -> list[FieldError]:
        if key is None:
            empty = [column.name for column in self._keys if values.get(column.key) is None]
            return [FieldError(f"{path}.{name}", f"{name} is a key column: give it a value.") for name in empty]
        if key in seen:
            return [FieldError(path, f"Row {seen[key]} of the input has the same key: send one of the two.")]
        if (count := len(self._held.get(key, ()))) > 1:
            problem = f"{count:,} rows of the table have this key: name more key columns, or delete the others."
            return [FieldError(path, problem)]
        return []


class _Planner:
    """Builder of a plan from matched input rows."""

    def __init__(self, edit: Edit, rows: Mapping[UUID, BufferedRow]) -> None:
        self._columns, self._rows = edit.columns, rows
        self._reader, self._taken = RowParser(edit.columns), UniqueValues(edit)

    def add(self, plan: _Plan, row_input: _InputRow) -> list[FieldError]:
        """Add a row to the plan, or return its errors."""
        if row_input.row_id is None:
            return self._add(plan, row_input)
        return self._change(plan, row_input, self._rows[row_input.row_id])

    def _add(self, plan: _Plan, row_input: _InputRow) -> list[FieldError]:
        values, errors = self._reader.parse(row_input.raw, row_input.path)
        errors = errors or self._taken_by_others(values, uuid4(), row_input.path, {})
        if not errors:
            plan.added.append(values)
        return errors

    def _change(self, plan: _Plan, row_input: _InputRow, row: BufferedRow) -> list[FieldError]:
        new = {
            key: value for key, value in row_input.values.items() if not self._is_same(key, value, row.values.get(key))
        }
        errors = self._taken_by_others(new, row.id, row_input.path, row.values)
        if not errors and new:
            plan.changed[row] = new
        elif not errors:
            plan.unchanged += 1
        return errors

    def _is_same(self, key: str, value: Value, current: Value) -> bool:
        return comparison_key(self._columns[key], value) == comparison_key(self._columns[key], current)

    def _taken_by_others(
        self, values: Mapping[str, Value], id_: UUID, path: str, current: Mapping[str, Value]
    ) -> list[FieldError]:
        """Return an error for each unique value that another row has; reserve the values of a row without errors."""
        errors = []
        for key, value in values.items():
            try:
                self._taken.check(self._columns[key], value, id_)
            except CellError as error:
                errors.append(FieldError(f"{path}.{self._columns[key].name}", str(error)))
        if not errors:
            for key, value in values.items():
                self._taken.release(self._columns[key], current.get(key))
                self._taken.reserve(self._columns[key], value, id_)
        return errors


def _plan(edit: Edit, keys: Sequence[Column], rows: Sequence[object]) -> _Plan:
    row_input, rejected = _KeyMatcher(edit, keys).match(rows)
    planner = _Planner(edit, edit.rows(one.row_id for one in row_input if one.row_id))
    plan = _Plan(rejected=rejected)
    for one in row_input:
        if errors := planner.add(plan, one):
            plan.rejected.append(RejectedRow(one.index, errors))
    plan.rejected.sort(key=lambda row: row.index)
    return plan


def _execute(edit: Edit, plan: _Plan) -> None:
    origin = {"by": edit.session.user_id.hex}
    for row, values in plan.changed.items():
        for key, value in values.items():
            edit.set_cell(row, key, value, origin)
    for values in plan.added:
        edit.add_row(values)


def _counts(session: Session, revision: Revision) -> tuple[int, int]:
    """Return the numbers of rows that a revision added and changed."""
    added = changed_row_ids(session, revision, ChangeKind.ROW_ADDED)
    return len(added), len(changed_row_ids(session, revision, ChangeKind.CELL_CHANGED))
