"""Activity: follow the changes of the objects that the viewer may see, across reconnects and processes."""

import asyncio
from base64 import b64decode
from binascii import Error, b2a_base64
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import argument

from auth.viewer import Viewer
from db.core.activity_recorder import ActivityAction
from db.core.events import ActivityRecorded
from db.models import activity as models
from db.models.users import User
from db.notifications import activity
from errors import BadUserInput, Unauthenticated
from resolvers.core.context import Context, Info
from resolvers.core.ids import global_id_in, type_name_in

IDLE_SECONDS = 15.0
MAX_DIGITS = 15
MAX_CURSOR = 100_000  # characters; about 1,500 organizations
SYSTEM = Viewer.system()

Positions = dict[UUID, int]  # number of the last activity that the client has, by organization


@dataclass(frozen=True)
class Activity:
    """One activity, with the cursor of the moment after it."""

    cursor: str
    row: models.Activity


def action_of(root: strawberry.Parent[Activity]) -> ActivityAction:
    return root.row.action


def node_type_of(root: strawberry.Parent[Activity]) -> str:
    return type_name_in(root.row.subject_table)


def node_id_of(root: strawberry.Parent[Activity]) -> strawberry.ID:
    id_ = global_id_in(root.row.subject_table, root.row.subject_id)
    assert id_ is not None, f"{root.row.subject_table} is announced, but has no GraphQL type"
    return id_


async def actor_of(root: strawberry.Parent[Activity], info: Info) -> User | None:
    return await info.context.by_id(User, root.row.created_by_id)


def moment_of(root: strawberry.Parent[Activity]) -> datetime:
    return root.row.created_at


def position_of(event: Activity) -> str:
    return event.cursor


async def follow_activity(
    info: Info,
    after: Annotated[
        str | None,
        argument(
            description="Cursor of the last activity that you have, at most 7 days old; the stream starts with the "
            "next activity when omitted, and with the oldest one that is stored when empty."
        ),
    ] = None,
) -> AsyncGenerator[Activity, None]:
    """Yield each activity that the viewer may see, once and in the order of the commits of its organization."""
    context = info.context
    user_id = context.viewer.user_id
    if user_id is None:
        return
    after = context.resumed_after(after)
    feed = ActivityFeed(context, user_id)
    await feed.start(None if after is None else _decoded(after))
    hub = context.backend.hub
    while True:
        subscribed = feed.organization_ids
        with hub.subscribe(*(ActivityRecorded(id_) for id_ in subscribed)) as woken:
            # Left when an organization was joined or left, to wait for the activity of the present ones.
            while feed.organization_ids == subscribed:
                woken.clear()
                async for item in feed.read():
                    yield item
                with suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_SECONDS):
                        await woken.wait()


async def activity_cursor(info: Info) -> str:
    user_id = info.context.viewer.user_id
    if user_id is None:
        raise Unauthenticated
    feed = ActivityFeed(info.context, user_id)
    await feed.start(None)
    return feed.cursor


class ActivityFeed:
    """Activity of a person's organizations after the positions that the client has."""

    def __init__(self, context: Context, user_id: UUID) -> None:
        self._context, self._user_id = context, user_id
        self._positions: Positions = {}

    @property
    def organization_ids(self) -> set[UUID]:
        return set(self._positions)

    @property
    def cursor(self) -> str:
        text = ",".join(f"{id_.hex}:{number}" for id_, number in self._positions.items())
        return b2a_base64(text.encode(), newline=False).decode().rstrip("=")

    async def start(self, positions: Positions | None) -> None:
        """Begin after these positions, or now. Raises BadUserInput for positions that are no longer stored."""
        for organization in await self._organizations():
            id_, last = organization.id, organization.last_activity
            if positions is None:
                self._positions[id_] = last
            elif id_ not in positions:
                self._positions[id_] = await self._position_of_joining(organization)
            elif positions[id_] == last or await self._is_stored(id_, positions[id_] + 1):
                self._positions[id_] = positions[id_]
            else:
                advice = "Request a new `activityCursor`, load your lists again, and subscribe after it."
                raise BadUserInput.of("after", f"This cursor is too old. {advice}")

    async def read(self) -> AsyncGenerator[Activity, None]:
        """Yield what was committed since, organization by organization."""
        organizations = await self._organizations()
        present = {organization.id for organization in organizations}
        self._positions = {id_: number for id_, number in self._positions.items() if id_ in present}
        for organization in organizations:
            if organization.id not in self._positions:
                self._positions[organization.id] = await self._position_of_joining(organization)
            async for item in self._read(organization.id, organization.last_activity):
                yield item

    async def _read(self, id_: UUID, last: int) -> AsyncGenerator[Activity, None]:
        while (after := self._positions[id_]) < last:
            until = min(after + activity.WINDOW, last)
            arguments = {"organization_id": id_, "after": after, "until": until}
            for row in await self._context.read(activity.window, **arguments):
                self._positions[id_] = row.number
                yield Activity(self.cursor, row)
            self._positions[id_] = until  # the last ones of the window may be hidden from the viewer

    async def _organizations(self) -> list[Any]:
        return await self._context.read(activity.organizations, user_id=self._user_id)

    async def _position_of_joining(self, organization: Any) -> int:
        """Return the position before everything that was stored since the person joined an organization."""
        database, joined_at = self._context.backend.database, organization.joined_at
        (first,) = await database.read(activity.first_number, SYSTEM, organization_id=organization.id, since=joined_at)
        position: int = organization.last_activity if first.number is None else first.number - 1
        return position

    async def _is_stored(self, organization_id: UUID, number: int) -> bool:
        arguments = {"organization_id": organization_id, "number": number}
        return bool(await self._context.backend.database.read(activity.stored_number, SYSTEM, **arguments))


def _decoded(cursor: str) -> Positions:
    """Return the positions in a cursor. Raises BadUserInput for one that the server did not make."""
    try:
        if len(cursor) > MAX_CURSOR:
            raise ValueError
        text = b64decode(cursor + "=" * (-len(cursor) % 4), validate=True).decode("ascii")
        pairs = [item.partition(":") for item in text.split(",") if item]
        return {UUID(id_): _number(number) for id_, _, number in pairs}
    except (Error, ValueError):
        message = "Invalid cursor. Pass the `cursor` of an activity, or `activityCursor`, unchanged."
        raise BadUserInput.of("after", message) from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise ValueError
    return int(text)
