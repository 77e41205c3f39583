"""Unique constraints and soft deletion: a deleted row does not block a new one."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from sqlalchemy import Connection, Table, UniqueConstraint, select
from sqlalchemy.exc import IntegrityError

from auth.viewer import Viewer
from db.core.base import Base
from db.core.engine import Database
from db.core.session import INSIDE, Session
from db.migrations import configuration
from db.models.sites import SiteAssignment
from db.sites import sites
from tests.support.databases.inspection import inspect_database
from tests.support.world import SYSTEM, World, database_at

# Unique constraints that count deleted rows too, each with the reason why that blocks nothing.
COUNTING_DELETED_ROWS = {
    "activities(organization_id, number)": "erased and never deleted softly",
    "attachment_texts(attachment_id)": "deleted only with its attachment",
    "budgets(organization_id)": "never deleted: without a limit there is no budget",
    "google_consents(sign_in_id)": "erased and never deleted softly",
    "google_consents(state_digest)": "random",
    "idempotency_keys(user_id, operation, key)": "erased and never deleted softly",
    "api_keys(prefix)": "random",
    "invitations(digest)": "random",
    "memberships(user_id, organization_id)": "a returning member gets the old row back, to which others refer",
    "message_ratings(message_id, user_id)": "never deleted: a withdrawn rating has no value",
    "messages(line_id, depth)": "never deleted by itself",
    "reading_hours(module_id, metric, hour)": "erased with its module and never deleted softly",
    "refresh_tokens(digest)": "random",
    "report_contents(report_id)": "never deleted softly; erased with its report",
    "revisions(table_id, number)": "never deleted",
    "shares(digest)": "derived from the id",
    "sign_in_codes(digest)": "random",
    "sign_in_codes(state_digest)": "random",
    "table_columns(table_id, key)": "a key is never used again, so that old revisions keep their meaning",
    "usage_days(conversation_id, user_id, day)": "never deleted softly; erased with its organization",
    "usages(message_id)": "never deleted",
    "users(email)": "a deleted account gives up its address",
    "verifications(digest)": "random",
}


def constraints_over_deleted_rows(table: Table) -> Iterator[str]:
    """Yield the unique constraints and indexes of a table that have no condition on `deleted_at`."""
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield f"{table.name}({', '.join(column.name for column in constraint.columns)})"
    for index in table.indexes:
        conditions = [index.dialect_options[name]["where"] for name in ("sqlite", "postgresql")]
        if index.unique and not all("deleted_at IS NULL" in str(condition) for condition in conditions):
            yield f"{table.name}({', '.join(column.name for column in index.columns)})"


def test_every_unique_constraint_that_counts_deleted_rows_has_a_reason() -> None:
    results = {name for table in Base.metadata.sorted_tables for name in constraints_over_deleted_rows(table)}
    assert results == set(COUNTING_DELETED_ROWS)


async def assignments(database: Database) -> list[bool]:
    """Return the assignments in the order of creation, each as True if it is not deleted."""

    def unit(session: Session) -> list[bool]:
        query = select(SiteAssignment).order_by(SiteAssignment.id)
        return [row.is_active for row in session.scalars(query, execution_options=INSIDE)]

    return await database.write(unit, SYSTEM)


async def site_with_member(database: Database, world: World) -> tuple[Viewer, UUID, UUID]:
    """Create a site and return its admin, its id and the id of another member."""
    ann, bob = await world.person("ann"), await world.person("bob")
    organization = await world.organization(ann, [bob])
    site = await database.write(sites.create, ann, organization, "Depot", None)
    assert bob.user_id is not None
    return ann, site.id, bob.user_id


async def test_a_deleted_row_does_not_block_a_new_one(database: Database, world: World) -> None:
    ann, site, bob = await site_with_member(database, world)
    for unit in (sites.assign, sites.unassign, sites.assign, sites.assign):
        await database.write(unit, ann, site, bob)
    assert await assignments(database) == [False, True]


async def test_a_second_active_row_is_refused(database: Database, world: World) -> None:
    ann, site, bob = await site_with_member(database, world)
    await database.write(sites.assign, ann, site, bob)

    def add_again(session: Session) -> None:
        session.add(SiteAssignment(site_id=site, user_id=bob))

    with pytest.raises(IntegrityError):
        await database.write(add_again, ann)
    assert await assignments(database) == [True]


@pytest.mark.parametrize("kind", ["sqlite_url", "own_postgres_url"])
def test_the_migration_of_assignments_can_be_taken_back(request: pytest.FixtureRequest, kind: str) -> None:
    """The older revision has room for one row of a site and a member: the active one stays."""
    url: str = request.getfixturevalue(kind)

    async def run(work: Any) -> Any:
        database = database_at(url)
        await database.start()
        try:
            return await work(database)
        finally:
            await database.stop()

    async def reassign(database: Database) -> None:
        ann, site, bob = await site_with_member(database, World(database))
        for unit in (sites.assign, sites.unassign, sites.assign):
            await database.write(unit, ann, site, bob)

    def there_and_back(connection: Connection) -> None:
        config = configuration()
        config.attributes["connection"] = connection
        command.downgrade(config, "0016_extraction_additions")
        command.upgrade(config, "head")
        connection.commit()

    asyncio.run(run(reassign))
    inspect_database(url, there_and_back)
    assert asyncio.run(run(assignments)) == [True]
