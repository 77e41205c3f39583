"""A breaker before a provider: one that keeps failing is left alone for a while, and then tried again."""

import time
from collections.abc import Callable

from integrations.llm import failures
from integrations.llm.failures import ModelFailure

FAILURES = 5
OPEN_SECONDS, LONGEST_OPEN_SECONDS = 10.0, 300.0


class Breaker:
    """Closed; open after FAILURES calls in a row that failed; half-open when its time is over: one call tries.

    Only failures that may pass by themselves count. Each time that it opens again it stays open twice as long.
    """

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name, self._clock = name, clock
        self._failures = self._trips = 0
        self._open_until: float | None = None
        self._is_tried = False

    def admit(self) -> bool:
        """Whether this call is the one that tries; ModelFailure PROVIDER_UNAVAILABLE when it may not be made."""
        if self._open_until is None:
            return False
        wait = self._open_until - self._clock()
        if wait > 0 or self._is_tried:
            raise failures.unavailable(self._name, max(wait, 1.0))
        self._is_tried = True
        return True

    def heard(self, *, tries: bool) -> None:
        """The first token came: others may call too, but the next failure opens it again."""
        if tries and self._open_until is not None:
            self._close(FAILURES - 1)

    def succeeded(self) -> None:
        self._close(0)
        self._trips = 0

    def failed(self, failure: ModelFailure, *, tries: bool) -> None:
        if not failure.retryable:
            self.heard(tries=tries)  # it answers, and others may call
            return
        if self._open_until is not None and not tries:
            return
        self._failures += 1
        if self._failures >= FAILURES:
            seconds = max(OPEN_SECONDS * 2**self._trips, failure.retry_after or 0)
            self._open_until = self._clock() + min(seconds, LONGEST_OPEN_SECONDS)
            self._trips = min(self._trips + 1, 10)

    def ended(self, *, tries: bool) -> None:
        """The call is over, however it ended: when it tried and told nothing, the next one tries."""
        if tries:
            self._is_tried = False

    def _close(self, failures: int) -> None:
        self._failures, self._open_until = failures, None
