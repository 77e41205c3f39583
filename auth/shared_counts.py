"""Counts that all processes share, and what happens while they are away."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from limits.aio.storage import Storage

T = TypeVar("T")

SHARED_SECONDS = 1.0  # shared counts that have not answered by then have failed
RETRY_SHARED_SECONDS = 5.0  # shared counts that failed are not asked again sooner


class SharedCountsAway(Exception):
    """Error: there are no shared counts, or they do not answer; the process counts in its memory instead."""


class SharedCounts:
    """Storage of counts that all processes share; after a failure it is not asked again for some seconds."""

    def __init__(self, open_storage: "Callable[[], Storage] | None" = None) -> None:
        self._open_storage = open_storage
        self._retry_at = 0.0

    @property
    def is_away(self) -> bool:
        return self._open_storage is None or time.monotonic() < self._retry_at

    async def call(self, work: "Callable[[Storage], Awaitable[T]]") -> T:
        """Return the result of `work` with the storage. Raises SharedCountsAway."""
        if self.is_away:
            raise SharedCountsAway
        from limits.errors import StorageError

        try:
            async with asyncio.timeout(SHARED_SECONDS):
                return await work(self._storage)
        except (StorageError, OSError):
            self._retry_at = time.monotonic() + RETRY_SHARED_SECONDS
            raise SharedCountsAway from None

    @cached_property
    def _storage(self) -> "Storage":
        assert self._open_storage is not None
        return self._open_storage()
