"""Recorder of the changes that one transaction makes, which become entries of the audit log at its end."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Column, inspect

from db.core.base import AuditCounted, AuditedRow, Base, Subject

SYSTEM_COLUMNS = frozenset({"id", "created_at", "created_by_id", "updated_at", "updated_by_id"})
CONCEALED = "(not kept)"  # in place of secrets; clients see this text, and older entries have it
MAX_TEXT = 1_000

Values = dict[str, Any]


@dataclass
class PendingEntry:
    """Entry of the audit log that is still to be written."""

    subject: Subject
    before: Values | None = None
    after: Values | None = None


@dataclass
class AuditRecorder:
    """Collects the changes of audited rows.

    Rows are inspected when the session flushes them, and again at the end, when their values are final.
    """

    _added: dict[Base, None] = field(default_factory=dict)
    _before: dict[Base, Values] = field(default_factory=dict)
    _counts: dict[Subject, dict[str, Counter[str]]] = field(default_factory=lambda: defaultdict(dict))
    _known: dict[tuple[Subject, str, str], set[UUID]] = field(default_factory=dict)
    _notes: dict[Base, tuple[Values, Values]] = field(default_factory=dict)

    def add(self, row: Base) -> None:
        if isinstance(row, AuditCounted):
            self._count(row, "added")
        elif isinstance(row, AuditedRow):
            self._added[row] = None

    def count_many(self, row: Base, verb: str, ids: Collection[UUID]) -> None:
        """Count rows that are like `row`; a row that is counted again under the same verb counts once."""
        if isinstance(row, AuditCounted):
            known = self._known.setdefault((row.counted_in(), row.counted_as, verb), set())
            new = set(ids) - known
            self._count(row, verb, len(new))
            known |= new

    def change(self, row: Base) -> None:
        """Record the former values of a row; called before the session sets its own columns."""
        if isinstance(row, AuditCounted):
            if (verb := _verb(row)) is not None:
                self._count(row, verb)
        elif isinstance(row, AuditedRow) and row not in self._added:
            before = self._before.setdefault(row, {})
            for key, value in _former_values(row):
                before.setdefault(key, value)

    def note(self, row: Base, before: Values, after: Values) -> None:
        """Add values that are stored elsewhere to the row's entry."""
        self._notes[row] = before, after

    def _count(self, row: AuditCounted, verb: str, count: int = 1) -> None:
        self._counts[row.counted_in()].setdefault(row.counted_as, Counter())[verb] += count

    def entries(self) -> list[PendingEntry]:
        """Return one entry for each changed row, including the counts of its children."""
        changed = [entry for entry in self._rows() if entry.before is not None or entry.after is not None]
        first = {entry.subject: entry for entry in reversed(changed)}

        def of(subject: Subject) -> PendingEntry:
            if subject not in first:
                first[subject] = PendingEntry(subject)
                changed.append(first[subject])
            return first[subject]

        for row, (was, is_now) in self._notes.items():
            entry = of(_subject(row))
            entry.before, entry.after = (entry.before or {}) | was, (entry.after or {}) | is_now
        for subject, counts in self._counts.items():
            entry = of(subject)
            entry.after = (entry.after or {}) | {name: dict(verbs) for name, verbs in counts.items()}
        return changed

    def _rows(self) -> Iterator[PendingEntry]:
        for row in self._added:
            yield PendingEntry(_subject(row), None, _non_empty_json(row, _current(row)))
        for row, before in self._before.items():
            yield _changed_entry(row, before)


def _subject(row: Base) -> Subject:
    return cast(AuditedRow, row).subject()


def _changed_entry(row: Base, before: Values) -> PendingEntry:
    """Return the entry of a changed row; soft deletion reads as removal, and restoring as creation."""
    after = {key: getattr(row, key) for key in before}
    before = {key: value for key, value in before.items() if value != after[key]}
    if "deleted_at" in before:
        if row.deleted_at is None:
            return PendingEntry(_subject(row), None, _non_empty_json(row, _current(row)))
        return PendingEntry(_subject(row), _non_empty_json(row, _current(row) | before), None)
    if not before:
        return PendingEntry(_subject(row))
    return PendingEntry(
        _subject(row), dict(_items_as_json(row, before)), dict(_items_as_json(row, {key: after[key] for key in before}))
    )


def _verb(row: AuditCounted) -> str | None:
    """Return what happened to a counted row; None when only uncounted columns changed."""
    keys = set(inspect(cast(Any, row)).committed_state)
    if "deleted_at" in keys:
        return "deleted" if cast(Base, row).deleted_at is not None else "restored"
    return None if keys <= row.uncounted else "changed"


def _former_values(row: Base) -> Iterator[tuple[str, Any]]:
    """Yield the audited columns that changed since the last flush, with their former values."""
    state = inspect(row)
    for key in set(state.committed_state) & set(_audited_columns(row)):
        change = state.attrs[key].history
        if change.has_changes():
            yield key, next(iter(change.deleted), None)


def _audited_columns(row: Base) -> tuple[str, ...]:
    return _audited_columns_of(type(row))


@cache
def _audited_columns_of(model: type[Base]) -> tuple[str, ...]:
    left_out = SYSTEM_COLUMNS | cast(type[AuditedRow], model).unaudited
    return tuple(attribute.key for attribute in inspect(model).column_attrs if attribute.key not in left_out)


def _current(row: Base) -> Values:
    return {key: getattr(row, key) for key in _audited_columns(row)}


def _non_empty_json(row: Base, values: Values) -> Values:
    """Return the values as JSON without empty columns."""
    return {key: value for key, value in _items_as_json(row, values) if value is not None}


def _items_as_json(row: Base, values: Values) -> Iterator[tuple[str, Any]]:
    """Yield the values as JSON, with secrets concealed."""
    columns, concealed = inspect(type(row)).columns, cast(AuditedRow, row).concealed()
    for key, value in values.items():
        is_secret = value is not None and (key in concealed or isinstance(value, bytes))
        yield key, CONCEALED if is_secret else to_json(columns[key], value)


def to_json(column: Column[Any], value: Any) -> Any:
    """Return a column's value as JSON; long texts are cut."""
    if isinstance(value, UUID):
        return f"{_referenced_model(column)}:{value.hex}"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return f"{value[: MAX_TEXT - 1]}…"
    return value


@cache
def _referenced_model(column: Column[Any]) -> str:
    """Return the name of the model that a foreign key refers to, or ""."""
    for key in column.foreign_keys:
        for mapper in Base.registry.mappers:
            if mapper.class_.__tablename__ == key.column.table.name:
                return mapper.class_.__name__
    return ""
