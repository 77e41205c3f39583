"""Events that are published to the rest of the product after a commit.

The tables hold the facts; an event only wakes its subscribers to read them again.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import get_args
from uuid import UUID


@dataclass(frozen=True)
class TableChanged:
    table_id: UUID


@dataclass(frozen=True)
class ReplyStopped:
    """Someone asked to stop the reply of this job; the worker that runs it cancels it."""

    job_id: UUID


@dataclass(frozen=True)
class ReplyProposed:
    """A reply in progress has rows to show."""

    message_id: UUID


@dataclass(frozen=True)
class JobQueued:
    job_id: UUID


@dataclass(frozen=True)
class JobChanged:
    job_id: UUID


@dataclass(frozen=True)
class SignInEnded:
    """A session has ended: its open sockets and streams must close."""

    sign_in_id: UUID


@dataclass(frozen=True)
class ApiKeyRevoked:
    """An API key was revoked: its open sockets and streams must close."""

    api_key_id: UUID


@dataclass(frozen=True)
class RightsNarrowed:
    """Members of an organization have fewer rights than before: their open streams must close."""

    organization_id: UUID


@dataclass(frozen=True)
class Notified:
    """A user has a new notification."""

    user_id: UUID


@dataclass(frozen=True)
class ActivityRecorded:
    """Something that members of an organization may see was created, changed, deleted or restored."""

    organization_id: UUID


@dataclass(frozen=True)
class AccountDeleted:
    """A user deleted the account: its data is to be erased."""

    user_id: UUID


Event = (
    TableChanged
    | ReplyStopped
    | ReplyProposed
    | JobQueued
    | JobChanged
    | SignInEnded
    | ApiKeyRevoked
    | RightsNarrowed
    | Notified
    | ActivityRecorded
    | AccountDeleted
)


_KINDS: dict[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}


def encode(event: Event) -> str:
    """Return an event as one line of text; every field of an event is an id."""
    return json.dumps([type(event).__name__, {name: id_.hex for name, id_ in asdict(event).items()}])


def decode(text: str) -> Event | None:
    """Return the event of a line, or None for a kind that only a newer version knows."""
    name, ids = json.loads(text)
    kind = _KINDS.get(name)
    return kind(**{field: UUID(id_) for field, id_ in ids.items()}) if kind else None


class Hub:
    """Dispatches committed events to subscribers in this process and, through `forward`, to other processes."""

    def __init__(self) -> None:
        self.forward: Callable[[Event], None] = lambda _: None
        self._waiting: dict[Event, set[asyncio.Event]] = {}
        self._handlers: dict[type[Event], list[Callable[[Event], None]]] = {}

    def publish(self, event: Event) -> None:
        self.dispatch_local(event)
        self.forward(event)

    def dispatch_local(self, event: Event) -> None:
        """Wake the subscribers and call the handlers of this process only."""
        for waker in self._waiting.get(event, ()):
            waker.set()
        for handle in self._handlers.get(type(event), ()):
            handle(event)

    def wake_all(self) -> None:
        """Wake all subscribers, because events may have been lost."""
        for wakers in self._waiting.values():
            for waker in wakers:
                waker.set()

    def handle(self, kind: type[Event], handler: Callable[[Event], None]) -> None:
        """Call `handler`, which must not block, with every event of a kind from now on."""
        self._handlers.setdefault(kind, []).append(handler)

    @contextmanager
    def subscribe(self, *events: Event) -> Iterator[asyncio.Event]:
        """Yield a flag that is set whenever one of these events is published.

        The subscriber clears it before reading.
        """
        waker = asyncio.Event()
        for event in events:
            self._waiting.setdefault(event, set()).add(waker)
        try:
            yield waker
        finally:
            for event in events:
                waiting = self._waiting[event]
                waiting.discard(waker)
                if not waiting:
                    del self._waiting[event]
