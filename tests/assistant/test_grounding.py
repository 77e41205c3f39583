"""Grounding of quotes: an EXACT quote is in the text, code point by code point."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.reading.extraction import Source
from assistant.reading.grounding import NOWHERE, Place, find, find_row
from assistant.reading.passages import OVERLAP, PIECE, Passage, Passages
from tables.types.columns import Column, ColumnType

WORDS = st.sampled_from(
    ["Tee", "👩‍👩‍👧", "🇩🇪", "茶", "合计", "شاي", "é", "é", "ﬁ", " ", "\n", "12", "4,10 €", "|", "ſ"]
)
TEXTS = st.lists(WORDS | st.text(max_size=3), max_size=30).map("".join)


@given(TEXTS, TEXTS, st.integers(0, 40), st.integers(0, 8), st.integers(0, 40))
def test_an_exact_place_is_where_the_quote_stands(one: str, other: str, start: int, length: int, after: int) -> None:
    for quote in (one[start : start + length], other):
        position = find(one, quote, after)
        assert (position.grounding == "EXACT") == (bool(quote.strip()) and quote in one)
        if position.grounding == "EXACT":
            assert one[position.start : position.end] == quote
        elif position.grounding == "NONE":
            assert position is NOWHERE


@given(st.lists(TEXTS, min_size=1, max_size=4), st.data())
def test_a_place_in_a_piece_is_one_in_its_source(texts: list[str], data: st.DataObject) -> None:
    passages = Passages([Passage(Source(uuid4()), text) for text in texts])
    (piece,) = passages.pieces()
    start = data.draw(st.integers(0, len(piece.text)))
    quote = piece.text[start : start + data.draw(st.integers(1, 9))]
    column = Column("c1", "Said", ColumnType.TEXT)
    cell = passages.cell(piece, column, quote, quote, find_row(piece.text, {"a": quote})["a"])
    if cell.grounding == "EXACT":
        assert texts[cell.source][cell.start : cell.end] == cell.quote
    else:
        assert not quote.strip() or not any(quote in text for text in texts) or cell.grounding in ("NONE", "MISMATCH")


@pytest.mark.parametrize(
    ("text", "quote", "position"),
    [
        ("He paid 4,10 € for tea", "paid  4,10 €  for tea", Place(3, 22, "FUZZY")),
        ("Green  tea, hot", "green tea", Place(1, 10, "FUZZY")),
        ("The invoice of Müller GmbH", "Muller GmbH", Place(15, 26, "FUZZY")),
        ("in all 12,345.00", "12,346.00", NOWHERE),  # another number
        ("tea", "teas", NOWHERE),
        ("no", "", NOWHERE),
    ],
)
def test_what_is_alike_is_found_but_not_another_number(text: str, quote: str, position: Place) -> None:
    assert find(text, quote) == position


@pytest.mark.parametrize(
    ("value", "text", "quote"),
    [
        ('Hotel "Adler", 2 nights', "in the Hotel \u201eAdler\u201c, 2 nights", "Hotel \u201eAdler\u201c, 2 nights"),
        ("l'\u00e9t\u00e9", "dans l\u2019\u00e9t\u00e9 2026", "l\u2019\u00e9t\u00e9"),
        ("A-12", "pump A\u201312, new", "A\u201312"),
        ("Bolt & nut", "<td>Bolt &amp; nut</td>", "Bolt &amp; nut"),
    ],
)
def test_typography_and_markup_say_the_same_text(value: str, text: str, quote: str) -> None:
    column = Column("c1", "Said", ColumnType.TEXT)
    passages = Passages([Passage(Source(uuid4()), text)])
    cell = passages.cell(passages.pieces()[0], column, value, quote, find(text, quote))
    assert (cell.grounding, cell.quote) == ("EXACT", quote)


def test_the_short_quotes_of_a_row_are_found_beside_its_long_one() -> None:
    text = "12 x Helmet 2 EUR\n2 x Gloves 12 EUR\n"
    places = find_row(text, {"n": "2", "item": "Gloves", "price": "12"})
    assert {key: (target.start, text[target.start : target.end]) for key, target in places.items()} == {
        "n": (18, "2"),
        "item": (22, "Gloves"),
        "price": (29, "12"),
    }


def test_long_texts_are_cut_at_the_ends_of_lines_and_sentences_and_overlap() -> None:
    for unit in ("Tea costs 4.10.\n", "Tea costs 4.10. ", "茶四元。", "x"):
        text = unit * (3 * PIECE // len(unit))
        pieces = Passages([Passage(Source(uuid4()), text)]).pieces()
        assert len(pieces) == 4
        assert all(text[piece.start : piece.start + len(piece.text)] == piece.text for piece in pieces)
        assert all(0 < piece.overlap <= OVERLAP for piece in pieces[1:])
        assert pieces[-1].start + len(pieces[-1].text) == len(text)
        if unit != "x":
            assert all(piece.text.endswith((".\n", ". ", "。")) for piece in pieces)
