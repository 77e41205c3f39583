"""Any sequence of changes, undone in reverse, leaves the table as it was; and its history tells how it came to be."""

import asyncio
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
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
from tables.types.types import Column, ColumnType, from_json, validate
from tests.support.tables.random_edits import COLUMNS, STEPS, Story, read
from tests.support.tables.table_changes import Change, TableState, apply
from tests.support.tables.table_client import Refused, TableClient
from tests.support.world import World

PEOPLE, STEPS_AT_ONCE = 20, 3
NAME, COUNT, PRICE = "c1", "c2", "c3"


def content(table: dict[str, Any]) -> dict[str, Any]:
    """Return the visible state of a table: all of it except versions, which only grow."""
    rows = [{name: value for name, value in row.items() if name != "version"} for row in table["rows"]["nodes"]]
    assert len(rows) == table["rowCount"]
    check_values(table["columns"], rows)
    return {"name": table["name"], "columns": table["columns"], "rows": rows}


def check_values(columns: list[dict[str, Any]], rows: list[dict[str, Any]]) -> None:
    """Each is what its column's type and rules take, and as they write it."""
    for arguments in columns:
        maximum = None if arguments["maximum"] is None else Decimal(arguments["maximum"])
        column = Column(
            arguments["key"],
            arguments["name"],
            ColumnType(arguments["type"]),
            maximum=maximum,
            max_length=arguments["maxLength"],
        )
        for row in rows:
            value = row["values"].get(column.key)
            assert from_json(column, value) == value, (arguments, value)
            validate(column, value)


async def begun(world: World, tmp_path: Path) -> tuple[TableClient, TableClient]:
    """A table with six rows, as its owner and as an admin of its organization have it."""
    ann, bob = await world.person("ann"), await world.person("bob")
    organization = await world.organization(admin=ann)
    await world.join(organization, bob, Role.ADMIN)
    target = {"organizationId": global_id(Organization, organization), "visibility": "ORGANIZATION"}
    sheet = await TableClient.new(world, tmp_path, columns=COLUMNS, viewer=ann, **target)
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


async def check_replay(world: World, sheet: TableClient) -> None:
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
