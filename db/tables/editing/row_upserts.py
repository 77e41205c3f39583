"""Rows put into a table by key: those that are there are brought up to date, the others are added."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from db.core.idempotency import idempotent
from db.core.session import Session
from db.models.revisions import ChangeSource, Revision
from db.models.tables import Table
from db.tables.editing.edits import Edit
from db.tables.editing.row_buffer import BufferedRow
from db.tables.editing.rows import OnError, RejectedRow, rejection
from db.tables.editing.values import RowReader, Taken, check_number, same
from db.tables.revisions import row_ids_of
from errors import BadUserInput, FieldError
from tables.changes import ChangeKind
from tables.types.types import CellError, Column, Value

Key = tuple[object, ...]


@dataclass(frozen=True)
class Upserted:
    """How many rows were added, changed, and left as they were; `revision` is None when nothing changed."""

    table: Table
    inserted: int
    updated: int
    unchanged: int
    rejected: list[RejectedRow]
    revision: Revision | None


@dataclass
class _Plan:
    """What is to be done: values of new rows, and what changes in rows that are there."""

    added: list[dict[str, Value]] = field(default_factory=list)
    changed: dict[BufferedRow, dict[str, Value]] = field(default_factory=dict)
    unchanged: int = 0
    rejected: list[RejectedRow] = field(default_factory=list)


def upsert(
    session: Session,
    table_id: UUID,
    named: Sequence[str],
    rows: Sequence[object],
    on_error: OnError,
    idempotency_key: str | None = None,
) -> Upserted:
    """Add rows, or change those that have the same values in the key columns. Columns that a row does not name stay.

    With SKIP_INVALID rows that are not valid are left out, else BadUserInput for any of them.
    """
    check_number(len(rows), "rows")
    edit = Edit.of(session, table_id)
    keys = key_columns(edit.columns, named)

    def make() -> Upserted:
        plan = _plan(edit, keys, rows)
        if plan.rejected and on_error is OnError.REJECT_ALL:
            raise rejection(plan.rejected)
        edit.check_room(rows=len(plan.added))
        _carry_out(edit, plan)
        revision = edit.finish(ChangeSource.USER)
        return Upserted(edit.table, len(plan.added), len(plan.changed), plan.unchanged, plan.rejected, revision)

    def again(ids: list[UUID]) -> Upserted:
        """The rejected are judged anew; what was done is read from the revision."""
        rejected = _plan(edit, keys, rows).rejected
        if not ids:
            return Upserted(edit.table, 0, 0, len(rows) - len(rejected), rejected, None)
        revision = session.get(Revision, ids[0])
        inserted, updated = _done(session, revision)
        unchanged = len(rows) - inserted - updated - len(rejected)
        return Upserted(edit.table, inserted, updated, unchanged, rejected, revision)

    return idempotent(
        session, "upsertRows", idempotency_key, make, lambda u: [u.revision.id] if u.revision else [], again
    )


def key_columns(columns: Mapping[str, Column], named: Sequence[str]) -> list[Column]:
    """The key columns, which are named like those of a row."""
    by_name = {column.name.casefold(): column for column in columns.values()}
    keys: list[Column] = []
    for n, name in enumerate(named):
        column = columns.get(name) or by_name.get(" ".join(name.split()).casefold())
        if column is None:
            names = ", ".join([column.name for column in columns.values()][:10])
            raise BadUserInput.of(f"keyColumns.{n}", f"There is no such column: the columns are {names}.")
        if column in keys:
            raise BadUserInput.of(f"keyColumns.{n}", f"{column.name} is there twice: name it once.")
        keys.append(column)
    if not keys:
        raise BadUserInput.of("keyColumns", "Name the columns that tell which row is which: at least one.")
    return keys


@dataclass(frozen=True)
class _Given:
    """A row of the input: what it says, by column key, and the row of the table that it means."""

    index: int
    raw: object
    values: Mapping[str, Value]
    row_id: UUID | None

    @property
    def path(self) -> str:
        return f"rows.{self.index}"


class _Matching:
    """Rows of the input, each with the row of the table that has its key."""

    def __init__(self, edit: Edit, keys: Sequence[Column]) -> None:
        self._keys, self._reader = keys, RowReader(edit.columns)
        self._held: dict[Key, list[UUID]] = {}
        by_column = [edit.values(column.key) for column in keys]
        for id_ in by_column[0]:
            key = self._key([values.get(id_) for values in by_column])
            if key is not None:
                self._held.setdefault(key, []).append(id_)

    def match(self, rows: Sequence[object]) -> tuple[list[_Given], list[RejectedRow]]:
        given, rejected, seen = [], [], dict[Key, int]()
        for index, raw in enumerate(rows):
            values, errors = self._reader.read_given(raw, f"rows.{index}")
            key = None if errors else self._key([values.get(column.key) for column in self._keys])
            errors = errors or self._problems(key, values, seen, f"rows.{index}")
            if errors or key is None:
                rejected.append(RejectedRow(index, errors))
                continue
            seen[key] = index
            given.append(_Given(index, raw, values, next(iter(self._held.get(key, ())), None)))
        return given, rejected

    def _key(self, parts: Sequence[Value]) -> Key | None:
        """None where a part of the key is empty."""
        if any(part is None for part in parts):
            return None
        return tuple(same(column, part) for column, part in zip(self._keys, parts, strict=True))

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


class _Planning:
    """What the rows of the input add and change."""

    def __init__(self, edit: Edit, rows: Mapping[UUID, BufferedRow]) -> None:
        self._columns, self._rows = edit.columns, rows
        self._reader, self._taken = RowReader(edit.columns), Taken(edit)

    def place(self, plan: _Plan, given: _Given) -> list[FieldError]:
        """Put a row where it belongs in the plan, or say what is wrong with it."""
        if given.row_id is None:
            return self._add(plan, given)
        return self._change(plan, given, self._rows[given.row_id])

    def _add(self, plan: _Plan, given: _Given) -> list[FieldError]:
        values, errors = self._reader.read(given.raw, given.path)
        errors = errors or self._taken_by_others(values, uuid4(), given.path, {})
        if not errors:
            plan.added.append(values)
        return errors

    def _change(self, plan: _Plan, given: _Given, row: BufferedRow) -> list[FieldError]:
        new = {key: value for key, value in given.values.items() if not self._is_same(key, value, row.values.get(key))}
        errors = self._taken_by_others(new, row.id, given.path, row.values)
        if not errors and new:
            plan.changed[row] = new
        elif not errors:
            plan.unchanged += 1
        return errors

    def _is_same(self, key: str, value: Value, held: Value) -> bool:
        return same(self._columns[key], value) == same(self._columns[key], held)

    def _taken_by_others(
        self, values: Mapping[str, Value], id_: UUID, path: str, held: Mapping[str, Value]
    ) -> list[FieldError]:
        """What is in a unique column of another row already; a row without mistakes takes its values."""
        errors = []
        for key, value in values.items():
            try:
                self._taken.check(self._columns[key], value, id_)
            except CellError as error:
                errors.append(FieldError(f"{path}.{self._columns[key].name}", str(error)))
        if not errors:
            for key, value in values.items():
                self._taken.release(self._columns[key], held.get(key))
                self._taken.take(self._columns[key], value, id_)
        return errors


def _plan(edit: Edit, keys: Sequence[Column], rows: Sequence[object]) -> _Plan:
    given, rejected = _Matching(edit, keys).match(rows)
    planning = _Planning(edit, edit.rows(one.row_id for one in given if one.row_id))
    plan = _Plan(rejected=rejected)
    for one in given:
        if errors := planning.place(plan, one):
            plan.rejected.append(RejectedRow(one.index, errors))
    plan.rejected.sort(key=lambda row: row.index)
    return plan


def _carry_out(edit: Edit, plan: _Plan) -> None:
    origin = {"by": edit.session.user_id.hex}
    for row, values in plan.changed.items():
        for key, value in values.items():
            edit.set_cell(row, key, value, origin)
    for values in plan.added:
        edit.add_row(values)


def _done(session: Session, revision: Revision) -> tuple[int, int]:
    """How many rows a revision added, and how many it changed."""
    added = row_ids_of(session, revision, ChangeKind.ROW_ADDED)
    return len(added), len(row_ids_of(session, revision, ChangeKind.CELL_CHANGED))
