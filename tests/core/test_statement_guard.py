"""Every kind of statement is filtered by the policy or refused, in units and in prepared reads alike."""

import sqlite3
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Row, literal, select, union_all
from sqlalchemy.exc import DBAPIError

from auth.viewer import Viewer
from db.core import statement_guard
from db.core.engine import Database
from db.core.prepared import Prepared
from db.core.session import Session
from db.models.conversations import Conversation
from tests.support.databases.statement_kinds import (
    CHILDREN,
    COUNTS,
    LATERAL,
    MEANINGLESS,
    PEOPLE,
    REFUSED,
    ROWS,
    VALUES,
    Statements,
)
from tests.support.world import SYSTEM

Lane = Callable[[Database, Viewer, Any], Any]


async def in_unit(database: Database, viewer: Viewer, statement: Any) -> list[Any]:
    def unit(session: Session) -> list[Any]:
        matches = [row[0] for row in session.execute(statement)]
        return [value.title if isinstance(value, Conversation | Row) else value for value in matches]

    return await database.write(unit, viewer)


async def in_prepared(database: Database, viewer: Viewer, statement: Any) -> list[Any]:
    query: Prepared[Any] = Prepared(statement)
    return [row.title if query.model else row[0] for row in await database.read(query, viewer)]


in_both_lanes = pytest.mark.parametrize("lane", [in_unit, in_prepared])


async def results(database: Database, lane: Lane, viewer: Viewer, *groups: Statements) -> dict[str, list[Any]]:
    return {name: await lane(database, viewer, make()) for group in groups for name, make in group.items()}


@in_both_lanes
async def test_rows_are_for_those_who_may_see_them(database: Database, lane: Lane, ann: Viewer, eve: Viewer) -> None:
    groups = [ROWS, CHILDREN] + ([LATERAL] if database.dialect.name == "postgresql" else [])
    assert await results(database, lane, ann, *groups) == {name: ["secret"] for group in groups for name in group}
    assert await results(database, lane, eve, *groups) == {name: [] for group in groups for name in group}


@in_both_lanes
async def test_values_and_counts_tell_a_stranger_nothing(
    database: Database, lane: Lane, ann: Viewer, eve: Viewer
) -> None:
    assert await results(database, lane, ann, VALUES) == {name: ["secret"] for name in VALUES}
    assert await results(database, lane, eve, VALUES) == {name: [None] for name in VALUES}
    assert await results(database, lane, ann, COUNTS) == {name: [1] for name in COUNTS}
    assert await results(database, lane, eve, COUNTS) == {name: [0] for name in COUNTS}


@in_both_lanes
async def test_a_visible_row_is_not_found_by_what_is_invisible(
    database: Database, lane: Lane, ann: Viewer, eve: Viewer
) -> None:
    assert await results(database, lane, ann, PEOPLE) == {name: ["Ann"] for name in PEOPLE}
    assert await results(database, lane, eve, PEOPLE) == {name: [] for name in PEOPLE}


@in_both_lanes
async def test_what_cannot_be_filtered_is_refused(database: Database, lane: Lane, ann: Viewer) -> None:
    for name, make in REFUSED.items():
        with pytest.raises(RuntimeError, match=r"The policy cannot filter this|A unit runs selects only"):
            pytest.fail(f"{name}: {await lane(database, ann, make())}")
    assert await in_unit(database, ann, select(Conversation.title)) == ["secret"]


@in_both_lanes
async def test_a_source_that_is_not_named_is_not_there(database: Database, lane: Lane, ann: Viewer) -> None:
    for name, make in MEANINGLESS.items():
        with pytest.raises((DBAPIError, sqlite3.Error, asyncpg.PostgresError)):
            pytest.fail(f"{name}: {await lane(database, ann, make())}")


@in_both_lanes
async def test_what_has_no_table_needs_no_policy(database: Database, lane: Lane, eve: Viewer) -> None:
    assert await lane(database, eve, select(literal(1))) == [1]
    assert await lane(database, eve, select(union_all(select(literal(3)), select(literal(4))).subquery())) == [3, 4]


async def test_one_statement_means_what_each_viewer_may_see(database: Database, ann: Viewer, eve: Viewer) -> None:
    """Compiled statements are cached by their shape; the statement of a superuser must not serve others."""
    statement = select(Conversation.title)
    for viewer, seen in ((SYSTEM, ["secret"]), (eve, []), (ann, ["secret"]), (SYSTEM, ["secret"]), (eve, [])):
        assert await in_unit(database, viewer, statement) == seen
        assert await in_prepared(database, viewer, statement) == seen


async def test_one_of_the_statements_that_share_their_sql_is_walked(
    database: Database, ann: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement is refused again and again, and one that passed lets no statement with other SQL pass."""
    walked: list[Any] = []
    walk = statement_guard.refuse_unmapped

    def counted(statement: Any) -> None:
        walked.append(statement)
        walk(statement)

    monkeypatch.setattr(statement_guard, "_passed", set())
    monkeypatch.setattr(statement_guard, "refuse_unmapped", counted)
    for title in ("a", "b", "c"):
        await in_unit(database, ann, select(Conversation.id).where(Conversation.title == title))
    assert len(walked) == 1
    for make in [make for make in REFUSED.values() for _ in range(2)]:
        with pytest.raises(RuntimeError, match=r"policy cannot filter|selects only"):
            await in_unit(database, ann, make())


async def test_the_memory_of_passed_statements_is_bounded(
    database: Database, ann: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement_guard, "_passed", set())
    monkeypatch.setattr(statement_guard, "MAX_PASSED", 2)
    columns = [Conversation.id, Conversation.title, Conversation.model]
    for column in columns:
        await in_unit(database, ann, select(column))
        assert len(statement_guard._passed) <= 2
