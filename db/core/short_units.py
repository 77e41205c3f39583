"""Marks of short units, which may share a transaction and its commit with others that wait for SQLite's writer."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

MAX_ITEMS = 100  # in an argument of a unit; with more it is not short


def short(unit: F) -> F:
    """Mark a unit that takes milliseconds and has no effect outside its transaction, so that it can run again."""
    unit.__dict__["is_short"] = True
    return unit


def is_short_unit(unit: Callable[..., Any], arguments: Iterable[Any]) -> bool:
    """Return True for a marked unit, unless one of its arguments is a long collection."""
    is_marked: bool = getattr(unit, "is_short", False)
    return is_marked and not any(
        isinstance(argument, list | tuple | set | frozenset | dict) and len(argument) > MAX_ITEMS
        for argument in arguments
    )
