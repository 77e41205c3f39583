"""Rows that a model reads out of texts: whole at every cut, each cell with its place, asked for again when wrong."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from assistant.reading.extraction import ProposedTable, Source
from assistant.reading.passages import PIECE, Passage, Passages
from assistant.reading.row_reader import (
    CALLS_OF_PIECE,
    ENDLESS,
    GARBLED,
    PIECES_AT_ONCE,
    USED_UP,
    RowReader,
    Unstructured,
)
from assistant.reading.structured_call import rows_schema
from db.models.usage import Tokens
from integrations.llm.chat_completions import ChatCompletions, ModelFailure
from tables.types.columns import Column, ColumnType
from tests.support.loopback.provider_faults import chunk, error, events, fault_server
from tests.support.loopback.scripted_extraction import Extractor, Row

TEXT = "Tee 茶 costs €4,10 on 1 May.\nMilk is 2 a 1.50;\nmilk is 2 a 1.50 again.\nA cake 🎂 for five."
ITEM = Column("c1", "Item", ColumnType.TEXT)
PRICE = Column("c2", "Price", ColumnType.DECIMAL, position=1)
NUMBER = Column("c3", "Number", ColumnType.INTEGER, position=2)
COLUMNS = (ITEM, PRICE, NUMBER)
MILK: Row = {"c1": ("Milk", "ilk"), "c2": ("1.50", "1.50"), "c3": ("2", "2")}
ROWS: list[Row] = [
    {"c1": ("Tee 茶", "Tee 茶"), "c2": ("4.10", "€4,10"), "c3": None},
    MILK,
    MILK,
    {"c1": ("Cake", "cake 🎂"), "c2": None, "c3": ("5", "five")},
]
VALUES = [("Tee 茶", "4.10", None), ("Milk", "1.50", 2), ("Milk", "1.50", 2), ("Cake", None, 5)]


@asynccontextmanager
async def reading(
    extractor: Extractor, *texts: str, columns: tuple[Column, ...] = COLUMNS, **arguments: Any
) -> AsyncIterator[RowReader]:
    async with fault_server(extractor.play) as server:
        model = ChatCompletions(api_key="sk-test", base_url=server.base_url, model="tiny")
        passages = Passages([Passage(Source(uuid4()), text) for text in texts or (TEXT,)])
        try:
            yield RowReader(model, None, columns, passages, **arguments)
        finally:
            await model.close()


def values(table: ProposedTable) -> list[tuple[Any, ...]]:
    return [tuple(cell.value if cell else None for cell in row) for row in table.rows]


async def test_each_cell_says_where_it_was_read() -> None:
    async with reading(Extractor(ROWS)) as one:
        await one.run()
        table = one.table("Prices")
    assert values(table) == VALUES
    cells = [cell for row in table.rows for cell in row if cell]
    assert all(TEXT[cell.start : cell.end] == cell.quote and cell.grounding == "EXACT" for cell in cells)
    assert [row[0].start for row in table.rows if row[0]] == [0, 28, 46, 72]
    assert (one.tokens.input, one.tokens.output) == (100, 10)


SHORT: list[Row] = [{"c1": ("Tee", "Tee")}, {"c1": ("茶", "茶")}, {"c1": ("茶", "茶")}]


@pytest.mark.parametrize("reason", ["length", "stop", ""])
async def test_an_answer_that_is_cut_anywhere_keeps_its_whole_rows_and_goes_on(reason: str) -> None:
    extractor, calls = Extractor(SHORT, reason=reason, piece=40), set[int]()
    whole = extractor.answer({"messages": [{}, {}], "response_format": _format(ITEM)})
    first_row = whole.find("}, {")
    begin = {"length": 1, "stop": whole.find("[") + 1, "": first_row + 5}[reason]
    async with reading(extractor, "Tee, 茶; 茶", columns=(ITEM,)) as one:
        for cut in range(begin, len(whole), 1 if reason == "length" else 11):
            extractor.cut, extractor.requests = cut, []
            again = RowReader(one._model, None, (ITEM,), one._passages)
            await again.run()
            table = again.table("x")
            assert [(cell.value, cell.start) for row in table.rows for cell in row if cell] == [
                ("Tee", 0), ("茶", 5), ("茶", 8),
            ], cut  # fmt: skip
            calls.add(len(extractor.requests))
    assert calls == {2}


def _format(*columns: Column) -> dict[str, Any]:
    return {"json_schema": {"schema": rows_schema(columns)}}


async def test_only_the_cells_that_do_not_fit_are_asked_for_again_and_once() -> None:
    rows = [ROWS[0], {**MILK, "c2": ("about two", "1.50"), "c3": ("many", "2")}]
    extractor = Extractor(rows, corrections={0: ("1.50", "1.50"), 1: ("still many", "2"), 9: ("x", "x")})
    async with reading(extractor) as one:
        await one.run()
    assert values(one.table("x")) == [VALUES[0], ("Milk", "1.50", "many")]
    assert len(extractor.requests) == 2
    requested = extractor.requests[1]["messages"][1]["content"]
    assert requested.endswith(
        "0: Price: 'about two', read from '1.50': “about two” is not a number: write it as 1234.50.\n"
        "1: Number: 'many', read from '2': “many” is not a number: write it as 1234.50."
    )


async def test_long_texts_are_read_in_pieces_and_what_overlaps_is_one_row() -> None:
    text = "".join(f"Item {n:04} costs {n}.50\n" for n in range(1500))

    def rows_of(piece: str) -> list[Row]:
        results = [line.split() for line in piece.splitlines() if line.startswith("Item") and line.endswith(".50")]
        return [{"c1": (words[1], words[1]), "c2": (words[3], words[3])} for words in results]

    extractor = Extractor(rows_of=rows_of, piece=2000)
    for columns in ((ITEM, PRICE), (Column("c1", "Item", ColumnType.TEXT, is_unique=True), PRICE)):
        async with reading(extractor, text, columns=columns) as one:
            await one.run()
        table = one.table("x")
        assert values(table) == [(f"{n:04}", f"{n}.50") for n in range(1500)]
        assert all(text[cell.start : cell.end] == cell.quote for row in table.rows for cell in row if cell)
    assert len(extractor.requests) == 8


async def test_a_key_joins_what_two_texts_say_of_one_thing() -> None:
    def rows_of(piece: str) -> list[Row]:
        return [
            {"c1": ("Tea", "Tea"), "c2": ("4.10", "4.10")},
            {"c1": ("Tea", "tea"), "c3": ("3", "3")},
            {"c1": ("Milk", "Milk")},
        ]

    async with reading(Extractor(rows_of=rows_of), "Tea at 4.10.", "3 of tea; Milk", keys=["c1"]) as one:
        await one.run()
    (tea, milk) = one.table("x").rows
    assert [(cell.value, cell.source) for cell in (*tea, *milk) if cell] == [
        ("Tea", 0),
        ("4.10", 0),
        (3, 1),
        ("Milk", 1),
    ]


@pytest.mark.parametrize("prose", ["I cannot do that.", "[1, 2]", '{"rows": "none"}', '{"table": []}'])
async def test_a_model_that_gives_no_rows_is_no_reader(prose: str) -> None:
    async with fault_server(events(chunk(prose), chunk(finish="stop"))) as server:
        model = ChatCompletions(api_key="sk-test", base_url=server.base_url, model="tiny")
        one = RowReader(model, None, COLUMNS, Passages([Passage(Source(uuid4()), TEXT)]))
        with pytest.raises(Unstructured):
            await one.run()
        await model.close()


async def test_a_model_that_never_gets_anywhere_is_not_asked_for_ever() -> None:
    async with fault_server(events(chunk('{"rows": [{"c1":'), chunk(finish="length"))) as server:
        model = ChatCompletions(api_key="sk-test", base_url=server.base_url, model="tiny")
        one = RowReader(model, None, COLUMNS, Passages([Passage(Source(uuid4()), TEXT)]))
        await one.run()
        await model.close()
        assert (len(server.exchanges), one.table("x").rows, one.problem) == (2, (), ENDLESS)
    assert CALLS_OF_PIECE > 2


async def test_what_cannot_be_read_of_one_piece_takes_nothing_from_the_others_and_is_told() -> None:
    whole = '{"rows": [{"c1": {"value": "Tea", "quote": "Tea"}, "c2": null, "c3": null}'
    for first in ("I cannot.", f"{whole}, {{nothing}}]}}"):
        plays = [events(chunk(first), chunk(finish="stop")), events(chunk(f"{whole}]}}"), chunk(finish="stop"))]
        async with fault_server(*plays) as server:
            model = ChatCompletions(api_key="sk-test", base_url=server.base_url, model="tiny")
            text = "Tea. " * (PIECE // 5 + 100)
            one = RowReader(model, None, COLUMNS, Passages([Passage(Source(uuid4()), text)]))
            await one.run()
            await model.close()
        assert (len(server.exchanges), one.count > 0, one.problem) == (2, True, GARBLED)


async def test_when_what_was_reserved_is_used_up_no_other_call_is_made() -> None:
    extractor = Extractor(ROWS)
    async with reading(extractor, "Tea. " * (2 * PIECES_AT_ONCE * PIECE // 5), most=Tokens(100, 10)) as one:
        await one.run()
    assert (len(extractor.requests) <= PIECES_AT_ONCE, one.count > 0, one.problem) == (True, True, USED_UP)


async def test_what_no_database_keeps_is_replaced_and_shown_as_not_found() -> None:
    row: Row = {"c1": ("Te\0a", "Te\0a"), "c2": ("4.10", "4.10"), "c3": None}
    async with reading(Extractor([row])) as one:
        await one.run()
        (item, *_), *_ = one.table("x").rows
    assert item is not None
    assert (item.value, item.quote, item.grounding) == ("Te\ufffda", "Te\ufffda", "NONE")


async def test_a_provider_that_refuses_is_a_failure() -> None:
    async with fault_server(error(400, "response_format is not supported")) as server:
        model = ChatCompletions(api_key="sk-test", base_url=server.base_url, model="tiny")
        one = RowReader(model, None, COLUMNS, Passages([Passage(Source(uuid4()), TEXT)]))
        with pytest.raises(ModelFailure):
            await one.run()
        await model.close()


def test_the_schema_is_strict() -> None:
    choice = Column("c2", "Kind", ColumnType.SELECT, options=("a", "b"))
    cell = {
        "type": "object",
        "properties": {"value": {"type": "string"}, "quote": {"type": "string"}},
        "required": ["value", "quote"],
        "additionalProperties": False,
    }
    of_choice = {**cell, "properties": {"value": {"type": "string", "enum": ["a", "b"]}, "quote": {"type": "string"}}}
    row = rows_schema([ITEM, choice])["properties"]["rows"]["items"]
    assert row == {
        "type": "object",
        "properties": {"c1": {"anyOf": [cell, {"type": "null"}]}, "c2": {"anyOf": [of_choice, {"type": "null"}]}},
        "required": ["c1", "c2"],
        "additionalProperties": False,
    }
