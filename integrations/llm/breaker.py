"""Circuit breaker before a provider: one that keeps failing gets no calls for a while, then one trial call."""

import time
from collections.abc import Callable

from integrations.llm import failures
from integrations.llm.failures import ModelFailure

FAILURES = 5
OPEN_SECONDS, MAX_OPEN_SECONDS = 10.0, 300.0


class Breaker:
    """Circuit breaker. It opens after FAILURES failed calls in a row; after that time, one trial call is let through.

    Only retryable failures count. Each time it opens again, it stays open twice as long.
    """

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name, self._clock = name, clock
        self._failures = self._trips = 0
        self._open_until: float | None = None
        self._has_trial = False

    def admit(self) -> bool:
        """Return whether this call is the trial. Raises ModelFailure PROVIDER_UNAVAILABLE when no call may be made."""
        if self._open_until is None:
            return False
        wait = self._open_until - self._clock()
        if wait > 0 or self._has_trial:
            raise failures.unavailable(self._name, max(wait, 1.0))
        self._has_trial = True
        return True

    def heard(self, *, is_trial: bool) -> None:
        """Note the first token of the trial: others may call too, but the next failure opens the breaker again."""
        if is_trial and self._open_until is not None:
            self._close(FAILURES - 1)

    def succeeded(self) -> None:
        self._close(0)
        self._trips = 0

    def failed(self, failure: ModelFailure, *, is_trial: bool) -> None:
        if not failure.retryable:
            self.heard(is_trial=is_trial)  # the provider answers, so others may call
            return
        if self._open_until is not None and not is_trial:
            return
        self._failures += 1
        if self._failures >= FAILURES:
            seconds = max(OPEN_SECONDS * 2**self._trips, failure.retry_after or 0)
            self._open_until = self._clock() + min(seconds, MAX_OPEN_SECONDS)
            self._trips = min(self._trips + 1, 10)

    def ended(self, *, is_trial: bool) -> None:
        """Note the end of a call. After a trial without a result, the next call is the trial."""
        if is_trial:
            self._has_trial = False

    def _close(self, failures: int) -> None:
        self._failures, self._open_until = failures, None
