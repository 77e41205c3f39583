"""Limits of concurrent work that are fair between people: a long queue of one does not delay another's first task."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
Waiting = deque["asyncio.Future[None]"]


class FairLimit:
    """Semaphore that admits `total` tasks at once, at most `per_person` of one person, and people in turn."""

    def __init__(self, total: int, per_person: int) -> None:
        self._free, self._per_person = total, per_person
        self._running: Counter[object] = Counter()
        self._waiting: OrderedDict[object, Waiting] = OrderedDict()  # first: the person whose turn is next

    @property
    def waiting(self) -> int:
        """Return how many tasks wait for a slot."""
        return sum(map(len, self._waiting.values()))

    @asynccontextmanager
    async def slot(self, person: object) -> AsyncIterator[None]:
        """Hold a slot of a person for the duration of the block; wait for one first."""
        await self.acquire(person)
        try:
            yield
        finally:
            self.release(person)

    async def acquire(self, person: object) -> None:
        """Wait for a slot of a person."""
        admitted = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(person, deque()).append(admitted)
        self._admit()
        try:
            await admitted
        except asyncio.CancelledError:
            if admitted.done() and not admitted.cancelled():
                self.release(person)
            else:
                self._forget(person, admitted)
            raise

    def release(self, person: object) -> None:
        """Return a slot of a person, in the event loop."""
        self._free += 1
        self._running[person] -= 1
        if not self._running[person]:
            del self._running[person]
        self._admit()

    def _admit(self) -> None:
        for person in list(self._waiting):
            if not self._free:
                return
            if self._running[person] < self._per_person:
                self._admit_one(person)

    def _admit_one(self, person: object) -> None:
        queue = self._waiting.pop(person)
        admitted = queue.popleft()
        if queue:
            self._waiting[person] = queue  # behind everyone else
        self._free -= 1
        self._running[person] += 1
        admitted.set_result(None)

    def _forget(self, person: object, admitted: "asyncio.Future[None]") -> None:
        if queue := self._waiting.get(person):
            queue.remove(admitted)
            if not queue:
                del self._waiting[person]


class FairPool:
    """Threads of their own for blocking work, apart from asyncio's default threads."""

    def __init__(self, name: str, *, threads: int, per_person: int) -> None:
        self._name, self._threads = name, threads
        self._limit = FairLimit(threads, per_person)
        self._executor: ThreadPoolExecutor | None = None

    @property
    def waiting(self) -> int:
        return self._limit.waiting

    async def run(self, person: object, work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """Return the result of blocking work, run once the person has a slot.

        A cancelled caller leaves at once; the slot stays taken until the work, which cannot be stopped, has ended.
        """
        await self._limit.acquire(person)
        loop = asyncio.get_running_loop()
        if self._executor is None:
            self._executor = ThreadPoolExecutor(self._threads, self._name)
        try:
            future = self._executor.submit(work, *arguments, **options)
        except BaseException:
            self._limit.release(person)
            raise

        def release(_: Future[T]) -> None:
            with suppress(RuntimeError):  # the event loop is closed, so no task waits for the slot
                loop.call_soon_threadsafe(self._limit.release, person)

        future.add_done_callback(release)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Drop the work that waits; running work ends by itself."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
