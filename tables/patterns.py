"""Patterns that people give a column: regular expressions kept within what can be answered quickly."""

import re
from functools import lru_cache

MAX_PATTERN = 200
MAX_SUBJECT = 1_000
_REPEAT = re.compile(r"[*+]|\{(?:\d*,\d*|\d+)\}", re.ASCII)
_ONCE = re.compile(r"\{(?:0?,1|[01](?:,[01])?)\}", re.ASCII)


class PatternError(ValueError):
    """A pattern that is not accepted; the message says what to change."""


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a column's pattern, or raise PatternError.

    A repeated group that itself repeats or chooses, such as (a+)+ or (a|b)*, is refused: matching it can take
    time exponential in the text.
    """
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"A pattern has at most {MAX_PATTERN} characters: shorten it.")
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(f"The pattern is not a regular expression ({error}): correct it.") from error
    if _repeats_within_repeats(pattern):
        raise PatternError(
            "The pattern repeats a group that holds a repetition or an alternative, such as (a+)+: "
            "write it without the outer repetition."
        )
    return compiled


def _repeats_within_repeats(pattern: str) -> bool:
    groups, position = [False], 0
    while position < len(pattern):
        character = pattern[position]
        if character == "\\":
            position += 2
            continue
        if character == "[":
            position = _end_of_class(pattern, position)
            continue
        if character == "(":
            groups.append(False)
        elif character == ")":
            inner = groups.pop()
            if inner and _repeated_at(pattern, position + 1):
                return True
            groups[-1] = groups[-1] or inner
        elif character == "|" or _repeated_at(pattern, position):
            groups[-1] = True
        position += 1
    return False


def _repeated_at(pattern: str, position: int) -> bool:
    return _REPEAT.match(pattern, position) is not None and _ONCE.match(pattern, position) is None


def _end_of_class(pattern: str, start: int) -> int:
    position = start + 1 + (pattern[start + 1] == "^")
    position += pattern[position] == "]"
    while pattern[position] != "]":
        position += 2 if pattern[position] == "\\" else 1
    return position + 1
