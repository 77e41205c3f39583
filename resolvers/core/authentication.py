"""Authentication of requests by access token."""

from auth.tokens import read_access
from auth.viewer import Viewer
from db.accounts import sessions
from db.core.base import now
from db.models.users import User
from errors import Unauthenticated
from resolvers.core.context import Backend, Context, Origin

SCHEME = "bearer"


def require_viewer(context: Context) -> Viewer:
    """Return the viewer of a request. Raise Unauthenticated without one."""
    return context.viewer


async def authenticate(backend: Backend, authorization: str | None, origin: Origin) -> Context:
    """Return the context of one operation, signed out without a token. Raises Unauthenticated for an invalid one."""
    if authorization is None or not authorization.strip():
        return Context(backend, None, origin)
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != SCHEME or not token.strip():
        raise Unauthenticated("Invalid Authorization header. Send it as `Authorization: Bearer <accessToken>`.")
    claims = read_access(backend.secrets, token.strip(), now=now())
    owner = await backend.database.read_one(
        sessions.active_user, Viewer.system(), sign_in_id=claims.session_id, user_id=claims.user_id
    )
    if owner is None:
        raise Unauthenticated("This session has ended: log in again.")
    viewer = Viewer(claims.user_id, claims.session_id, owner.is_superuser, claims.expires_at)
    return Context(backend, viewer, origin, {(User, claims.user_id): owner})
