"""Signed links that download one file for a limited time, with the rights that their user has when they are used."""

from datetime import timedelta
from urllib.parse import quote
from uuid import UUID

from auth.links import sign
from auth.viewer import Viewer
from db.core.base import now
from db.core.engine import Database
from db.models.users import User
from resolvers.core.context import Context


def signed_url(context: Context, kind: str, file: str, name: str) -> str:
    """Return a link of the viewer to `file`, under `/{kind}`; browsers save the download as `name`."""
    settings, user_id = context.backend.settings, context.viewer.user_id
    assert user_id is not None
    path = f"/{kind}/{file}/{user_id.hex}/{quote(name, safe='')}"
    expires_at = now() + timedelta(minutes=settings.download_link_minutes)
    return (settings.public_url or "").rstrip("/") + sign(context.backend.secrets[0], path, expires_at=expires_at)


async def user_of_link(database: Database, user_id: UUID) -> Viewer | None:
    """Return the user of a link with the rights of this moment; None for a deleted or deactivated account."""
    user = await database.find(User, Viewer.system(), user_id)
    if user is None or user.deactivated_at is not None:
        return None
    return Viewer(user_id, is_superuser=user.is_superuser)
