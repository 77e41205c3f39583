"""Tokens that were forgotten and are still to be revoked at Google, with pauses between the attempts."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from db.core.base import now
from db.core.prepared import Prepared, bind
from db.core.session import INSIDE, Session
from db.models.google import GoogleAccount, GoogleRevocation

FIRST_PAUSE, MAX_PAUSE = timedelta(minutes=1), timedelta(hours=12)
MAX_ATTEMPTS = 24  # more than a week
MAX_DUE = 50  # revocations in one sweep

due: Prepared[GoogleRevocation] = Prepared(
    select(GoogleRevocation)
    .where(GoogleRevocation.due_at <= bind("moment", GoogleRevocation.due_at))
    .order_by(GoogleRevocation.due_at)
    .limit(MAX_DUE)
)


def add(session: Session, user_id: UUID, email: str, refresh_token: bytes) -> GoogleRevocation:
    """Add a token to revoke, in the transaction that forgets it; the caller makes the first attempt itself."""
    revocation = GoogleRevocation(user_id=user_id, email=email, refresh_token=refresh_token, due_at=now() + FIRST_PAUSE)
    session.bypass_rule_for(revocation)  # rows of the system, made by what users do
    session.add(revocation)
    return revocation


def claim(session: Session, id_: UUID) -> GoogleRevocation | None:
    """Claim a due revocation for one attempt; None if another process has it, or it is no longer needed.

    Google revokes all tokens of an account at once, so a person who has connected the account again keeps it.
    """
    query = select(GoogleRevocation).where(GoogleRevocation.id == id_).with_for_update(skip_locked=True)
    revocation = session.scalars(query).one_or_none()
    if revocation is None or revocation.due_at > now():
        return None
    connected = select(GoogleAccount.id).where(
        GoogleAccount.email == revocation.email, GoogleAccount.refresh_token.is_not(None)
    )
    if session.scalars(connected, execution_options=INSIDE).first() is not None:
        revocation.deleted_at = now()
        return None
    revocation.attempts += 1
    revocation.due_at = now() + min(FIRST_PAUSE * 2**revocation.attempts, MAX_PAUSE)
    if revocation.attempts >= MAX_ATTEMPTS:
        revocation.deleted_at = now()
    return revocation


def finish(session: Session, id_: UUID) -> None:
    """Record that a token was revoked; the purge erases the row."""
    revocation = session.scalars(select(GoogleRevocation).where(GoogleRevocation.id == id_)).one_or_none()
    if revocation is not None:
        revocation.deleted_at = now()
