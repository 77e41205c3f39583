"""Copies of earlier states of tables, made when somebody filters, sorts or searches one, and kept for a while."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from db.core.engine import Database
from db.tables.history.as_of_queries import OF_ROWS, head, rows_below
from db.tables.history.delta_cache import DeltaCache, bring_up
from db.tables.history.reverse_delta import ReverseDelta
from db.tables.history.snapshot import SYSTEM, Snapshot
from db.tables.tables import column_of, columns_of
from errors import NotFound, RateLimited

MAX_KEPT, MAX_BYTES_KEPT, SECONDS_KEPT = 16, 2**30, 600.0
AT_ONCE, MAX_WAITING, DEADLINE, BATCH = 2, 16, 60.0, 1_000
Key = tuple[UUID, int]


class SnapshotCache:
    """Copies by table and revision. What is here was seen by somebody: ask the policy.

    The least used are forgotten when they are many or large, and each that nobody has asked for in ten minutes.
    """

    def __init__(self) -> None:
        self.states = DeltaCache()
        self._kept: OrderedDict[Key, Snapshot] = OrderedDict()
        self._forgetting: dict[Key, asyncio.TimerHandle] = {}
        self._making: dict[Key, asyncio.Task[Snapshot]] = {}
        self._places = asyncio.Semaphore(AT_ONCE)

    def find(self, table_id: UUID, number: int) -> Snapshot | None:
        """The copy if there is one."""
        key = table_id, number
        if key in self._kept:
            self._keep(key, self._kept[key])
        return self._kept.get(key)

    async def at(self, database: Database, table_id: UUID, number: int) -> Snapshot:
        """The copy of a table at a revision that it has, made now if there is none; all who want it wait for the same.

        Raises NotFound when the table is gone, RateLimited when too many are wanted at once.
        """
        kept = self.find(table_id, number)
        if kept is not None:
            return kept
        task = self._making.get((table_id, number)) or self._start(database, (table_id, number))
        return await asyncio.shield(task)

    async def close(self) -> None:
        for task in [*self._making.values()]:
            task.cancel()
        await asyncio.gather(*self._making.values(), return_exceptions=True)
        for key in [*self._kept]:
            self._forget(key)

    def _start(self, database: Database, key: Key) -> asyncio.Task[Snapshot]:
        if len(self._making) >= MAX_WAITING:
            raise RateLimited("Many earlier tables are looked into: try again in a moment.", retryAfterMs=2_000)
        task = self._making[key] = asyncio.create_task(self._make(database, *key))
        task.add_done_callback(partial(self._made, key))
        return task

    async def _make(self, database: Database, table_id: UUID, number: int) -> Snapshot:
        async with self._places:
            try:
                async with asyncio.timeout(DEADLINE):
                    return await _copy(self.states, database, table_id, number)
            except TimeoutError:
                raise RateLimited("The server is busy: try again in a moment.", retryAfterMs=10_000) from None

    def _made(self, key: Key, task: asyncio.Task[Snapshot]) -> None:
        del self._making[key]
        if not task.cancelled() and task.exception() is None:
            self._keep(key, task.result())

    def _keep(self, key: Key, copy: Snapshot) -> None:
        """It was used last."""
        self._kept[key] = copy
        self._kept.move_to_end(key)
        if key in self._forgetting:
            self._forgetting[key].cancel()
        self._forgetting[key] = asyncio.get_running_loop().call_later(SECONDS_KEPT, self._forget, key)
        while len(self._kept) > 1 and self._is_too_much():
            self._forget(next(iter(self._kept)))

    def _is_too_much(self) -> bool:
        return len(self._kept) > MAX_KEPT or sum(copy.size for copy in self._kept.values()) > MAX_BYTES_KEPT

    def _forget(self, key: Key) -> None:
        self._forgetting.pop(key).cancel()
        del self._kept[key]


async def _copy(states: DeltaCache, database: Database, table_id: UUID, number: int) -> Snapshot:
    """Today's columns, then today's rows, then what has changed up to these: so nothing that changes gets lost."""
    columns = {row.key: column_of(row) for row in await database.read(columns_of, SYSTEM, ids=[table_id])}
    copy = Snapshot(table_id)
    await copy.begin()
    async with states.held(table_id, number) as state:
        is_empty = True
        async for batch in database.stream(rows_below, SYSTEM, batch=BATCH, table_id=table_id, ceiling=state.ceiling):
            if is_empty:
                await bring_up(state, database, SYSTEM, table_id, batch[0].revision)
                is_empty = False
            await copy.lay(partial(_rows, state, batch))
        if is_empty:
            await bring_up(state, database, SYSTEM, table_id, await _revision(database, table_id))
        deleted = state.deleted_rows()
        for start in range(0, len(deleted), BATCH):
            await copy.lay(partial(_deleted, state, table_id, [id_ for _, id_ in deleted[start : start + BATCH]]))
        await copy.finish(state.columns(columns))
    return copy


async def _revision(database: Database, table_id: UUID) -> int:
    now = await database.read_one(head, SYSTEM, table_id=table_id)
    if now is None:
        raise NotFound("The table was deleted meanwhile.")
    return int(now.revision)


def _rows(state: ReverseDelta, batch: Sequence[Any]) -> Iterator[Iterable[Any]]:
    """Those that were there; the ones that have not changed since as the database gave them."""
    for row in batch:
        id_ = row.id
        if not state.was_there(id_):
            continue
        given = row[: len(OF_ROWS)]
        if state.is_changed(id_):
            last = {"values": row.values, "origins": row.origins, "version": row.version}
            yield _as_it_was({**dict(zip(OF_ROWS, given, strict=True)), **state.taken_back(id_, last)})
        else:
            yield given


def _deleted(state: ReverseDelta, table_id: UUID, ids: Sequence[UUID]) -> Iterator[Iterable[Any]]:
    for id_ in ids:
        row = state.deleted_row(id_, table_id, {})
        yield _as_it_was({name: getattr(row, name) for name in OF_ROWS})


def _as_it_was(row: dict[str, Any]) -> Iterable[Any]:
    """When a row that has changed since was changed before that, only the log knows: here it says nothing of it."""
    return {**row, "updated_at": None}.values()
