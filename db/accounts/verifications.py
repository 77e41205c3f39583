"""Mailed single-use tokens that prove access to an address: to verify it, to change it, to reset the password."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from db.accounts import api_keys, users
from db.accounts.sessions import end_sessions
from db.core.base import now
from db.core.prepared import Prepared, bind
from db.core.session import INSIDE, Session
from db.jobs.mail import enqueue
from db.models.sessions import SessionEnd
from db.models.users import User
from db.models.verifications import Purpose, Verification
from errors import BadUserInput, Conflict

REFUSAL_MESSAGE = "This token is invalid, used, expired or replaced by a newer one. Request another mail."


LIFETIMES = {
    Purpose.VERIFY_EMAIL: timedelta(days=3),
    Purpose.RESET_PASSWORD: timedelta(hours=1),
    Purpose.CHANGE_EMAIL: timedelta(hours=1),
}
TEMPLATES = {
    Purpose.VERIFY_EMAIL: "verify_email",
    Purpose.RESET_PASSWORD: "reset_password",
    Purpose.CHANGE_EMAIL: "change_email",
}


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


def request_email_change(session: Session, user_id: UUID, email: str, token: str, digest: bytes) -> None:
    """Mail a token to the new address of a user, and tell the present one.

    An address with an account gets no mail, and the caller does not learn it: the answer is the same for any address.
    """
    user = session.get(User, user_id, lock=True)
    enqueue(session, user, "email_change_requested", email=email)
    cancel_email_change(session, user.id)
    if not _is_taken(session, email):
        _mail(session, user, Purpose.CHANGE_EMAIL, token, digest, email)


def confirm_email_change(session: Session, digest: bytes) -> User:
    """Give the token's user the new address, and tell the old one. Raises BadUserInput for an invalid token."""
    verification, user = _redeem(session, Purpose.CHANGE_EMAIL, digest)
    if _is_taken(session, verification.email):
        raise BadUserInput.of("token", "This address has an account by now. Log in with it, or choose another address.")
    enqueue(session, user, "email_changed", email=verification.email)
    user.email, user.is_email_verified = verification.email, True
    return user


def cancel_email_change(session: Session, user_id: UUID) -> None:
    """Invalidate the open tokens of a change of address, which an intruder may have requested."""
    _invalidate(session, user_id, Purpose.CHANGE_EMAIL)


def _is_taken(session: Session, email: str) -> bool:
    return session.scalars(select(User.id).where(User.email == email)).first() is not None


def verify_email(session: Session, digest: bytes) -> User:
    """Mark the address of the token's user as verified. Raises BadUserInput for an invalid token."""
    _, user = _redeem(session, Purpose.VERIFY_EMAIL, digest)
    user.is_email_verified = True
    return user


def reset_password(session: Session, digest: bytes, password_hash: str) -> User:
    """Change the password of the token's user and end all of their sessions and API keys. Raises BadUserInput."""
    _, user = _redeem(session, Purpose.RESET_PASSWORD, digest)
    # The token was mailed, so that using it also proves access to the address.
    user.password_hash, user.is_email_verified = password_hash, True
    end_sessions(session, user.id, SessionEnd.PASSWORD_CHANGED)
    api_keys.end_all(session, user.id)  # an intruder may have created some
    cancel_email_change(session, user.id)
    return user


def _mail(session: Session, user: User, purpose: Purpose, token: str, digest: bytes, email: str | None = None) -> None:
    """Mail a token to `email`, by default the user's address; the earlier ones of the same purpose become invalid."""
    _invalidate(session, user.id, purpose)
    email, expires_at = email or user.email, now() + LIFETIMES[purpose]
    session.add(Verification(user_id=user.id, purpose=purpose, email=email, digest=digest, expires_at=expires_at))
    enqueue(session, user, TEMPLATES[purpose], to=email, token=token)


def _invalidate(session: Session, user_id: UUID, purpose: Purpose) -> None:
    earlier = select(Verification).where(
        Verification.user_id == user_id,
        Verification.purpose == purpose,
        Verification.used_at.is_(None),
        Verification.deleted_at.is_(None),
    )
    # Tokens are the system's rows, but a person who changes the password cancels their own.
    for verification in session.scalars(earlier, execution_options=INSIDE):
        session.bypass_rule_for(verification)
        verification.deleted_at = now()


def _redeem(session: Session, purpose: Purpose, digest: bytes) -> tuple[Verification, User]:
    """Mark a token as used and return it with its user. Raises BadUserInput if it is invalid."""
    query = select(Verification).where(Verification.digest == digest, Verification.purpose == purpose)
    verification = session.scalars(query.with_for_update()).one_or_none()
    if verification is None or verification.used_at is not None or verification.expires_at <= now():
        raise BadUserInput.of("token", REFUSAL_MESSAGE)
    user = session.get(User, verification.user_id, lock=True)
    is_of_address = purpose is Purpose.CHANGE_EMAIL or user.email == verification.email
    if not is_of_address or not user.is_active:
        raise BadUserInput.of("token", REFUSAL_MESSAGE)
    verification.used_at = now()
    return verification, user
