"""Limits of the signed-in user: what they may use in a window, and what of it is used."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import strawberry

from auth.quotas import Quota, Window
from db.core.activity_recorder import MEGABYTE
from db.jobs.concurrency import NAMES, unfinished_of_user
from db.organizations import storage
from resolvers.core.context import Context, Info

OF_PERSON = (Quota.OPERATIONS_PERSON, Quota.COST_PERSON, Quota.UPLOADS_PERSON, Quota.ROWS_PERSON)


@dataclass(frozen=True)
class Limit:
    """Limit of one resource; `resets_at` is None for one that counts what is unfinished now."""

    name: str
    limit: int
    used: int
    resets_at: datetime | None = None


async def list_limits(root: strawberry.Parent[Any], info: Info) -> list[Limit]:
    """Return the limits of the viewer; nothing for another user."""
    context = info.context
    if root.id != context.viewer_id:
        return []
    windows = [context.backend.quotas.window(quota, root.id) for quota in OF_PERSON]
    return [
        *(_of_window(window) for window in windows if window is not None),
        *await _of_jobs(context),
        *await _of_storage(context),
    ]


def _of_window(window: Window) -> Limit:
    resets_at = datetime.fromtimestamp(window.ends_at, UTC)
    return Limit(window.policy.resource, window.policy.limit, window.used, resets_at)


async def _of_jobs(context: Context) -> list[Limit]:
    rows = await context.read(unfinished_of_user, user_id=context.viewer_id)
    unfinished = {row.kind: row.jobs for row in rows}
    limits = context.backend.database.job_limits
    return [Limit(NAMES[kind], limit, unfinished.get(kind, 0)) for kind, limit in limits.items()]


async def _of_storage(context: Context) -> list[Limit]:
    """Return the storage of the viewer's personal organization in megabytes; nothing without a limit."""
    quota = context.backend.database.storage_quota
    if quota is None:
        return []
    row = await context.read_one(storage.personal, user_id=context.viewer_id)
    return [Limit("storage", quota // MEGABYTE, -(-row.stored_bytes // MEGABYTE))] if row else []
