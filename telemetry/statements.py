"""Statements of the operation in progress, kept for the log line of one that is slow."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from telemetry import metrics
from telemetry.catalog import DATABASE_SECONDS

MAX_STATEMENTS, MAX_TEXT = 20, 300


@dataclass
class Statements:
    """Slowest statements of an operation, and how many there were."""

    number: int = 0
    slowest: list[tuple[float, str]] = field(default_factory=list)

    def add(self, seconds: float, text: str) -> None:
        self.number += 1
        if len(self.slowest) < MAX_STATEMENTS:
            self.slowest.append((seconds, text))
            return
        fastest = min(range(MAX_STATEMENTS), key=lambda index: self.slowest[index][0])
        if seconds > self.slowest[fastest][0]:
            self.slowest[fastest] = seconds, text

    def described(self) -> list[str]:
        """Return the statements, the slowest first. They have placeholders where values were."""
        ordered = sorted(self.slowest, reverse=True)
        return [f"{seconds * 1000:.1f} ms {' '.join(text.split())[:MAX_TEXT]}" for seconds, text in ordered]


_current: ContextVar[Statements | None] = ContextVar("statements", default=None)


@contextmanager
def collecting() -> Iterator[Statements]:
    """Collect the statements of the block, and of the tasks that it starts."""
    statements = Statements()
    token = _current.set(statements)
    try:
        yield statements
    finally:
        _current.reset(token)


class Timed:
    """Context manager around one statement of a lane: `read`, `stream` or `write`."""

    __slots__ = ("_lane", "_started", "_text")

    def __init__(self, lane: str, text: str) -> None:
        self._lane, self._text = lane, text

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        seconds = time.perf_counter() - self._started
        metrics.observe(DATABASE_SECONDS, seconds, self._lane)
        if (statements := _current.get()) is not None:
            statements.add(seconds, self._text)
