"""Hostile and nested texts, which are read within a second of CPU whatever they repeat."""

import gc
import time

import pytest

from tables.grids import MAX_TEXT, find_grids

_HOSTILE = ["|", "|-|-|\n", "|a|b\n--|--\n", '"', '"x\n",', '"""a,\n', ',"a""\n', "[", "[1,", '{"a":[{', '["']
_HOSTILE += [":", "a: b\n", "- [ ] a\n", " - [ ] a\n  - b\n", "1. a, b\n", "\n", "\t\n", ";\n", "a,b\n", "```\n"]
_HOSTILE += ["<td>", "<table><tr>", "<a>\n", "<a x='", "<tr>a", "<!--", "\\begin{tabular}", "@a{b,", "BEGIN:VCARD\n"]
_HOSTILE += [
    ":61:2501010101D1,\n",
    "|---|",
    "---- ----\n",
    "<chr>\n",
    "[1/1/20, 10:10] a: b\n",
    "{'a':",
    "“",
    "/*",
    "<think>\n",
]
_HOSTILE += ["a <a@b.c>,", "12,50 A\n", "a .... 1\n", "a:1\n", "a - 1\n", "x (2020) y z.\n", "a\n1\n"]
_HOSTILE += [
    "a\n\n",
    "a,1\n\n",
    "a: 1\n\n",
    "a: 1\nb: 2\n\n",
    "a  1\n",
    "9:00 a, b\n",
    "[[1,2],[3,4]],",
    "a:\n  b: 1\n",
]
# Runs of what patterns repeat, as long as a line may be for them.
_HOSTILE += [
    "a" + " " * 110 + "b\n",
    ". " * 95 + "\n",
    "........ " * 20 + "x\n",
    "1 a" + " " * 250 + "b\n",
    "- " * 90 + "\n",
]
_HOSTILE += [f"{'Lot 1':12}{'Oat bran':20}{12:6} 2026-06-07\n", "a@b.c> " + " " * 300 + "x\n", "1 " * 95 + "\n"]
_HOSTILE += ["INSERT INTO a (b VALUES (", "insert into a values (1,", "commit abcdef1\n", "abcdef1 a (b\n"]
_HOSTILE += ["[a] [b] [c] x\n", "[10:00] " * 20 + "\n", "a 10:00\nb\n", "a 1 2\n", "a 2 x 1,50\n", "a 1,234\n"]
_HOSTILE += ["1 a 2 3\n", "[a]\nb = 1\n", "a (1)\n", "[[1 2]\n", "1/2 cup a\nb\n", "a = 1\n", "Mon 3: a 1\n"]
_HOSTILE += ["[" * 49 + "1,", "- a" + " " * 9_999 + "b\n"]


def seconds(text: str) -> float:
    """Return the CPU time of reading a text; the garbage of other tests is not collected meanwhile."""
    gc.collect()
    gc.disable()
    try:
        before = time.process_time()
        find_grids(text)
        return time.process_time() - before
    finally:
        gc.enable()


def fits_a_second(text: str) -> bool:
    """Return True when one of three readings takes less than a second of CPU."""
    return any(seconds(text) < 1 for _ in range(3))


@pytest.mark.parametrize("pattern", _HOSTILE)
def test_hostile_text_is_read_within_a_second(pattern: str) -> None:
    assert fits_a_second((pattern * (MAX_TEXT // len(pattern) + 1))[:MAX_TEXT])


@pytest.mark.parametrize(
    ("opening", "closing"),
    [("<table><tr><td>", "</td></tr></table>"), ("<a>", "</a>"), ("<div>", "</div>"), ("[", "]"), ('{"a":', "}")],
)
def test_nested_text_is_read_within_a_second(opening: str, closing: str) -> None:
    depth = MAX_TEXT // len(opening + closing)
    assert fits_a_second("<table><tr><td>" + opening * depth + closing * depth)
    assert fits_a_second(opening * depth + closing * depth)


@pytest.mark.parametrize("step", [" {}- a\n", "{}a:\n", "{}- a: 1\n", "<{}> a,b\n"])
def test_a_staircase_is_read_within_a_second(step: str) -> None:
    assert fits_a_second("".join(step.format(">" * i if "<" in step else " " * i).lstrip("<") for i in range(600)))
