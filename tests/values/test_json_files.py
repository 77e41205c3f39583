"""JSON files whose rows have objects in them: the values of an inner object are columns of their own."""

from typing import Any

import pytest

from tables.files.objects import rows


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"a": 1, "p": {"net": 2.50, "tax": {"rate": 19}}}]', [["a", "p.net", "p.tax.rate"], ["1", "2.50", "19"]]),
        ('{"a": 1, "p": {"net": 2}}\n{"a": 2, "p": {"net": 3}}', [["a", "p.net"], ["1", "2"], ["2", "3"]]),
        ('{"data": [{"id": 1, "name": {"first": "Ann"}}]}', [["id", "name.first"], ["1", "Ann"]]),
        ("[{'p': {'net': nan}, 'ok': True}]", [["p.net", "ok"], [None, "true"]]),
        ('[{"p": {"x": 1}}, {"p": null}, {"p": {}}]', [["p.x"], ["1"], [None], [None]]),
        ('[{"p": null, "q": 1}, {"q": 2}]', [["p", "q"], [None, "1"], [None, "2"]]),
        ('[{"p": {"x": 1}}, {"p": "none"}]', [["p.x", "p"], ["1", None], [None, "none"]]),
        # An inner name that is taken, and an object that is too deep, stay JSON.
        ('[{"p.x": 1, "p": {"x": 2}}]', [["p.x", "p"], ["1", '{"x": "2"}']]),
        ('[{"a": {"b": {"c": {"d": {"e": 1}}}}}]', [["a.b.c.d"], ['{"e": "1"}']]),
        ('[{"p": {"tags": ["x", "y"], "on": false}}]', [["p.tags", "p.on"], ["x, y", "false"]]),
    ],
)
def test_an_inner_object_becomes_columns(text: str, expected: list[Any]) -> None:
    assert list(rows(lambda: iter([text]))) == expected
    assert list(rows(lambda: iter(text))) == expected  # in pieces of one character
