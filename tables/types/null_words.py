"""Marks that stand in a cell for the absence of a value, and marks that refer from a value to a note."""

import re

_WORDS = r"""
n/a n.a. n.a na n\a #n/a #na <na> nan null (null) <null> [null] none nil nat - – — − -- --- ― … ...
k.a. k.a n/d n.d. n.d nd s/d s.d. b/d b.d. н/д н.д. 无 暂无 なし 없음 無
"""
_NULL_WORDS = frozenset(_WORDS.split())
_LONGEST = 8
_SPACES = re.compile(r"\s+")
_REFERENCE = re.compile(
    r"(?<=[\w)%€$£¥.\-])\s?(?:(?:\[(?:\d{1,3}|[a-z]{1,2}|(?:note|nb|n|fn)\.?\s?\d{1,3})\])+|[*†‡§¶#]{1,3}|[¹²³⁰⁴-⁹]{1,2})\Z",
    re.IGNORECASE,
)
_POWER = re.compile(r"\D*\d{1,2}[¹²³]\Z")


def is_null(text: str) -> bool:
    """Return True for `N/A`, `NULL`, `NaN`, a dash and their like."""
    word = text.strip()
    return 0 < len(word) <= _LONGEST and _SPACES.sub("", word).casefold() in _NULL_WORDS


def without_reference(text: str) -> str:
    """Return the text without a footnote's mark behind it: `9,833,517[3]`, `12.5*`; `5²` stays, it may be a power."""
    text = text.rstrip()
    if not text or (text[-1].isalnum() and text[-1] not in "¹²³⁰⁴⁵⁶⁷⁸⁹") or _POWER.match(text):
        return text
    found = _REFERENCE.search(text, max(0, len(text) - 24))
    return text[: found.start()].rstrip() if found else text
