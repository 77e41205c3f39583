"""Mailed single-use tokens that prove access to an address, to verify it or to reset the password."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from db.accounts import api_keys, users
from db.accounts.sessions import end_sessions
from db.core.base import now
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.jobs.mail import enqueue
from db.models.sessions import SessionEnd
from db.models.users import User
from db.models.verifications import Purpose, Verification
from errors import BadUserInput, Conflict

REFUSAL_MESSAGE = "This token is invalid, used, expired or replaced by a newer one. Request another mail."


LIFETIMES = {Purpose.VERIFY_EMAIL: timedelta(days=3), Purpose.RESET_PASSWORD: timedelta(hours=1)}
TEMPLATES = {Purpose.VERIFY_EMAIL: "verify_email", Purpose.RESET_PASSWORD: "reset_password"}


user_by_reset_token: Prepared[User] = Prepared(
    select(User)
    .join(Verification, Verification.user_id == User.id)
    .where(
        Verification.digest == bind("digest", Verification.digest),
        Verification.purpose == Purpose.RESET_PASSWORD,
        Verification.used_at.is_(None),
        Verification.expires_at > bind("moment", Verification.expires_at),
    )
)


def sign_up(
    session: Session,
    email: str,
    password_hash: str,
    first_name: str,
    last_name: str,
    idempotency_key: str | None,
    token: str,
    digest: bytes,
) -> User:
    """Create a user and mail them a token to verify their address."""
    user = users.sign_up(session, email, password_hash, first_name, last_name, idempotency_key)
    _mail(session, user, Purpose.VERIFY_EMAIL, token, digest)
    return user


def request_verification(session: Session, user_id: UUID, token: str, digest: bytes) -> None:
    """Mail a user a new token to verify their address. Raises Conflict if it is verified."""
    user = session.get(User, user_id, lock=True)
    if user.is_email_verified:
        raise Conflict("Your e-mail address is already verified.")
    _mail(session, user, Purpose.VERIFY_EMAIL, token, digest)


def request_reset(session: Session, email: str, token: str, digest: bytes) -> None:
    """Mail a reset token to the active user with this address, if one exists."""
    user = session.scalars(select(User).where(User.email == email).with_for_update()).one_or_none()
    if user is not None and user.is_active:
        _mail(session, user, Purpose.RESET_PASSWORD, token, digest)


def verify_email(session: Session, digest: bytes) -> User:
    """Mark the address of the token's user as verified. Raises BadUserInput for an invalid token."""
    user = _redeem(session, Purpose.VERIFY_EMAIL, digest)
    user.is_email_verified = True
    return user


def reset_password(session: Session, digest: bytes, password_hash: str) -> User:
    """Change the password of the token's user and end all of their sessions and API keys. Raises BadUserInput."""
    user = _redeem(session, Purpose.RESET_PASSWORD, digest)
    # The token was mailed, so that using it also proves access to the address.
    user.password_hash, user.is_email_verified = password_hash, True
    end_sessions(session, user.id, SessionEnd.PASSWORD_CHANGED)
    api_keys.end_all(session, user.id)  # an intruder may have created some
    return user


def _mail(session: Session, user: User, purpose: Purpose, token: str, digest: bytes) -> None:
    """Mail a token and invalidate the earlier ones of the same purpose."""
    earlier = select(Verification).where(
        Verification.user_id == user.id, Verification.purpose == purpose, Verification.used_at.is_(None)
    )
    for verification in session.scalars(earlier):
        verification.deleted_at = now()
    expires_at = now() + LIFETIMES[purpose]
    session.add(Verification(user_id=user.id, purpose=purpose, email=user.email, digest=digest, expires_at=expires_at))
    enqueue(session, user, TEMPLATES[purpose], token=token)


def _redeem(session: Session, purpose: Purpose, digest: bytes) -> User:
    """Mark a token as used and return its user. Raises BadUserInput if it is invalid."""
    query = select(Verification).where(Verification.digest == digest, Verification.purpose == purpose)
    verification = session.scalars(query.with_for_update()).one_or_none()
    if verification is None or verification.used_at is not None or verification.expires_at <= now():
        raise BadUserInput.of("token", REFUSAL_MESSAGE)
    user = session.get(User, verification.user_id, lock=True)
    if user.email != verification.email or not user.is_active:
        raise BadUserInput.of("token", REFUSAL_MESSAGE)
    verification.used_at = now()
    return user
