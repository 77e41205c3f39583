"""Authentication of requests by access token or API key."""

from auth.api_keys import ApiScope, is_api_key, matches, prefix_of
from auth.tokens import read_access
from auth.viewer import Viewer
from db.accounts import api_keys, sessions
from db.core.base import Base, now
from db.models.api_keys import ApiKey
from db.models.audit import AuditEntry
from db.models.users import User
from errors import Unauthenticated
from resolvers.core.context import Backend, Context, Origin

SCHEME = "bearer"
ADMIN_MODELS: tuple[type[Base], ...] = (ApiKey, AuditEntry)


def require_viewer(context: Context) -> Viewer:
    """Return the viewer of a request. Raise Unauthenticated without one."""
    return context.viewer


def may_load(context: Context, model: type[Base]) -> bool:
    """Return False for rows that an API key without the scope ADMIN does not find by id."""
    scopes = None if context.signed_in is None else context.signed_in.scopes
    return scopes is None or ApiScope.ADMIN in scopes or model not in ADMIN_MODELS


async def authenticate(backend: Backend, authorization: str | None, origin: Origin) -> Context:
    """Return the context of one operation, signed out without a token. Raises Unauthenticated for an invalid one."""
    if authorization is None or not authorization.strip():
        return Context(backend, None, origin)
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != SCHEME or not token.strip():
        raise Unauthenticated("Invalid Authorization header. Send it as `Authorization: Bearer <accessToken>`.")
    if is_api_key(token.strip()):
        return await _by_api_key(backend, token.strip(), origin)
    claims = read_access(backend.secrets, token.strip(), now=now())
    owner = await backend.database.read_one(
        sessions.active_user, Viewer.system(), sign_in_id=claims.session_id, user_id=claims.user_id
    )
    if owner is None:
        raise Unauthenticated("This session has ended: log in again.")
    viewer = Viewer(claims.user_id, claims.session_id, owner.is_superuser, claims.expires_at)
    return Context(backend, viewer, origin, {(User, claims.user_id): owner})


async def _by_api_key(backend: Backend, secret: str, origin: Origin) -> Context:
    """Return the context of an API key. Raises Unauthenticated if it is unknown, expired or revoked."""
    system, prefix = Viewer.system(), prefix_of(secret)
    parameters = {"prefix": prefix, "moment": now()}
    key = None if prefix is None else await backend.database.read_one(api_keys.by_prefix, system, **parameters)
    owner = None if key is None else await backend.database.find(User, system, key.user_id)
    if key is None or owner is None or not matches(secret, key.digest):
        raise Unauthenticated("This API key is unknown, expired or revoked. Create another with createApiKey.")
    if api_keys.is_use_due(key):
        await backend.database.write(api_keys.note_use, system, key.id)
    scopes = frozenset(key.scopes)
    viewer = Viewer(
        key.user_id,
        is_superuser=owner.is_superuser and ApiScope.ADMIN in scopes,
        expires_at=key.expires_at,
        api_key_id=key.id,
        api_key=key.prefix,
        scopes=scopes,
    )
    return Context(backend, viewer, origin, {(User, key.user_id): owner})
