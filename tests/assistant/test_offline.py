"""The assistant without a model: what it says, and how it says it."""

import time

import pytest

from assistant.offline import Answer, answer, stream
from assistant.reading.extraction import propose
from tables.grids import MAX_TEXT

INTRODUCTION = (
    "No language model is configured, so this is the offline assistant: it only reads the tables in what you"
    " paste. Set `OPENAI_API_KEY` to talk to a model."
)
NEXT = "Now correct any cell, undo any change, or export the result to CSV, XLSX or Google Sheets."


def test_it_says_what_it_is_and_what_it_found() -> None:
    text = (
        "# Costs\n\n| Item | Price | Paid |\n|---|---|---|\n"
        "| Ink | €3.50 | yes |\n| Pen | €1.00 | no |\n| Total | €4.50 | |\n"
    )
    message = answer(text)
    assert message.text == (
        f"{INTRODUCTION}\n\nI found a table:\n\n**Costs**: 2 rows\n"
        "- Columns: Item (text), Price (amount in EUR), Paid (yes or no)\n"
        "- Left out, because it sums up the rows above: `Total | €4.50`\n"
        "- The rows of Price add up to 4.50, the total that the text states.\n\n"
        f"{NEXT}"
    )
    assert message.tables == tuple(propose(text))


def test_it_asks_about_dates_that_can_be_read_in_two_orders() -> None:
    text = answer("When,Who\n03/04/2025,Al\n05/06/2025,Bob\n")
    assert (
        "- Please check When: the text does not tell the order of its dates, so I read day, month, year."
        in text.text.splitlines()
    )


def test_it_asks_about_numbers_that_can_be_read_in_two_ways() -> None:
    text = answer("Who,Count\nAl,1.234\nBob,5.678\n")
    assert (
        "- Please check Count: its numbers can be read in two ways, so I took the point for the decimal mark."
        in text.text.splitlines()
    )


def test_it_lists_ten_tables_and_counts_the_rest() -> None:
    text = answer("\n\nand\n\n".join(f"a{n},b{n}\n1,2\n" for n in range(12)))
    assert "I found 12 tables:" in text.text
    assert "**Table 10**: 1 row\n" in text.text
    assert "**Table 11**" not in text.text
    assert "… and 2 more tables." in text.text
    assert len(text.tables) == 12


def test_it_says_which_forms_it_reads_when_it_found_nothing_and_its_example_is_one() -> None:
    text = answer("Hello!")
    assert text.text.startswith(f"{INTRODUCTION}\n\nI found no table in your message. I read:\n\n- ")
    assert text.tables == ()
    (example,) = propose(text.text.split("For example:")[1])
    assert [column.type for column in example.columns] == ["TEXT", "CURRENCY", "DATE"]


def test_it_says_what_was_too_much_to_read() -> None:
    text = answer("a,b\n" + "x,1\n" * 6_000 + "." * MAX_TEXT)
    assert text.text.endswith(
        "Only the first 200,000 characters were read. At most 5,000 rows are read for a table."
        " Paste the rest in another message."
    )
    assert len(text.tables[0].rows) == 5_000


def test_names_from_the_message_are_not_markup_in_the_reply() -> None:
    text = answer("# <b>*x*\n\n[a](b),c\n1,2\n")
    assert "**\\<b\\>\\*x**: 1 row" in text.text
    assert "- Columns: \\[a\\](b) (whole number), c (whole number)" in text.text


@pytest.mark.parametrize("text", ["Hello!", "a,b\n1,2\n", "\n\n".join(f"a{n},b\n1,2" for n in range(12))])
async def test_the_stream_is_the_text_in_words(text: str) -> None:
    message = answer(text)
    pieces = [piece async for piece in stream(message, delay=0)]
    assert "".join(pieces) == message.text
    assert 10 < len(pieces) <= 60
    assert all(before[-1].isspace() for before in pieces[:-1])


async def test_a_typical_reply_streams_within_a_second() -> None:
    before = time.monotonic()
    pieces = [piece async for piece in stream(answer("a,b\n1,2\n"))]
    assert len(pieces) > 10
    assert time.monotonic() - before < 1


async def test_an_empty_answer_streams_nothing() -> None:
    assert [piece async for piece in stream(Answer("", ()))] == []
