"""Storage that an organization uses, in files that the viewer may see."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import strawberry

from db.core.base import now
from db.core.prepared import Prepared
from db.exports import storage
from resolvers.core.context import Context, Info


@dataclass(frozen=True)
class Storage:
    """Numbers of files and their sizes in bytes."""

    export_count: int = 0
    export_bytes: float = 0
    attachment_count: int = 0
    attachment_bytes: float = 0

    @property
    def total_bytes(self) -> float:
        return self.export_bytes + self.attachment_bytes


async def storage_of(root: strawberry.Parent[Any], info: Info) -> Storage:
    """Return the storage of an organization, summed in one batch with those of the operation's others."""
    context = info.context

    async def load(ids: list[UUID]) -> list[Storage]:
        moment = now() - timedelta(days=context.backend.settings.export_retention_days)
        exports = await _sums(context, storage.of_exports, ids=ids, moment=moment)
        attachments = await _sums(context, storage.of_attachments, ids=ids)
        return [Storage(*exports.get(id_, (0, 0)), *attachments.get(id_, (0, 0))) for id_ in ids]

    loaded: Storage = await context.loader(storage_of, load).load(root.id)
    return loaded


async def _sums(context: Context, query: Prepared[Any], **arguments: Any) -> dict[UUID, tuple[int, float]]:
    """Read sums by organization off the event loop: they go through all its files."""
    batches = context.backend.database.stream(query, context.viewer, **arguments)
    return {row.organization_id: (row.files, float(row.bytes)) async for batch in batches for row in batch}
