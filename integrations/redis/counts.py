"""Counters of attempts that all processes share."""

from typing import TYPE_CHECKING

from integrations.redis.connection import SECONDS, Redis

if TYPE_CHECKING:
    from limits.aio.storage import Storage
    from limits.storage import Storage as BlockingStorage


def shared_counts(redis: Redis) -> "Storage":
    """Return the storage of `limits`; it raises StorageError while Redis is away."""
    from limits.aio.storage import RedisStorage

    # The URL only selects the kind of server: the connections are ours, with their deadlines.
    return RedisStorage(
        "async+redis://",
        implementation="redispy",
        wrap_exceptions=True,
        key_prefix=redis.key("attempts"),
        connection_pool=redis.client.connection_pool,  # type: ignore[arg-type]  # documented, and typed too narrowly
    )


def shared_blocking_counts(redis: Redis) -> "BlockingStorage":
    """Return the storage of `limits` for threads; it raises StorageError while Redis is away."""
    from limits.storage import RedisStorage

    return RedisStorage(
        redis.url,
        key_prefix=redis.key("quota"),
        wrap_exceptions=True,
        socket_timeout=SECONDS,
        socket_connect_timeout=SECONDS,
    )
