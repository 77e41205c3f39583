"""Prepared statements inside a unit: they see what it has changed, obey the policy, and roll back with it."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from db.core import bulk
from db.core.base import AuditedRow, Base, now
from db.core.dialect_sql import DatabaseClock, OneOf
from db.core.engine import Database
from db.core.prepared import Prepared
from db.core.session import INSIDE, Session
from db.models.conversations import Conversation
from db.models.jobs import Job
from db.models.revisions import CellChange, ChangeSource, Revision
from db.models.tables import Row, Table, TableColumn
from db.tables.tables import columns_of_table
from errors import Forbidden, NotFound
from tables.changes import ChangeKind
from tables.types.types import ColumnType
from tests.support.conversations.search_samples import create_conversation
from tests.support.world import World

conversations_by_id: Prepared[Conversation] = Prepared(select(Conversation).where(OneOf(Conversation.id)))


def add_table(session: Session) -> Table:
    owner, organization = session.user_id, session.personal_organization_id
    table = Table(name="Costs", owner_id=owner, organization_id=organization)
    session.add(table)
    session.add(TableColumn(table_id=table.id, key="c1", name="Price", type=ColumnType.DECIMAL, position=0))
    return table


async def test_a_unit_reads_what_it_has_changed(database: Database, world: World) -> None:
    ann = await world.person("ann")

    def unit(session: Session) -> list[str]:
        conversation, _ = create_conversation(session, "First")
        titles = [session.read(conversations_by_id, ids=[conversation.id])[0].title]
        conversation.title = "Second"
        return [*titles, session.read(conversations_by_id, ids=[conversation.id])[0].title]

    assert await database.write(unit, ann) == ["First", "Second"]


async def test_the_policy_is_in_what_a_unit_reads(database: Database, world: World) -> None:
    ann, eve = await world.person("ann"), await world.person("eve")
    conversation, _ = await database.write(create_conversation, ann, "secret")
    table = await database.write(add_table, ann)

    def unit(session: Session, everything: bool = False) -> tuple[int, int]:
        read: Any = session.read_as_system if everything else session.read
        conversations = read(conversations_by_id, ids=[conversation.id], viewer_id=ann.user_id)
        return len(conversations), len(read(columns_of_table, table_id=table.id))

    assert await database.write(unit, ann) == (1, 1)
    assert await database.write(unit, eve) == (0, 0)
    assert await database.write(unit, eve, everything=True) == (1, 1)


CHANGE: dict[str, Any] = {
    "kind": ChangeKind.CELL_CHANGED,
    "row_version": 2,
    "column": "c1",
    "old": None,
    "new": ["žluť 🙂", 1, 0.5, {"deep": None}],
    "old_origin": None,
    "new_origin": {"by": "x"},
}


async def test_bulk_rows_equal_mapped_ones(database: Database, world: World) -> None:
    """Both ways to write store the same values of every column, defaults included."""
    ann = await world.person("ann")

    def unit(session: Session) -> tuple[Table, list[UUID], list[UUID]]:
        table = add_table(session)
        rows: list[Any] = [Row(table_id=table.id, position=1, values={"c1": "1.50"}, origins={}) for _ in range(2)]
        revision = Revision(table_id=table.id, number=1, source=ChangeSource.USER, summary="1 cell")
        session.add_all([*rows, revision])
        session.flush()
        fields = {"table_id": table.id, "revision_id": revision.id, "row_id": rows[0].id}
        session.add(mapped := CellChange(**fields, place=0, **CHANGE))
        bulk.insert(session, Row, table.id, [{"id": (bulk_id := UUID(int=7)), **_content(rows[0])}])
        bulk.insert(session, CellChange, table.id, [{"id": UUID(int=8), "place": 0, **fields, **CHANGE}])
        rows[1].version, rows[1].values = 2, {"c1": None}
        bulk.update(session, Row, table.id, [{"id": bulk_id, "version": 2, "values": {"c1": None}}])
        return table, [rows[1].id, mapped.id], [bulk_id, UUID(int=8)]

    _, mapped, inserted = await database.write(unit, ann)
    for model, one, other in zip((Row, CellChange), mapped, inserted, strict=True):
        first, second = await database.find(model, ann, one), await database.find(model, ann, other)
        columns = [column.key for column in model.__mapper__.column_attrs if column.key not in VARYING]
        assert {name: getattr(first, name) for name in columns} == {name: getattr(second, name) for name in columns}


VARYING = {"id", "created_at", "updated_at"}


def _content(row: Row) -> dict[str, Any]:
    return {"position": row.position, "values": row.values, "origins": row.origins}


async def test_rows_of_other_people_and_of_other_parents_are_not_written(database: Database, world: World) -> None:
    ann, eve = await world.person("ann"), await world.person("eve")

    def setup(session: Session) -> tuple[UUID, UUID]:
        table = add_table(session)
        session.flush()
        bulk.insert(session, Row, table.id, [{"id": table.id, "position": 1, "values": {"c1": "1"}, "origins": {}}])
        return table.id, table.id

    table_id, row_id = await database.write(setup, ann)
    other_id, _ = await database.write(setup, eve)
    new = {"id": row_id, "values": {"c1": "stolen"}}
    with pytest.raises((Forbidden, NotFound)):
        await database.write(lambda s: bulk.update(s, Row, table_id, [new]), eve)
    await database.write(lambda s: bulk.update(s, Row, other_id, [new]), eve)
    with pytest.raises((Forbidden, NotFound)):
        await database.write(lambda s: bulk.soft_delete(s, Row, table_id, [row_id]), eve)
    stored = await database.find(Row, ann, row_id)
    assert stored is not None
    assert (stored.values, stored.deleted_at) == ({"c1": "1"}, None)


async def test_statements_roll_back_with_the_unit(database: Database, world: World) -> None:
    ann = await world.person("ann")
    table = await database.write(add_table, ann)

    def unit(session: Session) -> None:
        bulk.insert(session, Row, table.id, [{"id": UUID(int=9), "position": 1, "values": {}, "origins": {}}])
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011  the unit's own
        await database.write(unit, ann)
    assert await database.find(Row, ann, UUID(int=9)) is None


async def test_only_foundations_write_to_audited_rows(database: Database, world: World) -> None:
    ann = await world.person("ann")
    assert issubclass(Table, AuditedRow)
    with pytest.raises(AttributeError):
        await database.write(lambda s: bulk.insert(s, Table, UUID(int=1), [{"id": UUID(int=1)}]), ann)
    assert await database.find(Table, ann, UUID(int=1)) is None


async def test_a_deleted_row_is_not_updated(database: Database, world: World) -> None:
    ann = await world.person("ann")

    def setup(session: Session) -> Base:
        table = add_table(session)
        row = Row(table_id=table.id, position=1, values={"c1": "1"}, origins={}, deleted_at=now())
        session.add(row)
        return row

    row: Any = await database.write(setup, ann)

    def unit(session: Session) -> None:
        bulk.update(session, Row, row.table_id, [{"id": row.id, "values": {"c1": "2"}}])

    await database.write(unit, ann)
    query = select(Row.values).where(Row.id == row.id)
    stored = await database.write(lambda s: s.scalars(query, execution_options=INSIDE).all(), ann)
    assert stored == [{"c1": "1"}]


def test_statements_with_the_clock_of_the_database_are_compiled_once() -> None:
    """Every job reads the clock several times, and compiling its statement took longer than running it."""
    assert select(Job, DatabaseClock())._generate_cache_key() is not None
