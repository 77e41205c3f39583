"""Registry of who watches which reply, so that nobody is notified of an end that they see."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias
from uuid import UUID

from integrations.redis.presence import Presence

Watch: TypeAlias = tuple[UUID, UUID | None]  # ids of a reply and of a user


class Watchers:
    """Counters of each user's open streams on each reply in this process."""

    def __init__(self) -> None:
        self._open: Counter[Watch] = Counter()

    @contextmanager
    def watching(self, reply_id: UUID, user_id: UUID | None) -> Iterator[None]:
        """Count a stream of a user on a reply while the block runs."""
        watch = reply_id, user_id
        self._open[watch] += 1
        if self._open[watch] == 1:
            self._begun(watch)
        try:
            yield
        finally:
            self._open[watch] -= 1
            if not self._open[watch]:
                del self._open[watch]
                self._over(watch)

    async def is_watched(self, reply_id: UUID, user_id: UUID | None) -> bool:
        """Return whether a user has a stream open on a reply."""
        return (reply_id, user_id) in self._open

    def _begun(self, watch: Watch) -> None:
        """Note that the first stream was opened."""

    def _over(self, watch: Watch) -> None:
        """Note that the last stream was closed."""


class ClusterWatchers(Watchers):
    """Watchers of all processes, shared through Presence. Without an answer, nobody watches elsewhere."""

    def __init__(self, presence: Presence) -> None:
        super().__init__()
        self._presence = presence

    async def is_watched(self, reply_id: UUID, user_id: UUID | None) -> bool:
        """Return whether a user has a stream open on a reply in any process."""
        watch = reply_id, user_id
        return watch in self._open or await self._presence.is_set(_name(watch))

    def _begun(self, watch: Watch) -> None:
        self._presence.set(_name(watch))

    def _over(self, watch: Watch) -> None:
        self._presence.clear(_name(watch))


def _name(watch: Watch) -> str:
    reply_id, user_id = watch
    return f"{reply_id.hex}:{user_id.hex if user_id else ''}"
