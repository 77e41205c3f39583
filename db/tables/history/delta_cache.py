"""Cache of reverse deltas, so that paging through an earlier revision reads each change of the log once."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from auth.viewer import Viewer
from db.core.engine import Database
from db.tables.history.as_of_queries import MAX_POSITION, change_log
from db.tables.history.reverse_delta import ReverseDelta

MAX_CACHED_ROWS = 200_000  # changed rows of all deltas together
BATCH = 200  # changes recorded between two pauses for the event loop


@dataclass
class _Entry:
    delta: ReverseDelta
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class DeltaCache:
    """LRU cache of deltas by table id and revision, bounded by MAX_CACHED_ROWS.

    The cache knows nothing of permissions: check that the viewer may see the table before each use. A delta is caught
    up with the log when it is used again. A canceled catch-up leaves a valid delta that continues at `log_position`.
    """

    def __init__(self) -> None:
        self._entries: OrderedDict[tuple[UUID, int], _Entry] = OrderedDict()

    async def get(self, database: Database, viewer: Viewer, table_id: UUID, number: int, current: int) -> ReverseDelta:
        """Return the delta from revision `number` to `current`, the newest revision of the table."""
        async with self.locked(table_id, number) as delta:
            await catch_up(delta, database, viewer, table_id, current)
        return delta

    @asynccontextmanager
    async def locked(self, table_id: UUID, number: int) -> AsyncIterator[ReverseDelta]:
        """Lock and yield the delta as far as it is known; other readers wait."""
        entry = self._entries.setdefault((table_id, number), _Entry(ReverseDelta(number)))
        self._entries.move_to_end((table_id, number))
        async with entry.lock:
            yield entry.delta
        self._evict()

    def _evict(self) -> None:
        rows = sum(len(entry.delta) for entry in self._entries.values())
        while rows > MAX_CACHED_ROWS and len(self._entries) > 1:
            _, oldest = self._entries.popitem(last=False)
            rows -= len(oldest.delta)


async def catch_up(delta: ReverseDelta, database: Database, viewer: Viewer, table_id: UUID, current: int) -> None:
    """Record the changes up to revision `current` in a locked delta."""
    if delta.log_position >= (current, MAX_POSITION):
        return
    number, position = delta.log_position
    changes = database.stream(
        change_log, viewer, batch=BATCH, table_id=table_id, number=number, place=position, until=current
    )
    async for batch in changes:
        for change in batch:
            delta.record(change)
    # Sorting 100,000 deleted rows takes longer than the event loop may be blocked.
    if not delta.is_sorted():
        await asyncio.to_thread(delta.deleted_rows)
    delta.log_position = (current, MAX_POSITION)
