"""A JSON answer that comes in pieces: its items when they are closed, whatever stands in and around them."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.reading.json_stream import JsonItemParser

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(blacklist_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from('abr"\\{['), inner, max_size=3),
    max_leaves=8,
)


def fed(answer: JsonItemParser, text: str, size: int) -> list[Any]:
    return [item for n in range(0, len(text), size) for item in answer.feed(text[n : n + size])]


@given(
    st.lists(st.dictionaries(st.text(max_size=3), VALUES, max_size=3), max_size=4),
    VALUES,
    st.integers(1, 40),
    st.booleans(),
    st.data(),
)
def test_items_are_given_when_they_are_closed_however_the_answer_is_cut(
    items: list[Any], other: Any, size: int, is_ascii: bool, data: st.DataObject
) -> None:
    begin = json.dumps({"other": other}, ensure_ascii=is_ascii)[:-1] + ', "rows": ['
    texts = [json.dumps(item, ensure_ascii=is_ascii) for item in items]
    ends = [len(begin) + len(", ".join(texts[: n + 1])) for n in range(len(texts))]
    whole = begin + ", ".join(texts) + "]}"
    cut = data.draw(st.integers(0, len(whole)))
    answer = JsonItemParser()
    assert fed(answer, whole[:cut], size) == items[: sum(end <= cut for end in ends)]
    assert (answer.is_whole, answer.broken) == (cut == len(whole), 0)


@pytest.mark.parametrize(
    "around", ["{}", "```json\n{}\n```", 'I "think {{so}}: [1]\n{}', '<think>{{"a": 1}}</think>{}']
)
def test_what_stands_around_an_answer_is_passed_over(around: str) -> None:
    answer = JsonItemParser()
    assert fed(answer, around.format('{"rows": [{"a": 1}, 7, [2], {"a": "}"}]}'), 3) == [{"a": 1}, [2], {"a": "}"}]
    assert answer.is_whole


def test_half_a_character_is_replaced_and_what_is_no_json_is_counted() -> None:
    answer = JsonItemParser()
    rows = r'{"rows": [{"a": "x\ud800y \ud83d\ude00 \\ud800 \udc00"}, {"a": nothing}, {a}, {"b": 1}]}'
    assert answer.feed(rows) == [{"a": "x\ufffdy 😀 \\ud800 \ufffd"}, {"b": 1}]
    assert (answer.is_whole, answer.broken) == (True, 2)


def test_a_long_answer_in_small_pieces_is_looked_at_once() -> None:
    text = json.dumps({"rows": [{"c1": {"value": f"r{n}", "quote": "q" * 20}} for n in range(5_000)]})
    started = time.process_time()
    assert len(fed(JsonItemParser(), text, 8)) == 5_000
    assert time.process_time() - started < 2  # what is read again with every piece takes minutes
