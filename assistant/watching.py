"""Who watches which reply in this process, so that nobody is told of the end of what they see end."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID


class Watching:
    """Counts the open streams of each person on each reply."""

    def __init__(self) -> None:
        self._open: Counter[tuple[UUID, UUID | None]] = Counter()

    @contextmanager
    def watching(self, reply_id: UUID, user_id: UUID | None) -> Iterator[None]:
        """A stream of this person's on this reply, for as long as it is open."""
        key = reply_id, user_id
        self._open[key] += 1
        try:
            yield
        finally:
            self._open[key] -= 1
            if not self._open[key]:
                del self._open[key]

    def is_watched(self, reply_id: UUID, user_id: UUID | None) -> bool:
        """Whether this person has a stream open on this reply here; of other processes nothing is known."""
        return (reply_id, user_id) in self._open
