"""What happened, told to the rest of the product once it is committed.

The tables are what is known; an event only wakes whoever waits to read them again.
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
    """Somebody asked the reply that this job writes to stop; whoever runs it does."""

    job_id: UUID


@dataclass(frozen=True)
class ReplyProposed:
    """A reply that is still being written shows rows."""

    message_id: UUID


@dataclass(frozen=True)
class JobQueued:
    job_id: UUID


@dataclass(frozen=True)
class JobChanged:
    job_id: UUID


@dataclass(frozen=True)
class SignInEnded:
    """Somebody is signed out on a device: what is open there must close."""

    sign_in_id: UUID


@dataclass(frozen=True)
class RightsNarrowed:
    """Members of an organization may do less than before: what they have open must close."""

    organization_id: UUID


@dataclass(frozen=True)
class Notified:
    """Somebody has a new notification."""

    user_id: UUID


@dataclass(frozen=True)
class AccountDeleted:
    """Somebody is gone, and what they had is to be erased."""

    user_id: UUID


Event = (
    TableChanged
    | ReplyStopped
    | ReplyProposed
    | JobQueued
    | JobChanged
    | SignInEnded
    | RightsNarrowed
    | Notified
    | AccountDeleted
)


_KINDS: dict[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}


def encode(event: Event) -> str:
    """One line of text; every field of an event is an id."""
    return json.dumps([type(event).__name__, {name: id_.hex for name, id_ in asdict(event).items()}])


def decode(text: str) -> Event | None:
    """None for a kind of event that only a newer version knows."""
    name, ids = json.loads(text)
    kind = _KINDS.get(name)
    return kind(**{field: UUID(id_) for field, id_ in ids.items()}) if kind else None


class Hub:
    """Hands committed events to whoever listens in this process, and to `forward`, which tells other processes."""

    def __init__(self) -> None:
        self.forward: Callable[[Event], None] = lambda _: None
        self._waiting: dict[Event, set[asyncio.Event]] = {}
        self._handlers: dict[type[Event], list[Callable[[Event], None]]] = {}

    def publish(self, event: Event) -> None:
        self.dispatch_local(event)
        self.forward(event)

    def dispatch_local(self, event: Event) -> None:
        """Tell this process alone."""
        for waker in self._waiting.get(event, ()):
            waker.set()
        for handle in self._handlers.get(type(event), ()):
            handle(event)

    def wake_all(self) -> None:
        """Wake everybody who waits: events may have been lost on their way."""
        for wakers in self._waiting.values():
            for waker in wakers:
                waker.set()

    def handle(self, kind: type[Event], handler: Callable[[Event], None]) -> None:
        """Call `handler`, which must not block, with each event of a kind for as long as the hub lives."""
        self._handlers.setdefault(kind, []).append(handler)

    @contextmanager
    def subscribe(self, event: Event) -> Iterator[asyncio.Event]:
        """A flag that is set whenever an equal event is published; the listener clears it before it reads."""
        waker = asyncio.Event()
        waiting = self._waiting.setdefault(event, set())
        waiting.add(waker)
        try:
            yield waker
        finally:
            waiting.discard(waker)
            if not waiting:
                self._waiting.pop(event, None)
