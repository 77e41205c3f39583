"""EXACT keeps its promise: `text[start:end] == quote` in code points, and the quote reads as the value.

Checked on the corpus, the handed cases and careless replies, also behind characters beyond the basic plane.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from assistant.reading.extraction import ProposedTable, propose
from assistant.reading.value_search import reads_as
from tests.extraction.scoring import Sample, samples
from tests.extraction.sloppy_reply import read_with_reply, sloppy_reply

CASES = Path(__file__).parent / "cases" / "reading"
ASTRAL = "\U0001d518\U0001f382 \U00020bb7\n\n"  # two units each in UTF-16, one code point in Python
REPLIES = 2  # to each text


def texts() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each sample and each case."""
    yield from ((sample.name, sample.text) for sample in samples())
    yield from ((path.stem, path.read_text(encoding="utf-8")) for path in sorted(CASES.glob("*.txt")))


def broken_promises(tables: Sequence[ProposedTable], sources: Sequence[str]) -> list[str]:
    """Return the EXACT cells whose quote is not where they say, or does not say their value."""
    exact = [
        (column, cell)
        for table in tables
        for row in table.rows
        for column, cell in zip(table.columns, row, strict=True)
        if cell is not None and cell.grounding == "EXACT"
    ]
    return [
        f"{cell.value!r} from {cell.quote!r}"
        for column, cell in exact
        if sources[cell.source][cell.start : cell.end] != cell.quote
        or (cell.value is not None and not reads_as(column, cell.quote, cell.value))
    ]


@pytest.mark.parametrize("before", ["", ASTRAL], ids=["as it is", "behind astral characters"])
def test_the_readers_quote_what_says_the_value(before: str) -> None:
    read = {name: (propose(before + text), before + text) for name, text in texts()}
    assert sum(len(tables) for tables, _ in read.values()) > 200
    broken = {name: broken_promises(tables, [text]) for name, (tables, text) in read.items()}
    assert not {name: cells for name, cells in broken.items() if cells}


def test_the_cells_of_a_careless_reply_quote_what_says_the_value() -> None:
    broken: dict[str, list[str]] = {}
    for sample in samples():
        for number in range(REPLIES):
            reply = sloppy_reply(sample, number)
            merged, own = read_with_reply(sample, number)
            cells = broken_promises(merged, [sample.text, reply, sample.text])
            cells += broken_promises(own, [reply, sample.text])
            broken |= {f"{sample.name}, reply {number}": cells} if cells else {}
    assert not broken


def test_a_value_in_markup_is_said_by_its_source() -> None:
    text = (
        ASTRAL + "<table><tr><th>Part<th>Price<tr><td>Bolt &amp; nut<td>3,50&nbsp;&euro;<tr><td>Nut<td>1,25&nbsp;&euro;"
    )
    sample = Sample("markup", "de", "markup", "known", text, ())
    (table,) = propose(sample.text)
    assert [[cell.quote if cell else None for cell in row] for row in table.rows] == [
        ["Bolt &amp; nut", "3,50&nbsp;&euro;"],
        ["Nut", "1,25&nbsp;&euro;"],
    ]
    assert {cell.grounding for row in table.rows for cell in row if cell} == {"EXACT"}


def test_a_field_that_only_its_format_explains_is_not_exact() -> None:
    statement = (
        ":20:START\n:25:1/2\n:60F:C250101EUR0,\n:61:2501020102D12,50NMSC\n:86:Tea\n:61:2501030103C200,NMSC\n:86:Pay\n"
    )
    (table,) = propose(statement)
    cells = [cell for row in table.rows for cell in row if cell and cell.quote in ("D12,50", "C200,")]
    assert [(cell.value, cell.grounding) for cell in cells] == [("-12.50", "FUZZY"), ("200.00", "FUZZY")]
