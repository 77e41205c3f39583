"""Quota of the Sheets API, kept by waiting: requests a minute of one Google account, and of all together."""

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.storage import Storage
    from limits.strategies import MovingWindowRateLimiter

# Google's limits: https://developers.google.com/workspace/sheets/api/limits
PER_USER, PER_PROJECT, SECONDS = 60, 300, 60
RETRY_SHARED_SECONDS = 5.0  # shared counts that failed are not asked again sooner


class RequestKind(StrEnum):
    """Kind of a request, each with a quota of its own."""

    READ = "read"
    WRITE = "write"


class Quota:
    """Counter of requests in sliding windows, for the threads of this process.

    Counts are shared between processes through `shared`; without it, or while it is away, each process counts for
    itself.
    """

    def __init__(
        self,
        shared: "Callable[[], Storage] | None" = None,
        *,
        per_user: int = PER_USER,
        per_project: int = PER_PROJECT,
        seconds: int = SECONDS,
    ) -> None:
        self._shared = shared
        self._limits = per_user, per_project, seconds
        self._lock = threading.Lock()
        self._shared_retry_at = 0.0

    def take(self, kind: RequestKind, address: str, stopped: threading.Event) -> None:
        """Count a request of a Google account; wait before it while a limit is reached, until `stopped` is set."""
        while wait := self._try(kind, address):
            if stopped.wait(wait):
                return

    def _try(self, kind: RequestKind, address: str) -> float:
        """Count a request and return 0, or return the seconds until the next attempt."""
        from limits import RateLimitItemPerSecond
        from limits.errors import StorageError

        per_user, per_project, seconds = self._limits
        user = hashlib.sha256(address.encode()).hexdigest()
        items = [
            (RateLimitItemPerSecond(per_user, seconds), (kind.value, "user", user)),
            (RateLimitItemPerSecond(per_project, seconds), (kind.value, "project")),
        ]
        with self._lock:
            if self._shared is not None and time.monotonic() >= self._shared_retry_at:
                try:
                    return _hit(self._shared_limiter, items)
                except (StorageError, OSError):
                    self._shared_retry_at = time.monotonic() + RETRY_SHARED_SECONDS
            return _hit(self._own_limiter, items)

    @cached_property
    def _own_limiter(self) -> "MovingWindowRateLimiter":
        from limits.storage import MemoryStorage
        from limits.strategies import MovingWindowRateLimiter

        return MovingWindowRateLimiter(MemoryStorage())

    @cached_property
    def _shared_limiter(self) -> "MovingWindowRateLimiter":
        from limits.strategies import MovingWindowRateLimiter

        assert self._shared is not None
        return MovingWindowRateLimiter(self._shared())


def _hit(limiter: "MovingWindowRateLimiter", items: "Sequence[tuple[RateLimitItem, tuple[str, ...]]]") -> float:
    """Count a request under all limits and return 0; or under none, and return the seconds until one is free."""
    for item, key in items:
        if not limiter.test(item, *key):
            reset, _ = limiter.get_window_stats(item, *key)
            return max(0.01, reset - time.time())
    # Another process may count between `test` and `hit`; then this request waits although it was counted in part.
    return 0.0 if all(limiter.hit(item, *key) for item, key in items) else 0.1
