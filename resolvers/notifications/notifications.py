"""Notifications: list them, follow them, mark them as read."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import argument

from db.core.base import now
from db.core.events import Notified
from db.core.session import Session
from db.core.sqlite_writer import short
from db.models.notifications import Notification
from db.notifications import notifications
from db.notifications.activity import smallest_id
from errors import BadUserInput
from resolvers.core.context import Context, Info
from resolvers.core.ids import decode_id, global_id_in, global_id_of
from resolvers.core.pages import KeysetPage

IDLE_SECONDS = 15.0
# A transaction may commit after another that began later, so new ids can be smaller than ones already read.
OVERLAP = timedelta(seconds=10)
MAX_IDS = 100


@dataclass(frozen=True)
class MarkNotificationsReadResult:
    notifications: list[Notification]
    unread_count: int


def list_notifications(
    info: Info,
    unread_only: Annotated[bool, argument(description="Only unread notifications; false by default.")] = False,
) -> KeysetPage[Notification]:
    viewer = info.context.viewer
    return info.context.page(notifications.all_notifications, user_id=viewer.user_id, unread=unread_only or None)


def moment_of(root: strawberry.Parent[Any]) -> datetime:
    moment: datetime = root.created_at
    return moment


def is_read(root: strawberry.Parent[Any]) -> bool:
    return root.read_at is not None


def subject_id_of(root: strawberry.Parent[Any]) -> strawberry.ID | None:
    return global_id_in(root.subject_table, root.subject_id)


async def mark_notifications_read(
    info: Info,
    ids: Annotated[
        list[strawberry.ID] | None,
        argument(description="Ids of at most 100 notifications; the newest 1,000 unread ones when omitted."),
    ] = None,
) -> MarkNotificationsReadResult:
    if ids is not None and len(ids) > MAX_IDS:
        raise BadUserInput.of(
            "ids", f"Send at most {MAX_IDS} ids, not {len(ids):,}; omit `ids` to mark all notifications."
        )
    keys = None if ids is None else [decode_id(id_, Notification, f"ids.{n}") for n, id_ in enumerate(ids)]

    @short
    def unit(session: Session) -> MarkNotificationsReadResult:
        return MarkNotificationsReadResult(notifications.mark_read(session, keys), notifications.unread_count(session))

    return await info.context.write(unit)


def position_of(notification: Notification) -> str:
    return global_id_of(notification)


async def follow_notifications(
    info: Info,
    after: Annotated[
        strawberry.ID | None,
        argument(
            description="Id of the last notification that you have; the stream starts with the next one when omitted."
        ),
    ] = None,
) -> AsyncGenerator[Notification, None]:
    """Yield each new notification once, as soon as it is committed."""
    context = info.context
    user_id = context.viewer.user_id
    if user_id is None:
        return
    after = strawberry.ID(resumed) if (resumed := context.resumed_after(after)) is not None else None
    feed = NotificationFeed(
        context, user_id, smallest_id(now() - OVERLAP) if after is None else decode_id(after, Notification)
    )
    with context.backend.hub.subscribe(Notified(user_id)) as notified:
        if after is None:
            await feed.read()  # already existing ones are not sent
        while True:
            notified.clear()
            unsent = await feed.read()
            for notification in unsent:
                yield notification
            if not unsent:
                with suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_SECONDS):
                        await notified.wait()


class NotificationFeed:
    """Notifications of a user after `start` that the subscription has not sent yet."""

    def __init__(self, context: Context, user_id: UUID, start: UUID) -> None:
        self._context, self._user_id = context, user_id
        self._start = self._floor = start
        self._sent: set[UUID] = set()

    async def read(self) -> list[Notification]:
        while True:
            rows = await self._context.fresh().read(notifications.since, user_id=self._user_id, floor=self._floor)
            new = [row for row in rows if row.id not in self._sent]
            is_last = len(rows) < notifications.STREAM_BATCH
            self._floor = self._overlapping() if is_last else rows[-1].id
            # No transaction commits an id older than the overlap any more, so those are forgotten.
            self._sent = {id_ for id_ in self._sent | {row.id for row in rows} if id_ > self._overlapping()}
            if new or is_last:
                return new

    def _overlapping(self) -> UUID:
        return max(self._start, smallest_id(now() - OVERLAP))
