"""Storage that an organization uses, in what the viewer may see and in all."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import strawberry

from db.core.activity_recorder import storage_exceeded
from db.core.base import now
from db.core.prepared import Prepared
from db.organizations import storage
from resolvers.core.context import Context, Info


@dataclass(frozen=True)
class Storage:
    """Numbers of files and tables that the viewer may see, and their sizes in bytes.

    `used_bytes` are all that the organization stores until it is erased; None for who is only invited to it.
    """

    export_count: int
    export_bytes: float
    attachment_count: int
    attachment_bytes: float
    table_count: int
    table_bytes: float
    used_bytes: float | None
    limit_bytes: float | None

    @property
    def total_bytes(self) -> float:
        return self.export_bytes + self.attachment_bytes + self.table_bytes


async def storage_of(root: strawberry.Parent[Any], info: Info) -> Storage:
    """Return the storage of an organization, summed in one batch with those of the operation's others."""
    context = info.context

    async def load(ids: list[UUID]) -> list[Storage]:
        moment = now() - timedelta(days=context.backend.settings.export_retention_days)
        exports = await _sums(context, storage.of_exports, ids=ids, moment=moment)
        attachments = await _sums(context, storage.of_attachments, ids=ids)
        tables = await _sums(context, storage.of_tables, ids=ids)
        rows = await context.read(storage.stored_bytes, ids=ids, user_id=context.viewer_id)
        used = {row.id: float(row.stored_bytes) for row in rows}
        quota = context.backend.database.storage_quota
        limit = None if quota is None else float(quota)
        return [
            Storage(
                *exports.get(id_, (0, 0)), *attachments.get(id_, (0, 0)), *tables.get(id_, (0, 0)), used.get(id_), limit
            )
            for id_ in ids
        ]

    loaded: Storage = await context.loader(storage_of, load).load(root.id)
    return loaded


async def _sums(context: Context, query: Prepared[Any], **arguments: Any) -> dict[UUID, tuple[int, float]]:
    """Read sums by organization off the event loop: they go through all its files."""
    batches = context.backend.database.stream(query, context.viewer, **arguments)
    return {row.organization_id: (row.files, float(row.bytes)) async for batch in batches for row in batch}


async def check_storage(context: Context, organization_id: UUID | None, added: int) -> None:
    """Raise StorageExceeded if `added` bytes do not fit into an organization, by default the viewer's personal one.

    Called before anything is read or stored; the transaction that stores it checks again.
    """
    quota = context.backend.database.storage_quota
    if quota is None:
        return
    if organization_id is None:
        row = await context.read_one(storage.personal, user_id=context.viewer_id)
    else:
        row = await context.read_one(storage.stored_bytes, ids=[organization_id], user_id=context.viewer_id)
    if row is not None and row.stored_bytes + max(added, 1) > quota:
        raise storage_exceeded(quota, row.stored_bytes, added)
