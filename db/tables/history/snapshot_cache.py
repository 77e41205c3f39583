"""Cache of snapshots, which are made when an earlier revision is filtered, sorted or searched.

A snapshot is made without a lock on the table. The columns are read first, then the rows, then the changes up to the
revision of the first rows: a change that happens in between is in the log, so the reverse delta takes it back.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from db.core.engine import Database
from db.tables.history.as_of_queries import ROW_FIELDS, rows_below, table_head
from db.tables.history.delta_cache import DeltaCache, catch_up
from db.tables.history.reverse_delta import ReverseDelta
from db.tables.history.snapshot import SYSTEM, Snapshot
from db.tables.tables import column_of, columns_of
from errors import NotFound, RateLimited
from telemetry import metrics
from telemetry.catalog import CACHES, LIMITS

MAX_SNAPSHOTS, MAX_CACHED_BYTES, IDLE_SECONDS = 16, 2**30, 600.0
MAX_CONCURRENT, MAX_PENDING, TIMEOUT_SECONDS, BATCH = 2, 16, 60.0, 1_000
Key = tuple[UUID, int]


class SnapshotCache:
    """LRU cache of snapshots by table id and revision.

    The cache knows nothing of permissions: check that the viewer may see the table before each use. Snapshots are
    evicted beyond MAX_SNAPSHOTS or MAX_CACHED_BYTES, the least recently used first, and after IDLE_SECONDS unused.
    """

    def __init__(self) -> None:
        self.deltas = DeltaCache()
        self._snapshots: OrderedDict[Key, Snapshot] = OrderedDict()
        self._eviction_timers: dict[Key, asyncio.TimerHandle] = {}
        self._tasks: dict[Key, asyncio.Task[Snapshot]] = {}
        self._slots = asyncio.Semaphore(MAX_CONCURRENT)

    def find(self, table_id: UUID, number: int) -> Snapshot | None:
        """Return the snapshot if it is cached, and mark it as used."""
        key = table_id, number
        if key in self._snapshots:
            self._store(key, self._snapshots[key])
        return self._snapshots.get(key)

    async def get(self, database: Database, table_id: UUID, number: int) -> Snapshot:
        """Return the snapshot of a table at an existing revision, making it if needed; concurrent callers share one.

        Raises NotFound if the table was deleted, RateLimited if too many snapshots are being made.
        """
        cached = self.find(table_id, number)
        metrics.count(CACHES, "snapshots", "miss" if cached is None else "hit")
        if cached is not None:
            return cached
        task = self._tasks.get((table_id, number)) or self._start(database, (table_id, number))
        # Shielded: a caller that is canceled must not cancel the snapshot for the others.
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Cancel the snapshots being made and drop the others."""
        for task in [*self._tasks.values()]:
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for key in [*self._snapshots]:
            self._evict(key)

    def _start(self, database: Database, key: Key) -> asyncio.Task[Snapshot]:
        if len(self._tasks) >= MAX_PENDING:
            metrics.count(LIMITS, "snapshots")
            raise RateLimited(
                "The server is reading too many earlier revisions: try again in a moment.", retryAfterMs=2_000
            )
        task = self._tasks[key] = asyncio.create_task(self._make(database, *key))
        task.add_done_callback(partial(self._on_done, key))
        return task

    async def _make(self, database: Database, table_id: UUID, number: int) -> Snapshot:
        async with self._slots:
            try:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    return await _take_snapshot(self.deltas, database, table_id, number)
            except TimeoutError:
                raise RateLimited(
                    "Reading the earlier revision took too long: try again in a moment.", retryAfterMs=10_000
                ) from None

    def _on_done(self, key: Key, task: asyncio.Task[Snapshot]) -> None:
        del self._tasks[key]
        if not task.cancelled() and task.exception() is None:
            self._store(key, task.result())

    def _store(self, key: Key, snapshot: Snapshot) -> None:
        """Cache the snapshot as the most recently used."""
        self._snapshots[key] = snapshot
        self._snapshots.move_to_end(key)
        if key in self._eviction_timers:
            self._eviction_timers[key].cancel()
        self._eviction_timers[key] = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._evict, key)
        while len(self._snapshots) > 1 and self._is_over_limit():
            self._evict(next(iter(self._snapshots)))

    def _is_over_limit(self) -> bool:
        return (
            len(self._snapshots) > MAX_SNAPSHOTS
            or sum(snapshot.size for snapshot in self._snapshots.values()) > MAX_CACHED_BYTES
        )

    def _evict(self, key: Key) -> None:
        self._eviction_timers.pop(key).cancel()
        del self._snapshots[key]


async def _take_snapshot(deltas: DeltaCache, database: Database, table_id: UUID, number: int) -> Snapshot:
    """Make the snapshot of a table at the revision `number`."""
    # Columns before rows before changes: see the module's description.
    columns = {row.key: column_of(row) for row in await database.read(columns_of, SYSTEM, ids=[table_id])}
    snapshot = Snapshot(table_id)
    await snapshot.begin()
    async with deltas.locked(table_id, number) as delta:
        is_empty = True
        async for batch in database.stream(
            rows_below, SYSTEM, batch=BATCH, table_id=table_id, end_position=delta.end_position
        ):
            if is_empty:
                await catch_up(delta, database, SYSTEM, table_id, batch[0].revision)
                is_empty = False
            await snapshot.insert(partial(_rows, delta, batch))
        if is_empty:
            await catch_up(delta, database, SYSTEM, table_id, await _revision(database, table_id))
        deleted = delta.deleted_rows()
        for start in range(0, len(deleted), BATCH):
            await snapshot.insert(
                partial(_deleted, delta, table_id, [id_ for _, id_ in deleted[start : start + BATCH]])
            )
        await snapshot.finish(delta.columns(table_id, columns))
    return snapshot


async def _revision(database: Database, table_id: UUID) -> int:
    now = await database.read_one(table_head, SYSTEM, table_id=table_id)
    if now is None:
        raise NotFound("The table was deleted while it was read.")
    return int(now.revision)


def _rows(delta: ReverseDelta, batch: Sequence[Any]) -> Iterator[Iterable[Any]]:
    """Yield the rows that existed at the revision, as of it."""
    for row in batch:
        id_ = row.id
        if not delta.existed(id_):
            continue
        fields = row[: len(ROW_FIELDS)]
        if delta.is_changed(id_):
            last = {"values": row.values, "origins": row.origins, "version": row.version}
            yield _without_update_time(
                {**dict(zip(ROW_FIELDS, fields, strict=True)), **delta.reverted_fields(id_, last)}
            )
        else:
            # Unchanged rows pass as the driver returned them: most rows of most tables are.
            yield fields


def _deleted(delta: ReverseDelta, table_id: UUID, ids: Sequence[UUID]) -> Iterator[Iterable[Any]]:
    for id_ in ids:
        row = delta.deleted_row(id_, table_id, {})
        yield _without_update_time({name: getattr(row, name) for name in ROW_FIELDS})


def _without_update_time(row: dict[str, Any]) -> Iterable[Any]:
    """Return the fields of a row without `updated_at`."""
    # Only the log knows when the row was last changed before the revision; the reader looks it up for its page.
    return {**row, "updated_at": None}.values()
