"""Revocation: closes the streams of users who were signed out or lost rights, in this process or in another."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from auth.viewer import Viewer
from db.accounts import api_keys, sessions
from db.core.base import now
from db.core.engine import Database
from db.core.events import ApiKeyRevoked, Event, Hub, RightsNarrowed, SignInEnded
from db.models.memberships import Membership
from db.models.sessions import SessionEnd, SignIn
from db.organizations import memberships

SWEEP_SECONDS = 0.5
WINDOW = timedelta(seconds=10)  # longer than the clocks of two processes differ
SYSTEM = Viewer.system()
UNAUTHENTICATED, FORBIDDEN = 4401, 4403
REASONS = {
    SessionEnd.LOGGED_OUT: "signed out: log in again",
    SessionEnd.TOKEN_REUSED: "signed out, because a refresh token was used twice: log in again",
    SessionEnd.PASSWORD_CHANGED: "signed out, because the password was changed: log in again",
    SessionEnd.RIGHTS_CHANGED: "signed out, because your rights were changed: log in again",
    SessionEnd.DEACTIVATED: "this account is deactivated: ask the administrator of the server",
    SessionEnd.DELETED: "this account was deleted",
}

REVOKED = "this API key was revoked: use another"
NARROWED = "your rights in an organization were removed or changed: connect again"

log = logging.getLogger("sheetgpt.error")


class Streams(Protocol):
    """Open WebSockets and event streams of this process."""

    def __len__(self) -> int: ...

    async def close_where(self, chosen: Callable[[Any], bool], code: int, reason: str) -> int:
        """Close those whose context is chosen, with a WebSocket close code and a reason. Return their number."""


class Revocation:
    """Watcher of sessions that end: at once for those ended here, else twice a second while streams are open.

    Members whose rights were narrowed stay signed in, so their streams are closed once; those opened later are
    authorized anew.
    """

    def __init__(self, database: Database, hub: Hub, streams: Streams) -> None:
        self._database, self._hub, self._streams = database, hub, streams
        self._wake = asyncio.Event()
        self._sweeper: asyncio.Task[None] | None = None
        self._acted_on: dict[UUID, datetime | None] = {}

    def start(self) -> None:
        self._hub.handle(SignInEnded, self._on_end)
        self._hub.handle(ApiKeyRevoked, self._on_end)
        self._hub.handle(RightsNarrowed, self._on_end)
        self._sweeper = asyncio.create_task(self._sweep())

    async def stop(self) -> None:
        if self._sweeper:
            self._sweeper.cancel()
            await asyncio.wait([self._sweeper])

    def _on_end(self, _: Event) -> None:
        self._wake.set()

    async def _sweep(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            try:
                await self._close_ended()
                await self._close_revoked()
                await self._close_narrowed()
            except Exception:
                log.exception("Cannot read the sessions and memberships that have ended; trying again")

    async def _close_ended(self) -> None:
        since = now() - WINDOW
        while len(self._streams):
            # An ended session is read again until WINDOW is over, because its stream may still be opening at first.
            ended = await self._database.read(sessions.recently_ended, SYSTEM, since=since)
            await self._close(ended)
            if len(ended) < sessions.MAX_ENDED:
                return
            since = ended[-1].revoked_at or since

    async def _close_revoked(self) -> None:
        since = now() - WINDOW
        while len(self._streams):
            revoked = await self._database.read(api_keys.recently_revoked, SYSTEM, since=since)
            if ids := {key.id for key in revoked}:
                await self._streams.close_where(_of_keys(ids), UNAUTHENTICATED, REVOKED)
            if len(revoked) < api_keys.MAX_REVOKED:
                return
            since = revoked[-1].revoked_at or since

    async def _close_narrowed(self) -> None:
        since, narrowed = now() - WINDOW, list[Membership]()
        while len(self._streams):
            batch = await self._database.read(memberships.narrowed, SYSTEM, since=since)
            narrowed += batch
            if len(batch) < memberships.MAX_NARROWED:
                break
            since = batch[-1].narrowed_at or since
        people = {row.user_id for row in narrowed if self._acted_on.get(row.id) != row.narrowed_at}
        self._acted_on = {row.id: row.narrowed_at for row in narrowed}
        if people:
            await self._streams.close_where(lambda context: context.viewer_id in people, FORBIDDEN, NARROWED)

    async def _close(self, ended: list[SignIn]) -> None:
        for ending in SessionEnd:
            ids = {sign_in.id for sign_in in ended if sign_in.ending == ending}
            if ids:
                code = FORBIDDEN if ending in (SessionEnd.DEACTIVATED, SessionEnd.DELETED) else UNAUTHENTICATED
                await self._streams.close_where(_of(ids), code, REASONS[ending])


def _of(sign_in_ids: set[UUID]) -> Callable[[Any], bool]:
    """Return a predicate that chooses the contexts of these sessions."""
    return lambda context: context.signed_in is not None and context.signed_in.session_id in sign_in_ids


def _of_keys(api_key_ids: set[UUID]) -> Callable[[Any], bool]:
    """Return a predicate that chooses the contexts of these API keys."""
    return lambda context: context.signed_in is not None and context.signed_in.api_key_id in api_key_ids
