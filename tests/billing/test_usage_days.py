"""Usage summed up by day in the background, beside the calls themselves."""

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from sqlalchemy import Connection, select

from auth.viewer import Viewer
from db.billing import spending, usage_days
from db.conversations import conversations
from db.conversations.conversations import NewConversation
from db.core.base import Visibility
from db.core.engine import Database
from db.core.prepared import Prepared
from db.core.session import Session
from db.migrations import configuration
from db.models.usage import Tokens, Usage, UsageKind
from db.models.usage_days import UsageDay
from jobs.aggregation.aggregator import Aggregator
from tests.support.budgets import TERMS
from tests.support.databases.inspection import inspect_database
from tests.support.world import SYSTEM, World, database_at

START = datetime(2025, 12, 31, 20, 15, tzinfo=UTC)
WHOLE = (START - timedelta(days=400), START + timedelta(days=400))
Call = tuple[datetime, int]  # the moment of its settlement, and its input tokens


def hours(count: float) -> datetime:
    return START + timedelta(hours=count)


async def conversation_of(database: Database, viewer: Viewer, organization_id: UUID, **options: Any) -> UUID:
    beginning = NewConversation("m", organization_id=organization_id, **options)
    return (await database.write(conversations.create, viewer, beginning)).id


async def settle(
    database: Database,
    viewer: Viewer,
    organization_id: UUID,
    conversation_id: UUID,
    calls: list[Call],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Settle calls at their moments."""

    def unit(session: Session) -> None:
        for moment, tokens in calls:
            monkeypatch.setattr("db.models.usage.now", lambda moment=moment: moment)
            row = Usage(
                organization_id=organization_id,
                user_id=session.user_id,
                conversation_id=conversation_id,
                kind=UsageKind.TITLE,
                model="m",
            )
            spending.reserve(session, row, TERMS, Tokens())
            spending.settle(session, row, Tokens(tokens, 2 * tokens), 3 * tokens)

    await database.write(unit, viewer)


async def total(
    database: Database, viewer: Viewer, query: Prepared[Any], id_: UUID, period: tuple[datetime, datetime] = WHOLE
) -> int:
    """Return the input tokens of a period, after a check that the other sums agree with them."""
    batches = database.stream(query, viewer, ids=[id_], since=period[0], until=period[1])
    for row in [row async for rows in batches for row in rows]:
        assert int(row.output_tokens) == 2 * int(row.input_tokens)
        assert int(row.cost_nanos) == 3 * int(row.input_tokens)
        return int(row.input_tokens)
    return 0


async def stale_days(database: Database) -> int:
    query = select(UsageDay.id).where(UsageDay.is_stale)
    return await database.write(lambda session: len(session.scalars(query).all()), SYSTEM)


async def test_totals_are_exact_before_and_after_each_sum(
    database: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random calls in random order, late ones included; periods that cut days; sums in between."""
    random, ann = Random(7), await world.person("ann")
    organization_id, calls = await world.organization(ann), list[Call]()
    conversation_ids = [await conversation_of(database, ann, organization_id) for _ in range(2)]
    for _ in range(5):
        for id_ in conversation_ids:
            new = [(hours(random.uniform(-90, 90)), random.randint(1, 99)) for _ in range(6)]
            calls += new
            await settle(database, ann, organization_id, id_, new, monkeypatch)
        for period in (WHOLE, (hours(random.uniform(-90, 0)), hours(random.uniform(0, 90)))):
            expected = sum(tokens for moment, tokens in calls if period[0] <= moment < period[1])
            assert await total(database, ann, usage_days.of_organizations, organization_id, period) == expected
            assert ann.user_id is not None
            assert await total(database, ann, usage_days.of_users, ann.user_id, period) == expected
        if random.random() < 0.6:
            await Aggregator(database).aggregate()
            assert await stale_days(database) == 0
            whole = sum(tokens for _, tokens in calls)
            assert await total(database, ann, usage_days.of_organizations, organization_id) == whole


async def test_sums_are_seen_by_those_who_see_the_calls(
    database: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, ben, cem, eve = [await world.person(name) for name in ("ann", "ben", "cem", "eve")]
    organization_id = await world.organization(ann, [ben, cem])
    private = await conversation_of(database, ben, organization_id)
    shared = await conversation_of(database, ben, organization_id, visibility=Visibility.ORGANIZATION)
    for id_, tokens in ((private, 10), (shared, 1)):
        await settle(database, ben, organization_id, id_, [(hours(0), tokens)], monkeypatch)
    for _ in range(2):  # summed up from the calls, then stored
        seen = [
            await total(database, who, usage_days.of_organizations, organization_id) for who in (ann, ben, cem, eve)
        ]
        assert seen == [11, 11, 1, 0]
        await Aggregator(database).aggregate()


async def test_several_schedulers_and_spenders_lose_nothing(
    database: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await world.person("ann")
    organization_id = await world.organization(ann)
    id_ = await conversation_of(database, ann, organization_id)
    spenders = [
        settle(database, ann, organization_id, id_, [(hours(n % 3), 1), (hours(40), 1)], monkeypatch) for n in range(12)
    ]
    schedulers = [Aggregator(database).aggregate() for _ in range(4)]
    await asyncio.gather(*spenders[:6], *schedulers[:2], *spenders[6:], *schedulers[2:])
    await asyncio.gather(*(Aggregator(database).aggregate() for _ in range(3)))
    assert await stale_days(database) == 0
    assert await total(database, ann, usage_days.of_conversations, id_) == 24


@pytest.mark.parametrize("kind", ["sqlite_url", "own_postgres_url"])
def test_the_migration_sums_up_the_calls_of_before(
    request: pytest.FixtureRequest, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url: str = request.getfixturevalue(kind)

    async def begin() -> tuple[Viewer, UUID]:
        database = database_at(url)
        await database.start()
        ann = await World(database).person("ann")
        organization_id = await World(database).organization(ann)
        id_ = await conversation_of(database, ann, organization_id)
        await settle(database, ann, organization_id, id_, [(hours(n * 7), n) for n in range(20)], monkeypatch)
        await database.stop()
        return ann, id_

    async def read(ann: Viewer, id_: UUID) -> list[int]:
        database, sums = database_at(url), []
        await database.start()
        for _ in range(2):
            sums.append(await total(database, ann, usage_days.of_conversations, id_))
            await Aggregator(database).aggregate()
        await database.stop()
        return sums

    def migrate_down_and_up(connection: Connection) -> None:
        config = configuration()
        config.attributes["connection"] = connection
        command.downgrade(config, "0029_webhooks")
        command.upgrade(config, "head")
        connection.commit()

    ann, id_ = asyncio.run(begin())
    inspect_database(url, migrate_down_and_up)
    assert asyncio.run(read(ann, id_)) == [190, 190]
