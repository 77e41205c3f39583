"""Any sequence of changes, undone in reverse, leaves the table as it was; and its history tells how it came to be."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from auth.viewer import Role, Viewer
from db.core.session import Session
from db.models.organizations import Organization
from db.models.revisions import CellChange, Revision
from db.models.tables import Row
from resolvers.core.ids import global_id
from tables.changes import Change, TableState, apply
from tables.types.types import Column, ColumnType, from_json, validate
from tests.conftest import World
from tests.support.table_client import Refused, Sheet

COLUMNS: list[dict[str, Any]] = [
    {"name": "Name", "type": "TEXT"},
    {"name": "Count", "type": "INTEGER", "maximum": "100"},
    {"name": "Price", "type": "DECIMAL", "isRequired": False, "default": "2.50"},
]
TABLE = """query T($id: ID!) { table(id: $id) { name visibility revision rowCount
  columns { key name type position isRequired isUnique maximum maxLength default }
  rows(first: 100) { nodes { id position version values cells { editedBy { email } } } } } }"""
STEPS = 25
PEOPLE, STEPS_AT_ONCE = 20, 3
NAME, COUNT, PRICE = "c1", "c2", "c3"


async def read(sheet: Sheet) -> dict[str, Any]:
    table: dict[str, Any] = (await sheet.run(TABLE, id=sheet.id))["table"]
    return table


class Story:
    """Changes chosen at random, each by one of some people; what the table refuses changes nothing and is no step."""

    def __init__(self, sheet: Sheet, seed: int, *others: Sheet) -> None:
        self.sheets, self.random = [sheet, *others], Random(seed)

    @property
    def sheet(self) -> Sheet:
        """The table in the hands of one of the people."""
        return self.random.choice(self.sheets)

    async def step(self) -> None:
        table = await read(self.sheets[0])
        try:
            await self.any_of(table)
        except Refused as error:
            is_refusal = error.code in {"BAD_USER_INPUT", "CONFLICT"}
        else:
            return
        assert is_refusal
        assert await read(self.sheets[0]) == table

    async def any_of(self, table: dict[str, Any]) -> None:
        """One change of the table as it was seen."""
        rows = [row["id"] for row in table["rows"]["nodes"]]
        keys = [column["key"] for column in table["columns"]]
        choices: list[Callable[[list[str], list[str]], Awaitable[Any]]] = [
            self.add, self.update, self.update, self.delete, self.delete, self.upsert, self.call,
            self.add_column, self.redefine, self.retype, self.move, self.drop, self.undo, self.undo,
        ]  # fmt: skip
        await self.random.choice(choices)(rows, keys)

    def value(self) -> Any:
        return self.random.choice(["1", "2", "33", None, "4"])

    async def add(self, _rows: list[str], keys: list[str]) -> None:
        await self.sheet.add(*({key: self.value() for key in keys} for _ in range(self.random.randint(1, 3))))

    async def update(self, rows: list[str], keys: list[str]) -> None:
        chosen = self.random.sample(rows, min(3, len(rows)))
        await self.sheet.update(
            *({"rowId": id_, "column": self.random.choice(keys), "value": self.value()} for id_ in chosen)
        )

    async def delete(self, rows: list[str], _keys: list[str]) -> None:
        await self.sheet.delete(*self.random.sample(rows, min(2, len(rows))))

    async def upsert(self, _rows: list[str], keys: list[str]) -> None:
        row = {key: self.value() for key in keys} | {keys[0]: "1"}
        await self.mutate("upsertRows", keyColumns=[keys[0]], rows=[row])

    async def call(self, _rows: list[str], _keys: list[str]) -> None:
        await self.sheet.mutate("updateTable", "{ table { id } }", id=self.sheet.id, name=f"Costs {self.value()}")

    async def add_column(self, _rows: list[str], keys: list[str]) -> None:
        column = {"name": f"New {self.random.random()}", "type": "TEXT", "default": self.value()}
        await self.mutate("addColumn", column=column, position=self.random.randint(0, len(keys)))

    async def redefine(self, _rows: list[str], keys: list[str]) -> None:
        rules: list[dict[str, Any]] = [{}, {"maxLength": 2}, {"maximum": "50"}, {"isRequired": True}, {"default": "3"}]
        given = {"name": f"Name {self.random.random()}", **self.random.choice(rules)}
        await self.mutate("updateColumn", key=self.random.choice(keys), **given)

    async def retype(self, _rows: list[str], keys: list[str]) -> None:
        kind = self.random.choice(["TEXT", "INTEGER", "DECIMAL"])
        await self.mutate("updateColumn", key=self.random.choice(keys), type=kind)

    async def move(self, _rows: list[str], keys: list[str]) -> None:
        await self.mutate("moveColumn", key=self.random.choice(keys), position=self.random.randrange(len(keys)))

    async def drop(self, _rows: list[str], keys: list[str]) -> None:
        await self.mutate("deleteColumn", key=self.random.choice(keys))

    async def undo(self, _rows: list[str], _keys: list[str]) -> None:
        """One of the last revisions: another one than the newest is in conflict, or changes what came since."""
        revision = (await read(self.sheet))["revision"]
        await self.sheet.undo(max(2, revision - self.random.choice([0, 0, 1, 2, 4])), force=self.random.random() < 0.5)

    async def mutate(self, mutation: str, /, **given: Any) -> None:
        await self.sheet.mutate(mutation, "{ table { id } }", tableId=self.sheet.id, **given)


def content(table: dict[str, Any]) -> dict[str, Any]:
    """What people see of a table: all but the versions, which never go back."""
    rows = [{name: value for name, value in row.items() if name != "version"} for row in table["rows"]["nodes"]]
    assert len(rows) == table["rowCount"]
    check_values(table["columns"], rows)
    return {"name": table["name"], "columns": table["columns"], "rows": rows}


def check_values(columns: list[dict[str, Any]], rows: list[dict[str, Any]]) -> None:
    """Each is what its column's type and rules take, and as they write it."""
    for given in columns:
        maximum = None if given["maximum"] is None else Decimal(given["maximum"])
        column = Column(
            given["key"], given["name"], ColumnType(given["type"]), maximum=maximum, max_length=given["maxLength"]
        )
        for row in rows:
            value = row["values"].get(column.key)
            assert from_json(column, value) == value, (given, value)
            validate(column, value)


