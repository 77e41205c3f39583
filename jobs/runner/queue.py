"""Queues that deliver the ids of jobs to workers, through taskiq."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias
from uuid import UUID

from db.core.events import Event, Hub, JobQueued

if TYPE_CHECKING:
    from taskiq import InMemoryBroker

MAX_WAITING_IDS = 256  # ids that wait for the queue; the sweep of a worker finds those that do not fit

RunJob: TypeAlias = Callable[[UUID], Awaitable[None]]


class Queue(Protocol):
    """Queue of ids, which it may lose or repeat: the rows hold the state."""

    async def send(self, job_id: UUID) -> None: ...

    async def receive(self, run: RunJob) -> None:
        """Call `run` with each id, many concurrently, until cancelled; running calls continue."""

    async def close(self) -> None: ...


class InProcessQueue:
    """Queue of a single process; it has nothing to close."""

    def __init__(self) -> None:
        self._is_open = asyncio.Event()
        self._deliver: Callable[[str], Awaitable[object]]

    async def send(self, job_id: UUID) -> None:
        await self._is_open.wait()
        await self._deliver(job_id.hex)

    async def receive(self, run: RunJob) -> None:
        broker = (await asyncio.to_thread(_import_broker))(cast_types=False)

        async def run_job(job_id: str) -> None:
            await run(UUID(job_id))

        self._deliver = broker.register_task(run_job).kiq
        self._is_open.set()
        try:
            await asyncio.Event().wait()
        finally:
            self._is_open.clear()  # the database holds what is sent from now on
            await broker.shutdown()

    async def close(self) -> None: ...


class Delivery:
    """Sender of the jobs that this process queues, each after its commit."""

    def __init__(self, hub: Hub, queue: Queue) -> None:
        self._queue = queue
        self._mailbox: asyncio.Queue[UUID] = asyncio.Queue(MAX_WAITING_IDS)
        hub.handle(JobQueued, self._post)

    def _post(self, event: Event) -> None:
        assert isinstance(event, JobQueued)
        if not self._mailbox.full():
            self._mailbox.put_nowait(event.job_id)

    async def run(self) -> None:
        while True:
            await self._queue.send(await self._mailbox.get())


def _import_broker() -> "type[InMemoryBroker]":
    from taskiq import InMemoryBroker

    return InMemoryBroker
