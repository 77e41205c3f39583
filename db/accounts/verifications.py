"""Tokens that are mailed to show that somebody reads an address: to verify it, or to choose a new password."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from db.accounts import users
from db.accounts.sessions import end_sessions
from db.core.base import now
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.jobs.mail import post
from db.models.sessions import SessionEnd
from db.models.users import User
from db.models.verifications import Purpose, Verification
from errors import BadUserInput, Conflict

REFUSAL_MESSAGE = "This token was used, has expired or was replaced by a newer one: ask for another mail."


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
    """A new user, who is mailed a token to verify their address with."""
    user = users.sign_up(session, email, password_hash, first_name, last_name, idempotency_key)
    _mail(session, user, Purpose.VERIFY_EMAIL, token, digest)
    return user


def request_verification(session: Session, user_id: UUID, token: str, digest: bytes) -> None:
    """Mail a user a new token to verify their address with."""
    user = session.get(User, user_id, lock=True)
    if user.is_email_verified:
        raise Conflict("Your address is verified already.")
    _mail(session, user, Purpose.VERIFY_EMAIL, token, digest)


def request_reset(session: Session, email: str, token: str, digest: bytes) -> None:
    """Mail a token to whoever has the address, if anybody does."""
    user = session.scalars(select(User).where(User.email == email).with_for_update()).one_or_none()
    if user is not None and user.is_active:
        _mail(session, user, Purpose.RESET_PASSWORD, token, digest)


def verify_email(session: Session, digest: bytes) -> User:
    """Note that the address is its owner's."""
    user = _redeem(session, Purpose.VERIFY_EMAIL, digest)
    user.is_email_verified = True
    return user


def reset_password(session: Session, digest: bytes, password_hash: str) -> User:
    """Give a user another password, and sign them out everywhere; whoever has the token reads their mail."""
    user = _redeem(session, Purpose.RESET_PASSWORD, digest)
    user.password_hash, user.is_email_verified = password_hash, True
    end_sessions(session, user.id, SessionEnd.PASSWORD_CHANGED)
    return user


def _mail(session: Session, user: User, purpose: Purpose, token: str, digest: bytes) -> None:
    """Mail a token; the ones from before are good no more."""
    before = select(Verification).where(
        Verification.user_id == user.id, Verification.purpose == purpose, Verification.used_at.is_(None)
    )
    for verification in session.scalars(before):
        verification.deleted_at = now()
    expires_at = now() + LIFETIMES[purpose]
    session.add(Verification(user_id=user.id, purpose=purpose, email=user.email, digest=digest, expires_at=expires_at))
    post(session, user, TEMPLATES[purpose], token=token)


def _redeem(session: Session, purpose: Purpose, digest: bytes) -> User:
    """Use a token up, and say whose it was. Raises BadUserInput."""
    query = select(Verification).where(Verification.digest == digest, Verification.purpose == purpose)
    verification = session.scalars(query.with_for_update()).one_or_none()
    if verification is None or verification.used_at is not None or verification.expires_at <= now():
        raise BadUserInput.of("token", REFUSAL_MESSAGE)
    user = session.get(User, verification.user_id, lock=True)
    if user.email != verification.email or not user.is_active:
        raise BadUserInput.of("token", REFUSAL_MESSAGE)
    verification.used_at = now()
    return user
