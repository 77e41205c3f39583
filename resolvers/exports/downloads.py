"""Rights to download the file of an export, read again each time that a link is used."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from db.models.exports import Export
from db.models.tables import Table
from resolvers.core.context import Backend
from resolvers.core.links import user_of_link


def export_access(backend: Backend) -> Callable[[UUID, UUID], Awaitable[bool]]:
    """Return a function that tells whether a user may still see an export and its table."""

    async def may_download(export_id: UUID, user_id: UUID) -> bool:
        database, viewer = backend.database, await user_of_link(backend.database, user_id)
        export = viewer and await database.find(Export, viewer, export_id)
        return bool(viewer and export and await database.find(Table, viewer, export.table_id))

    return may_download
