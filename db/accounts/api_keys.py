"""API keys: creation, use and revocation; only a digest of each secret is stored."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from auth.api_keys import ApiScope, NewApiKey
from db.core.base import now
from db.core.dialect_sql import OneOf
from db.core.events import ApiKeyRevoked
from db.core.idempotency import idempotent
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.core.sqlite_writer import short
from db.core.validation import checked_line
from db.models.api_keys import ApiKey
from db.models.users import User
from errors import BadUserInput, Conflict

MAX_NAME, MAX_KEYS = 100, 50
MAX_REVOKED = 500  # keys in one read
LAST_USED_PRECISION = timedelta(minutes=5)  # a write for each request would make reads as slow as writes


@dataclass(frozen=True)
class ApiKeyTerms:
    """Name, scopes and expiry of a key to create; nothing in them has been validated yet."""

    name: str
    scopes: Collection[ApiScope]
    expires_at: datetime | None


of_users: Prepared[ApiKey] = Prepared(
    select(ApiKey).where(OneOf(ApiKey.user_id), ApiKey.revoked_at.is_(None)).order_by(ApiKey.id.desc()).limit(1_000)
)
by_prefix: Prepared[ApiKey] = Prepared(
    select(ApiKey)
    .join(User, User.id == ApiKey.user_id)
    .where(
        ApiKey.prefix == bind("prefix", ApiKey.prefix),
        ApiKey.revoked_at.is_(None),
        (ApiKey.expires_at > bind("moment", ApiKey.expires_at)) | ApiKey.expires_at.is_(None),
        User.deactivated_at.is_(None),
    )
)
recently_revoked: Prepared[ApiKey] = Prepared(
    select(ApiKey)
    .where(ApiKey.revoked_at > bind("since", ApiKey.revoked_at))
    .order_by(ApiKey.revoked_at)
    .limit(MAX_REVOKED)
)


def create(session: Session, terms: ApiKeyTerms, new: NewApiKey, idempotency_key: str | None = None) -> ApiKey:
    """Create a key of the viewer. Raises BadUserInput, and Conflict if the viewer has MAX_KEYS keys already."""
    return idempotent(
        session,
        "createApiKey",
        idempotency_key,
        create=lambda: _create(session, terms, new),
        result_ids=lambda created: [created.id],
        load=lambda ids: session.get(ApiKey, ids[0]),
    )


def _create(session: Session, terms: ApiKeyTerms, new: NewApiKey) -> ApiKey:
    name = checked_line(terms.name, "name", MAX_NAME)
    if not terms.scopes:
        raise BadUserInput.of("scopes", f"A key needs at least one scope. Choose from {', '.join(ApiScope)}.")
    if terms.expires_at is not None and terms.expires_at <= now():
        raise BadUserInput.of(
            "expiresAt", f"{terms.expires_at.isoformat()} is in the past. Send a later moment, or null for no expiry."
        )
    # Locked, so that concurrent requests do not pass the limit together.
    session.get(User, session.user_id, lock=True)
    _check_count(session)
    key = ApiKey(
        user_id=session.user_id,
        name=name,
        prefix=new.prefix,
        digest=new.digest,
        scope_names=[scope.value for scope in ApiScope if scope in terms.scopes],
        expires_at=terms.expires_at,
    )
    session.add(key)
    session.flush()
    return key


def _check_count(session: Session) -> None:
    query = select(func.count(ApiKey.id)).where(ApiKey.user_id == session.user_id, ApiKey.revoked_at.is_(None))
    if session.scalars(query).one() >= MAX_KEYS:
        raise Conflict(f"You have {MAX_KEYS} API keys, the maximum. Revoke one with revokeApiKey first.")


def revoke(session: Session, id_: UUID) -> UUID:
    """Revoke a key: it is refused from the next operation on, and its streams close. Raises NotFound."""
    end(session, session.get_for_update(ApiKey, id_))
    return id_


def end(session: Session, key: ApiKey) -> None:
    """End a key; does nothing if it has ended before."""
    if key.revoked_at is None:
        key.revoked_at = now()
        session.emit(ApiKeyRevoked(key.id))


def end_all(session: Session, user_id: UUID, scope: ApiScope | None = None) -> None:
    """End the keys of a user, or only those with a scope."""
    query = select(ApiKey).where(ApiKey.user_id == user_id, ApiKey.revoked_at.is_(None))
    for key in session.scalars(query.with_for_update()):
        if scope is None or scope in key.scopes:
            session.bypass_rule_for(key)  # a mailed token or a superuser ends the keys of an account too
            end(session, key)


@short
def note_use(session: Session, id_: UUID) -> None:
    """Store the time of use, unless one within LAST_USED_PRECISION is stored."""
    key = session.get(ApiKey, id_, lock=True)
    if is_use_due(key):
        key.last_used_at = now()


def is_use_due(key: ApiKey) -> bool:
    """Return True if the stored time of use is missing or older than LAST_USED_PRECISION."""
    return key.last_used_at is None or key.last_used_at < now() - LAST_USED_PRECISION
