"""Patterns that people give a column: regular expressions that get so much processor time and no more."""

import re
from functools import lru_cache
from math import prod
from time import thread_time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import regex  # type: ignore[import-untyped]  # it is published without types

MAX_PATTERN = 200
MAX_SUBJECT = 1_000
DEADLINE = 0.01  # seconds of one match; an ordinary one takes a few microseconds
_ALLOWANCE = 0.05  # seconds that the slow matches of one column share within one operation
_ORDINARY = 50e-6  # seconds that every match may take
_EARNED = 200e-6  # seconds that each answer gives back, so that some slow texts are no harm to the others
_AGAIN, _TRIES_AGAIN = 1e-3, 20  # seconds of a second try, and how many there are
_MAX_REPEATS = 2_000

_COUNT = re.compile(r"\{(\d*)(?:,(\d*))?\}", re.ASCII)
_GROUP_COUNT = re.compile(r"\)\s*\{(\d*)(?:,(\d*))?\}", re.ASCII)
_REFUSED = re.compile(r"\(\?(?:#|[a-zA-Z01]*x|R|\d|&|P>)", re.ASCII)


class PatternError(ValueError):
    """A pattern that is not accepted, or takes too long; the message says what to change."""


class Matcher:
    """One column's pattern in one operation: of all its matches together only so many may be slow."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._left = _ALLOWANCE
        self._tries_again = _TRIES_AGAIN

    def matches(self, text: str) -> bool:
        """Return True when the whole text matches. Raise PatternError when the time is over."""
        if len(text) > MAX_SUBJECT:
            raise PatternError(f"A text with a pattern has at most {MAX_SUBJECT:,} characters: shorten it.")
        deadline = min(DEADLINE, max(_ORDINARY, self._left))
        answer = self._answer(text, deadline)
        if answer is None and deadline < _AGAIN and self._tries_again:
            # So short a time may be over although the text is an ordinary one.
            self._tries_again -= 1
            answer = self._answer(text, _AGAIN)
        if answer is None:
            raise PatternError(
                f"The pattern {self._pattern} takes too long on such a text: write it without repetitions that can "
                "share a text in many ways, such as (a+)+."
            )
        return answer

    def _answer(self, text: str, deadline: float) -> bool | None:
        """Return True when the text matches; None when the time is over."""
        compiled = compile_pattern(self._pattern)
        begun = thread_time()
        try:
            # The lock is kept: a column of 100,000 texts would else queue for it as often.
            match = compiled.fullmatch(text, timeout=deadline, concurrent=False) is not None
        except TimeoutError:
            match = None
        slow = max(0.0, thread_time() - begun - _ORDINARY)
        self._left = min(_ALLOWANCE, self._left - slow + (0.0 if match is None else _EARNED))
        return match


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> "regex.Pattern[Any]":
    """Compile a column's pattern, or raise PatternError."""
    import regex

    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"A pattern has at most {MAX_PATTERN} characters: shorten it.")
    if _REFUSED.search(pattern):
        raise PatternError("A pattern has no comments, no flag x and no group that calls itself: leave them out.")
    if _repeats(pattern) > _MAX_REPEATS:
        raise PatternError("The pattern counts too far, such as (a{500}){500}: take smaller numbers.")
    try:
        return regex.compile(pattern, cache_pattern=False)
    # Besides its own error, the parser lets out whatever it stumbles over.
    except (regex.error, ValueError, OverflowError, RecursionError, LookupError) as error:
        raise PatternError(f"The pattern is not a regular expression ({error}): correct it.") from error


def _repeats(pattern: str) -> int:
    """Return an upper bound of how many copies of a part the pattern asks for: memory is taken for each of them."""
    groups = prod(_highest(match) for match in _GROUP_COUNT.finditer(pattern))
    return groups * max((_highest(match) for match in _COUNT.finditer(pattern)), default=1)


def _highest(count: re.Match[str]) -> int:
    return max([1, *(int(bound) for bound in count.groups() if bound)])
