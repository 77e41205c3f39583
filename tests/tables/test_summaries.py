"""Summaries of a column, compared with the same in plain Python."""

from collections.abc import Callable
from decimal import Context, Decimal
from random import Random
from typing import Any

import pytest

from db.core.engine import Database
from db.tables.query import summaries
from tests.support.tables.sample_rows import KEYS, VALUES, is_
from tests.support.tables.statement_count import counted
from tests.support.tables.table_client import AT, DAY, ITEM, NUMBER, PAID, PRICE, TAGS, Refused, TableClient
from tests.support.world import World

SUMMARY = """query S($id: ID!, $column: ID!, $groupBy: ID, $filter: RowFilter) { table(id: $id) {
  summary(column: $column, groupBy: $groupBy, filter: $filter) { group rowCount count sum min max mean } } }"""
LARGE: list[dict[str, Any]] = [
    {ITEM: "large", PRICE: "99999999999999999999999999999999999.999", NUMBER: 9007199254740991},
    {ITEM: "large", PRICE: "0.0000000000000000001", NUMBER: 9007199254740991},
    {ITEM: "\u00c9cole", PRICE: "-12.500", NUMBER: -9007199254740991, DAY: "2025-01-02"},
]
SHEET_ROWS = VALUES + LARGE
NUMBERS = {NUMBER, PRICE}


async def summary(sheet: TableClient, column: str, **requested: Any) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = (await sheet.run(SUMMARY, id=sheet.id, column=column, **requested))["table"][
        "summary"
    ]
    return results


def plain(number: Decimal) -> str:
    return f"{number:f}".rstrip("0").rstrip(".") if "." in f"{number:f}" else f"{number:f}"


def modelled(rows: list[dict[str, Any]], column: str, group: str | None) -> list[dict[str, Any]]:
    """The summaries as they should be."""
    if group is None:
        return [of_group(rows, column, None)]
    key: Callable[[Any], Any] = lambda value: Decimal(value) if group == PRICE else str(value)  # noqa: E731  short
    values = {key(row[group]): row[group] for row in rows if group in row}
    ordered = sorted(values.values(), key=KEYS[group])
    results = [
        of_group(
            [row for row in rows if group in row and key(row[group]) == key(value)],
            column,
            plain(Decimal(value)) if group == PRICE else value,
        )
        for value in ordered
    ]
    empty = [row for row in rows if group not in row]
    return results + ([of_group(empty, column, None)] if empty else [])


def of_group(rows: list[dict[str, Any]], column: str, group: Any) -> dict[str, Any]:
    values = [row[column] for row in rows if column in row]
    result: dict[str, Any] = {"group": group, "rowCount": len(rows), "count": len(values)}
    result |= {"sum": None, "min": None, "max": None, "mean": None}
    if values and column in NUMBERS:
        exact = Context(prec=100)
        numbers = [Decimal(value) for value in values]
        total = Decimal()
        for number in numbers:
            total = exact.add(total, number)
        result["sum"], result["mean"] = plain(total), plain(Context(prec=28).divide(total, Decimal(len(values))))
        result["min"], result["max"] = plain(min(numbers)), plain(max(numbers))
        if column == NUMBER:
            result["min"], result["max"] = int(result["min"]), int(result["max"])
    elif values and column not in {PAID, TAGS}:
        result["min"], result["max"] = min(values, key=KEYS[column]), max(values, key=KEYS[column])
    return result


def as_number(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Decimals by their value: 1E+2 is 100."""
    names = ("sum", "mean")
    return [
        {**one, **{name: None if one[name] is None else plain(Decimal(one[name])) for name in names}} for one in results
    ]


async def test_summaries_of_every_type_are_those_of_the_model(sheet: TableClient) -> None:
    random = Random(3)
    filters: list[tuple[dict[str, Any] | None, Callable[[dict[str, Any]], bool]]] = [
        (None, lambda row: True),
        (is_(NUMBER, "GT", 1), lambda row: row.get(NUMBER, 0) > 1),
        ({"not": is_(PAID, "EQ", True)}, lambda row: row.get(PAID) is not True),
        (is_(ITEM, "EQ", "none such"), lambda row: False),
    ]
    for column in KEYS:
        for group in [None, *random.sample([*KEYS], 4)]:
            requested, test = random.choice(filters[:3])
            expected = modelled([row for row in SHEET_ROWS if test(row)], column, group)
            arguments = {"groupBy": group} if group else {}
            assert as_number(await summary(sheet, column, filter=requested, **arguments)) == expected, (
                column,
                group,
                requested,
            )
    nothing = {"group": None, "rowCount": 0, "count": 0, "sum": None, "min": None, "max": None, "mean": None}
    assert await summary(sheet, PRICE, filter=filters[3][0]) == [nothing]
    assert await summary(sheet, PRICE, filter=filters[3][0], groupBy=DAY) == []


async def test_a_sum_has_every_digit_and_groups_are_in_order(sheet: TableClient) -> None:
    (large,) = await summary(sheet, PRICE, filter=is_(ITEM, "EQ", "large"))
    assert large["sum"] == "99999999999999999999999999999999999.9990000000000000001"
    assert [one["group"] for one in await summary(sheet, NUMBER, groupBy=TAGS)] == [
        ["a"], ["a", "b"], ["ab", "a, b"], ["B"], ["b", "a"], None,
    ]  # fmt: skip
    assert [one["group"] for one in await summary(sheet, NUMBER, groupBy=AT)][1:3] == [
        "2025-12-31T10:00:00Z",
        "2025-12-31T10:00:00.500000Z",
    ]


async def test_a_question_that_makes_no_sense_is_refused(sheet: TableClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for requested, field in (
        ({"column": "c99"}, "column"),
        ({"column": ITEM, "groupBy": "c1'"}, "groupBy"),
        ({"column": ITEM, "filter": is_(NUMBER, "EQ", "many")}, "filter.value"),
    ):
        with pytest.raises(Refused) as refused:
            await sheet.run(SUMMARY, id=sheet.id, **requested)
        assert (refused.value.code, refused.value.fields) == ("BAD_USER_INPUT", [field])
    monkeypatch.setattr(summaries, "MAX_GROUPS", 3)
    summaries.group_query.cache_clear()
    with pytest.raises(Refused, match="more than 3 different values") as refused:
        await summary(sheet, NUMBER, groupBy=ITEM)
    assert refused.value.fields == ["groupBy"]
    summaries.group_query.cache_clear()


async def test_a_summary_costs_one_statement_and_a_large_table_none_on_the_loop(
    sheet: TableClient, database: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments: dict[str, Any] = {"column": PRICE, "groupBy": DAY, "filter": is_(NUMBER, "GT", 0)}
    assert (
        await counted(sheet, database, monkeypatch, SUMMARY, id=sheet.id, **arguments) == 3
    )  # table, columns, summary
    inline = await summary(sheet, **arguments)
    monkeypatch.setattr("resolvers.tables.row_pages.MAX_INLINE", 0)
    assert await summary(sheet, **arguments) == inline
    stranger = sheet.seen_by(await world.person("eve"))
    assert await stranger.run(SUMMARY, id=sheet.id, column=PRICE) == {"table": None}
