"""Signed links that download one file for a limited time without signing in."""

from datetime import timedelta
from urllib.parse import quote

from auth.links import sign
from db.core.base import now
from resolvers.core.context import Context


def signed_url(context: Context, kind: str, file: str, name: str) -> str:
    """Return a link to `file`, under `/{kind}`; browsers save the download as `name`."""
    settings = context.backend.settings
    path = f"/{kind}/{file}/{quote(name, safe='')}"
    expires_at = now() + timedelta(minutes=settings.download_link_minutes)
    return (settings.public_url or "").rstrip("/") + sign(context.backend.secrets[0], path, expires_at=expires_at)
