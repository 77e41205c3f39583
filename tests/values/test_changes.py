"""Changes: applied, turned round, and said in words."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tables.changes import ChangeKind, column_from_json, column_to_json
from tables.types.types import Column, ColumnType
from tests.support.tables.table_changes import Change, ChangeError, Row, TableState, apply, invert, summary

NAME = Column("c1", "Name", ColumnType.TEXT, position=0)
AMOUNT = Column("c2", "Amount", ColumnType.CURRENCY, position=1, minimum=Decimal("0.50"), format="EUR")
STATE = TableState(
    {"c1": NAME, "c2": AMOUNT},
    {"r1": Row(0, values={"c1": "Taxi", "c2": "12.50"}), "r2": Row(1, values={"c1": "Hotel"})},
    {"name": "Expenses"},
)


def cell(row: str, column: str, old: object, new: object) -> Change:
    return Change(ChangeKind.CELL_CHANGED, row, column, old, new)


def test_a_changed_cell_has_its_value_and_its_row_a_new_version() -> None:
    after = apply(STATE, [cell("r1", "c2", "12.50", "13.00"), cell("r1", "c1", "Taxi", None)])
    assert after.rows["r1"] == Row(0, version=3, values={"c2": "13.00"})
    assert after.rows["r2"] is STATE.rows["r2"]
    assert STATE.rows["r1"].values == {"c1": "Taxi", "c2": "12.50"}


def test_a_row_comes_in_at_its_position() -> None:
    added = Change(ChangeKind.ROW_ADDED, "r0", None, None, {"position": -1, "values": {"c1": "Train", "c2": None}})
    after = apply(STATE, [added])
    assert list(after.rows) == ["r0", "r1", "r2"]
    assert after.rows["r0"].values == {"c1": "Train"}


def test_a_deleted_column_takes_its_values_along_and_brings_them_back() -> None:
    old = {"definition": column_to_json(AMOUNT), "values": {"r1": "12.50"}}
    deleted = Change(ChangeKind.COLUMN_DELETED, None, "c2", old, None)
    after = apply(STATE, [deleted])
    assert list(after.columns) == ["c1"]
    assert after.rows["r1"].values == {"c1": "Taxi"}
    back = apply(after, invert([deleted]))
    assert back.columns == STATE.columns
    assert back.rows["r1"].values == STATE.rows["r1"].values


def test_each_kind_has_its_inverse() -> None:
    row = {"position": 0, "values": {}}
    kinds = {
        ChangeKind.ROW_ADDED: ChangeKind.ROW_DELETED,
        ChangeKind.ROW_RESTORED: ChangeKind.ROW_DELETED,
        ChangeKind.ROW_DELETED: ChangeKind.ROW_ADDED,
        ChangeKind.CELL_CHANGED: ChangeKind.CELL_CHANGED,
        ChangeKind.COLUMN_ADDED: ChangeKind.COLUMN_DELETED,
        ChangeKind.COLUMN_DELETED: ChangeKind.COLUMN_ADDED,
        ChangeKind.COLUMN_CHANGED: ChangeKind.COLUMN_CHANGED,
        ChangeKind.TABLE_CHANGED: ChangeKind.TABLE_CHANGED,
    }
    assert set(kinds) == set(ChangeKind)
    for kind, inverse in kinds.items():
        assert invert([Change(kind, "r", "c", row, 2)]) == (Change(inverse, "r", "c", 2, row),)


@pytest.mark.parametrize(
    "change",
    [
        cell("r9", "c1", None, "x"),
        cell("r1", "c9", None, "x"),
        Change(ChangeKind.ROW_DELETED, "r9", None, {"position": 0, "values": {}}, None),
        Change(ChangeKind.ROW_ADDED, "r1", None, None, {"position": 0, "values": {}}),
        Change(ChangeKind.ROW_RESTORED, None, None, None, {"position": 0, "values": {}}),
        Change(ChangeKind.ROW_ADDED, "r9", None, None, {"position": 0, "values": {"c9": "x"}}),
        Change(ChangeKind.COLUMN_ADDED, None, "c1", None, {"definition": column_to_json(NAME), "values": {}}),
        Change(ChangeKind.COLUMN_DELETED, None, "c9", {}, None),
        Change(ChangeKind.COLUMN_CHANGED, None, "c9", None, column_to_json(replace(NAME, key="c9"))),
    ],
)
def test_a_change_that_does_not_fit_is_refused(change: Change) -> None:
    with pytest.raises(ChangeError):
        apply(STATE, [change])


@pytest.mark.parametrize(
    "column",
    [
        NAME,
        AMOUNT,
        Column("c3", "Size", ColumnType.SELECT, options=("S", "L"), default="S"),
        Column("c4", "Tags", ColumnType.MULTI_SELECT, options=(), default=["a"]),
    ],
)
def test_a_definition_survives_json(column: Column) -> None:
    assert column_from_json(json.loads(json.dumps(column_to_json(column)))) == column


def test_changes_are_said_in_words() -> None:
    row = {"position": 0, "values": {}}
    assert summary([]) == "nothing changed"
    assert (
        summary(
            [cell("r1", "c1", None, str(n)) for n in range(3)] + [Change(ChangeKind.ROW_ADDED, "r3", None, None, row)]
        )
        == "3 cells changed, 1 row added"
    )
    one_of_each = [Change(kind, None, None, None, None) for kind in ChangeKind]
    assert summary(one_of_each) == (
        "1 cell changed, 1 row added, 1 row restored, 1 row deleted, "
        "1 column added, 1 column changed, 1 column deleted, table changed"
    )


def draw_change(draw: st.DataObject, state: TableState, number: int) -> Change | None:
    """A change that fits the state, of a kind that hypothesis chooses."""
    kind = draw.draw(st.sampled_from(ChangeKind))
    row_id = draw.draw(st.sampled_from(list(state.rows))) if state.rows else None
    key = draw.draw(st.sampled_from(list(state.columns))) if state.columns else None
    position = draw.draw(st.integers(-3, 9))
    value = draw.draw(st.sampled_from([None, "a", 1, True, ["x"]]))
    if kind in {ChangeKind.ROW_ADDED, ChangeKind.ROW_RESTORED}:
        return Change(
            kind, f"n{number}", None, None, {"position": position, "values": {key: value} if key and value else {}}
        )
    if kind is ChangeKind.COLUMN_ADDED:
        new = Column(f"k{number}", f"Column {number}", ColumnType.TEXT, position)
        return Change(
            kind, None, new.key, None, {"definition": column_to_json(new), "values": {row_id: value} if row_id else {}}
        )
    if kind is ChangeKind.TABLE_CHANGED:
        return Change(kind, None, None, {"name": state.properties.get("name")}, {"name": f"Name {number}"})
    return _change_of_what_is_there(kind, state, row_id, key, value, position)


def _change_of_what_is_there(
    kind: ChangeKind, state: TableState, row_id: str | None, key: str | None, value: Any, position: int
) -> Change | None:
    row = state.rows.get(row_id or "")
    column = state.columns.get(key or "")
    if kind is ChangeKind.ROW_DELETED and row:
        return Change(kind, row_id, None, {"position": row.position, "values": dict(row.values)}, None)
    if kind is ChangeKind.CELL_CHANGED and row and column:
        return Change(kind, row_id, key, row.values.get(column.key), value)
    if kind is ChangeKind.COLUMN_CHANGED and column:
        return Change(
            kind, None, key, column_to_json(column), column_to_json(replace(column, name="New", position=position))
        )
    if kind is ChangeKind.COLUMN_DELETED and column:
        stored = {each: row.values[column.key] for each, row in state.rows.items() if column.key in row.values}
        return Change(kind, None, key, {"definition": column_to_json(column), "values": stored}, None)
    return None


def without_versions(state: TableState) -> tuple[object, ...]:
    rows = [(row_id, row.position, dict(row.values)) for row_id, row in state.rows.items()]
    return list(state.columns.items()), rows, dict(state.properties)


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_taking_changes_back_gives_the_table_as_it_was(data: st.DataObject) -> None:
    state, changes = STATE, []
    for number in range(data.draw(st.integers(0, 12))):
        if change := draw_change(data, state, number):
            after = apply(state, [change])
            stored = after.rows.keys() & state.rows.keys()
            assert all(after.rows[row_id].version >= state.rows[row_id].version for row_id in stored)
            changes.append(change)
            state = after
    assert apply(STATE, changes) == state
    inverse = invert(changes)
    assert without_versions(apply(state, inverse)) == without_versions(STATE)
    assert json.loads(json.dumps([change.new for change in inverse])) == [change.new for change in inverse]
    assert without_versions(apply(apply(state, inverse), invert(inverse))) == without_versions(state)