async def begun(world: World, tmp_path: Path) -> tuple[Sheet, Sheet]:
    """A table with six rows, as its owner and as an admin of its organization have it."""
    ann, bob = await world.person("ann"), await world.person("bob")
    organization = await world.organization(admin=ann)
    await world.join(organization, bob, Role.ADMIN)
    place = {"organizationId": global_id(Organization, organization), "visibility": "ORGANIZATION"}
    sheet = await Sheet.new(world, tmp_path, columns=COLUMNS, viewer=ann, **place)
    await sheet.add(*({NAME: f"{n}", COUNT: n, PRICE: f"{n}.50"} for n in range(6)))
    return sheet, sheet.seen_by(bob)


def log(session: Session) -> tuple[list[int], list[Change]]:
    """Numbers of the revisions of the only table, and all its changes, in order."""
    numbers = list(session.scalars(select(Revision.number).order_by(Revision.number)))
    query = select(CellChange).join(Revision, CellChange.revision_id == Revision.id)
    return numbers, [
        Change(change.kind, change.row_id.hex if change.row_id else None, change.column, change.old, change.new)
        for change in session.scalars(query.order_by(Revision.number, CellChange.place))
    ]


@pytest.mark.parametrize("seed", [1, 3])
async def test_a_sequence_undone_leaves_the_table_as_it_was(world: World, tmp_path: Path, seed: int) -> None:
    sheet, other = await begun(world, tmp_path)
    story = Story(sheet, seed, other)
    states = {2: content(await read(sheet))}
    for _ in range(STEPS):
        await story.step()
        table = await read(sheet)
        states[table["revision"]] = content(table)
    last = max(states)
    for number in range(last, 2, -1):
        await story.sheet.undo(number)
        assert content(await read(sheet)) == states[number - 1], number
    top = (await read(sheet))["revision"]
    for number in range(top, last, -1):
        await story.sheet.undo(number)
    assert content(await read(sheet)) == states[last]
    await check_replay(world, sheet)


async def check_replay(world: World, sheet: Sheet) -> None:
    """The log, replayed from nothing, is the table; its numbers have no gaps."""
    numbers, changes = await world.database.write(log, Viewer.system())
    state = apply(TableState(), changes)
    table = await read(sheet)
    assert numbers == list(range(1, table["revision"] + 1))
    assert [(c.key, c.name, c.type.value) for c in state.columns.values()] == [
        (c["key"], c["name"], c["type"]) for c in table["columns"]
    ]
    assert [(global_id(Row, UUID(id_)), row.position, dict(row.values)) for id_, row in state.rows.items()] == [
        (row["id"], row["position"], row["values"]) for row in table["rows"]["nodes"]
    ]


async def test_many_people_at_once_make_one_history(world: World, tmp_path: Path) -> None:
    sheet, other = await begun(world, tmp_path)

    async def change(seed: int) -> None:
        story = Story(sheet, seed, other)
        for _ in range(STEPS_AT_ONCE):
            with suppress(Refused):
                await story.any_of(await read(sheet))

    await asyncio.gather(*(change(seed) for seed in range(PEOPLE)))
    content(await read(sheet))
    await check_replay(world, sheet)
