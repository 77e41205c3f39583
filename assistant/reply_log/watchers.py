"""Watchers of replies: users who see a reply end need no notification of it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias
from uuid import UUID

from integrations.redis.presence import Presence

Watch: TypeAlias = tuple[UUID, UUID | None]  # a reply, and a person


class Watchers:
    """Counts the open streams of each person on each reply in this process."""

    def __init__(self) -> None:
        self._open: Counter[Watch] = Counter()

    @contextmanager
    def watching(self, reply_id: UUID, user_id: UUID | None) -> Iterator[None]:
        """A stream of this person's on this reply, for as long as it is open."""
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
        """Return True if this user has an open stream of this reply."""
        return (reply_id, user_id) in self._open

    def _begun(self, watch: Watch) -> None:
        """The first stream is open."""

    def _over(self, watch: Watch) -> None:
        """The last one is closed."""


class ClusterWatchers(Watchers):
    """Tells the other processes, and asks them; where they do not say, nobody watches there."""

    def __init__(self, marks: Presence) -> None:
        super().__init__()
        self._marks = marks

    async def is_watched(self, reply_id: UUID, user_id: UUID | None) -> bool:
        """Return True if this user has an open stream of this reply in any process."""
        watch = reply_id, user_id
        return watch in self._open or await self._marks.is_set(_name(watch))

    def _begun(self, watch: Watch) -> None:
        self._marks.set(_name(watch))

    def _over(self, watch: Watch) -> None:
        self._marks.clear(_name(watch))


def _name(watch: Watch) -> str:
    reply_id, user_id = watch
    return f"{reply_id.hex}:{user_id.hex if user_id else ''}"
