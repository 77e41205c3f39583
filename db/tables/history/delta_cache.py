"""Earlier states of tables, kept while people page through them."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from auth.viewer import Viewer
from db.core.engine import Database
from db.tables.history.as_of_queries import LAST, log
from db.tables.history.reverse_delta import ReverseDelta

MAX_ROWS_KEPT = 200_000  # changed rows, of all states together
BATCH = 200  # changes that are taken without a pause


@dataclass
class _Kept:
    state: ReverseDelta
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class DeltaCache:
    """States by table and revision, the least used forgotten first. What is here was seen by somebody: ask the policy.

    A state is brought up to date with the changes since it was last asked for, so each change is read once; a reader
    who leaves halfway does no harm.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[UUID, int], _Kept] = OrderedDict()

    async def at(self, database: Database, viewer: Viewer, table_id: UUID, number: int, today: int) -> ReverseDelta:
        """What has changed in a table since revision `number`, up to `today`, the newest one."""
        async with self.held(table_id, number) as state:
            await bring_up(state, database, viewer, table_id, today)
        return state

    @asynccontextmanager
    async def held(self, table_id: UUID, number: int) -> AsyncIterator[ReverseDelta]:
        """What is known by now of what has changed; nobody else brings it up to date meanwhile."""
        kept = self._kept.setdefault((table_id, number), _Kept(ReverseDelta(number)))
        self._kept.move_to_end((table_id, number))
        async with kept.lock:
            yield kept.state
        self._forget()

    def _forget(self) -> None:
        rows = sum(len(kept.state) for kept in self._kept.values())
        while rows > MAX_ROWS_KEPT and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            rows -= len(oldest.state)


async def bring_up(state: ReverseDelta, database: Database, viewer: Viewer, table_id: UUID, today: int) -> None:
    """Tell a state that is held the changes up to `today`."""
    if state.taken >= (today, LAST):
        return
    number, place = state.taken
    changes = database.stream(log, viewer, batch=BATCH, table_id=table_id, number=number, place=place, until=today)
    async for batch in changes:
        for change in batch:
            state.take(change)
    if not state.is_sorted():
        await asyncio.to_thread(state.deleted_rows)
    state.taken = (today, LAST)
