"""Any sequence of changes, undone in reverse, leaves the table as it was; and its history tells how it came to be."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from auth.viewer import Viewer
from db.revisions import CellChange, Revision
from db.session import Session
from db.tables import Row
from resolvers.ids import global_id
from tables.changes import Change, TableState, apply
from tests.conftest import World
from tests.sheet import Refused, Sheet

COLUMNS: list[dict[str, Any]] = [
    {"name": "Name", "type": "TEXT"},
    {"name": "Count", "type": "INTEGER"},
    {"name": "Price", "type": "DECIMAL"},
]
STEPS = 25
PEOPLE, STEPS_AT_ONCE = 20, 3


class Story:
    """Changes chosen at random; one that the table refuses changes nothing and is no step."""

    def __init__(self, sheet: Sheet, seed: int) -> None:
        self.sheet, self.random = sheet, Random(seed)

    async def step(self) -> None:
        table = await self.sheet.table()
        try:
            await self.any_of(table)
        except Refused as error:
            is_refusal = error.code in {"BAD_USER_INPUT", "CONFLICT"}
        else:
            return
        assert is_refusal
        assert await self.sheet.table() == table

    async def any_of(self, table: dict[str, Any]) -> None:
        """One change of the table as it was seen."""
        rows = [row["id"] for row in table["rows"]["nodes"]]
        keys = [column["key"] for column in table["columns"]]
        choices: list[Callable[[list[str], list[str]], Awaitable[Any]]] = [
            self.add, self.add, self.update, self.update, self.delete, self.upsert,
            self.add_column, self.rename, self.retype, self.move, self.drop, self.undo,
        ]  # fmt: skip
        await self.random.choice(choices)(rows, keys)

    def value(self) -> Any:
        return self.random.choice(["1", "2", "33", None, "4"])

    async def add(self, _rows: list[str], keys: list[str]) -> None:
        await self.sheet.add(*({key: self.value() for key in keys} for _ in range(self.random.randint(1, 3))))

    async def update(self, rows: list[str], keys: list[str]) -> None:
        chosen = self.random.sample(rows, min(2, len(rows)))
        await self.sheet.update(
            *({"rowId": id_, "column": self.random.choice(keys), "value": self.value()} for id_ in chosen)
        )

    async def delete(self, rows: list[str], _keys: list[str]) -> None:
        await self.sheet.delete(*self.random.sample(rows, min(1, len(rows))))

    async def upsert(self, _rows: list[str], keys: list[str]) -> None:
        row = {key: self.value() for key in keys} | {keys[0]: "1"}
        await self.mutate("upsertRows", keyColumns=[keys[0]], rows=[row])

    async def add_column(self, _rows: list[str], keys: list[str]) -> None:
        column = {"name": f"New {self.random.random()}", "type": "TEXT"}
        await self.mutate("addColumn", column=column, position=self.random.randint(0, len(keys)))

    async def rename(self, _rows: list[str], keys: list[str]) -> None:
        await self.mutate("updateColumn", key=self.random.choice(keys), name=f"Name {self.random.random()}")

    async def retype(self, _rows: list[str], keys: list[str]) -> None:
        kind = self.random.choice(["TEXT", "INTEGER", "DECIMAL"])
        await self.mutate("updateColumn", key=self.random.choice(keys), type=kind)

    async def move(self, _rows: list[str], keys: list[str]) -> None:
        await self.mutate("moveColumn", key=self.random.choice(keys), position=self.random.randrange(len(keys)))

    async def drop(self, _rows: list[str], keys: list[str]) -> None:
        await self.mutate("deleteColumn", key=self.random.choice(keys))

    async def undo(self, _rows: list[str], _keys: list[str]) -> None:
        revision = (await self.sheet.table())["revision"]
        await self.sheet.undo(revision, force=self.random.random() < 0.5)

    async def mutate(self, mutation: str, /, **given: Any) -> None:
        await self.sheet.mutate(mutation, "{ table { id } }", tableId=self.sheet.id, **given)


def content(table: dict[str, Any]) -> dict[str, Any]:
    """What people see of a table."""
    rows = [(row["id"], row["values"]) for row in table["rows"]["nodes"]]
    return {"name": table["name"], "columns": table["columns"], "rows": rows}


def log(session: Session) -> tuple[list[int], list[Change]]:
    """Numbers of the revisions of the only table, and all its changes, in order."""
    numbers = list(session.scalars(select(Revision.number).order_by(Revision.number)))
    query = select(CellChange).join(Revision, CellChange.revision_id == Revision.id)
    return numbers, [
        Change(change.kind, change.row_id.hex if change.row_id else None, change.column, change.old, change.new)
        for change in session.scalars(query.order_by(Revision.number, CellChange.place))
    ]


@pytest.mark.parametrize("seed", range(2))
async def test_a_sequence_undone_leaves_the_table_as_it_was(world: World, tmp_path: Path, seed: int) -> None:
    sheet = await Sheet.new(world, tmp_path, columns=COLUMNS)
    story = Story(sheet, seed)
    await story.add([], ["c1", "c2"])
    states = {2: content(await sheet.table())}
    for _ in range(STEPS):
        await story.step()
        table = await sheet.table()
        states[table["revision"]] = content(table)
    last = max(states)
    for number in range(last, 2, -1):
        await sheet.undo(number)
        assert content(await sheet.table()) == states[number - 1], number
    top = (await sheet.table())["revision"]
    for number in range(top, last, -1):
        await sheet.undo(number)
    assert content(await sheet.table()) == states[last]


async def check_replay(world: World, sheet: Sheet) -> None:
    """The log, replayed from nothing, is the table; its numbers have no gaps."""
    numbers, changes = await world.database.write(log, Viewer.system())
    state = apply(TableState(), changes)
    table = await sheet.table()
    assert numbers == list(range(1, table["revision"] + 1))
    assert [(c.key, c.name, c.type.value) for c in state.columns.values()] == [
        (c["key"], c["name"], c["type"]) for c in table["columns"]
    ]
    assert [(global_id(Row, UUID(id_)), dict(row.values)) for id_, row in state.rows.items()] == [
        (row["id"], row["values"]) for row in table["rows"]["nodes"]
    ]


async def test_the_history_replayed_from_nothing_is_the_table(world: World, tmp_path: Path) -> None:
    sheet = await Sheet.new(world, tmp_path, columns=COLUMNS)
    story = Story(sheet, 7)
    for _ in range(STEPS):
        await story.step()
    await check_replay(world, sheet)


async def test_many_people_at_once_make_one_history(world: World, tmp_path: Path) -> None:
    sheet = await Sheet.new(world, tmp_path, columns=COLUMNS)
    await Story(sheet, 0).add([], ["c1", "c2"])

    async def change(seed: int) -> None:
        story = Story(sheet, seed)
        for _ in range(STEPS_AT_ONCE):
            with suppress(Refused):
                await story.any_of(await sheet.table())

    await asyncio.gather(*(change(seed) for seed in range(PEOPLE)))
    await check_replay(world, sheet)
