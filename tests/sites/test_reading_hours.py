"""Readings summed up by hour in the background, beside the readings themselves."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from sqlalchemy import Connection, select

from auth.viewer import Viewer
from db.core.engine import Database
from db.core.session import Session
from db.migrations import configuration
from db.models.modules import Module
from db.models.reading_hours import ReadingHour
from db.models.sites import Site
from db.sites import readings
from db.sites.readings import Bucket, NewReading
from jobs.aggregation.aggregator import Aggregator
from tests.support.databases.inspection import inspect_database
from tests.support.world import SYSTEM, World, database_at

START = datetime(2025, 12, 31, 20, 15, tzinfo=UTC)
WHOLE = (START - timedelta(days=40), START + timedelta(days=40))


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


async def create_module(world: World, ann: Viewer) -> UUID:
    organization_id = await world.organization(ann)

    def create(session: Session) -> UUID:
        site = Site(organization_id=organization_id, name="Depot")
        session.add(site)
        session.flush()
        module = Module(site_id=site.id, name="Pump", kind="pump")
        session.add(module)
        session.flush()
        return module.id

    return await world.database.write(create, ann)


async def record(database: Database, ann: Viewer, module: UUID, values: Iterable[tuple[float, datetime]]) -> None:
    measured = [NewReading(module, "flow", value, moment) for value, moment in values]
    await database.write(readings.record, ann, measured)


async def aggregates(
    database: Database, viewer: Viewer, module: UUID, bucket: Bucket, period: tuple[datetime, datetime] = WHOLE
) -> list[tuple[Any, ...]]:
    arguments: dict[str, Any] = {"metric": "flow", "since": period[0], "until": period[1], "module_id": module}
    rows = [row async for rows in database.stream(readings.summary(bucket), viewer, **arguments) for row in rows]
    result = map(readings.aggregate, rows)
    return [(one.start, one.count, one.min, one.max, round(one.mean, 6)) for one in result]


def expected(
    values: list[tuple[float, datetime]], bucket: Bucket, period: tuple[datetime, datetime]
) -> list[tuple[Any, ...]]:
    """Return the aggregates of readings, computed from the readings alone."""
    cut: dict[str, Any] = {"minute": 0, "second": 0, "microsecond": 0}
    cut |= {"hour": 0} if bucket is not Bucket.HOUR else {}
    cut |= {"day": 1} if bucket is Bucket.MONTH else {}
    groups: dict[datetime, list[float]] = {}
    for value, moment in values:
        if period[0] <= moment < period[1]:
            groups.setdefault(moment.replace(**cut), []).append(value)
    return [
        (start, len(group), min(group), max(group), round(sum(group) / len(group), 6))
        for start, group in sorted(groups.items())
    ]


async def stale_hours(database: Database) -> int:
    query = select(ReadingHour.id).where(ReadingHour.is_stale)
    return await database.write(lambda session: len(session.scalars(query).all()), SYSTEM)


@pytest.mark.parametrize("seed", [1, 2])
async def test_aggregates_are_exact_before_and_after_each_sum(database: Database, world: World, seed: int) -> None:
    """Random readings in random order, late ones included; periods that cut hours; sums in between."""
    random, ann = Random(seed), await world.person("ann")
    module, values = await create_module(world, ann), list[tuple[float, datetime]]()
    for _ in range(6):
        new = [(random.randint(-50, 50) / 4, at(random.randint(-3_000, 3_000))) for _ in range(25)]
        values += new
        await record(database, ann, module, new)
        period = at(random.randint(-3_000, 0)), at(random.randint(0, 3_000))
        for bucket in Bucket:
            for span in (WHOLE, period):
                assert await aggregates(database, ann, module, bucket, span) == expected(values, bucket, span)
        if random.random() < 0.6:
            await Aggregator(database).aggregate()
            assert await stale_hours(database) == 0
            assert await aggregates(database, ann, module, Bucket.HOUR) == expected(values, Bucket.HOUR, WHOLE)


async def test_only_the_hours_of_new_readings_become_stale(database: Database, world: World) -> None:
    ann = await world.person("ann")
    module = await create_module(world, ann)
    await record(database, ann, module, [(1, at(0)), (2, at(10)), (3, at(200))])
    assert await stale_hours(database) == 2
    await Aggregator(database).aggregate()
    await record(database, ann, module, [(4, at(201))])
    assert await stale_hours(database) == 1


async def test_a_refused_recording_makes_no_hour_stale(database: Database, world: World) -> None:
    ann, eve = await world.person("ann"), await world.person("eve")
    module = await create_module(world, ann)
    with pytest.raises(Exception, match="None of the readings was stored"):
        await record(database, eve, module, [(1, at(0))])
    assert await stale_hours(database) == 0


async def test_sums_are_seen_only_by_those_who_see_the_module(database: Database, world: World) -> None:
    ann, eve = await world.person("ann"), await world.person("eve")
    module = await create_module(world, ann)
    await record(database, ann, module, [(1, at(0))])
    for _ in range(2):  # summed up from the reading, then stored
        assert len(await aggregates(database, ann, module, Bucket.DAY)) == 1
        assert await aggregates(database, eve, module, Bucket.DAY) == []
        await Aggregator(database).aggregate()


async def test_several_schedulers_and_recorders_lose_nothing(database: Database, world: World) -> None:
    ann = await world.person("ann")
    module = await create_module(world, ann)
    values = [(float(number), at(number * 7)) for number in range(120)]
    recorders = [record(database, ann, module, values[start::6]) for start in range(6)]
    schedulers = [Aggregator(database).aggregate() for _ in range(4)]
    await asyncio.gather(*recorders[:3], *schedulers[:2], *recorders[3:], *schedulers[2:])
    await asyncio.gather(*(Aggregator(database).aggregate() for _ in range(3)))
    assert await stale_hours(database) == 0
    assert await aggregates(database, ann, module, Bucket.HOUR) == expected(values, Bucket.HOUR, WHOLE)


@pytest.mark.parametrize("kind", ["sqlite_url", "own_postgres_url"])
def test_the_migration_finds_the_hours_of_present_readings(request: pytest.FixtureRequest, kind: str) -> None:
    url: str = request.getfixturevalue(kind)
    values = [(float(number), at(number * 50)) for number in range(80)]

    async def begin() -> tuple[Viewer, UUID]:
        async with running(url) as database:
            ann = await World(database).person("ann")
            module = await create_module(World(database), ann)
            await record(database, ann, module, values)
            await Aggregator(database).aggregate()
            return ann, module

    async def look(ann: Viewer, module: UUID) -> list[list[tuple[Any, ...]]]:
        async with running(url) as database:
            results = []
            for _ in range(2):
                results.append(await aggregates(database, ann, module, Bucket.HOUR))
                await Aggregator(database).aggregate()
            return results

    def there_and_back(connection: Connection) -> None:
        config = configuration()
        config.attributes["connection"] = connection
        command.downgrade(config, "0026_invitations_name_nobody")
        command.upgrade(config, "head")
        connection.commit()

    ann, module = asyncio.run(begin())
    inspect_database(url, there_and_back)
    assert asyncio.run(look(ann, module)) == [expected(values, Bucket.HOUR, WHOLE)] * 2


@asynccontextmanager
async def running(url: str) -> AsyncIterator[Database]:
    database = database_at(url)
    await database.start()
    yield database
    await database.stop()
