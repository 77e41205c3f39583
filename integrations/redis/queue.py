"""Queue of job ids from any process to any worker: taskiq's broker on a Redis stream, with acknowledgements."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from integrations.redis.connection import RETRY_SECONDS, SECONDS, Redis, ended, is_outage

if TYPE_CHECKING:
    from taskiq.abc.broker import AsyncBroker
    from taskiq.receiver import Receiver

RunJob: TypeAlias = Callable[[UUID], Awaitable[None]]

BLOCK_SECONDS = 2.0
LOST_SECONDS = 60  # an id without acknowledgement goes to another worker after this time
MAX_ENTRIES = 10_000
CONNECTIONS = 20

log = logging.getLogger("sheetgpt.redis")


class RedisQueue:
    """Queue of ids. The sweep of a worker finds an id in the database that Redis lost."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._run: RunJob = _refuse
        self._opening: asyncio.Task[AsyncBroker] | None = None
        self._deliver: Callable[[str], Awaitable[object]]
        self._running: set[asyncio.Task[None]] = set()

    async def send(self, job_id: UUID) -> None:
        try:
            await self._broker()
            await self._deliver(job_id.hex)
        except Exception as error:
            self._failed(error)

    async def receive(self, run: RunJob) -> None:
        self._run = run
        broker = await self._broker()
        receiver = await asyncio.to_thread(_receiver, broker)
        while True:
            try:
                # Redis may have been restarted without its data.
                await broker.startup()
                await self._listen(broker, receiver)
            except Exception as error:
                self._failed(error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self, broker: "AsyncBroker", receiver: "Receiver") -> None:
        async for message in broker.listen():
            task = asyncio.create_task(receiver.callback(message))
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):  # it could not be acknowledged
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        # taskiq wraps what a broker raises when it sends.
        if is_outage(error) or (isinstance(error.__cause__, Exception) and is_outage(error.__cause__)):
            self._redis.failed(error.__cause__ or error)
        else:
            log.error("The queue of jobs failed; workers find the jobs in the database", exc_info=error)

    async def close(self) -> None:
        await ended(self._running)
        if self._opening:
            await (await self._opening).shutdown()

    async def _broker(self) -> "AsyncBroker":
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
        return await asyncio.shield(self._opening)

    async def _open(self) -> "AsyncBroker":
        broker = await asyncio.to_thread(_make_broker, self._redis)

        async def run_job(job_id: str) -> None:
            await self._run(UUID(job_id))

        self._deliver = broker.register_task(run_job, task_name="run_job").kiq
        return broker


async def _refuse(_: UUID) -> None:
    raise RuntimeError("This process does not receive jobs.")


def _make_broker(redis: Redis) -> "AsyncBroker":
    from taskiq_redis import RedisStreamBroker

    return RedisStreamBroker(
        redis.url,
        queue_name=redis.key("jobs"),
        consumer_group_name="workers",
        consumer_id="0",  # also ids sent before the first worker started
        xread_block=int(BLOCK_SECONDS * 1000),
        maxlen=MAX_ENTRIES,
        idle_timeout=LOST_SECONDS * 1000,
        unacknowledged_lock_timeout=SECONDS,
        max_connection_pool_size=CONNECTIONS,
        timeout=SECONDS,
        socket_timeout=BLOCK_SECONDS + SECONDS,
        **redis.options,
    )


def _receiver(broker: "AsyncBroker") -> "Receiver":
    from taskiq.receiver import Receiver

    return Receiver(broker, run_startup=False, validate_params=False, max_async_tasks=CONNECTIONS)
