"""Consents that users give at Google: begun by a session, used once, and confirmed from another browser.

The units run as the system: a consent comes back from Google without a token of the user.
"""

import hmac
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from db.core.base import now
from db.core.bulk import set_once
from db.core.session import Session
from db.models.google import GoogleConsent
from db.models.sessions import SignIn
from db.models.users import User

LIFETIME = timedelta(minutes=10)  # that of a code of Google, too
MAX_ATTEMPTS = 5


def begin(
    session: Session, user_id: UUID, sign_in_id: UUID, state_digest: bytes, browser_digest: bytes, verifier: bytes
) -> None:
    """Begin a consent of a session, in place of the one that it has begun before."""
    session.get(SignIn, sign_in_id, lock=True)  # of two that begin at once, the second replaces the first
    consent = _of_session(session, sign_in_id)
    if consent is None:
        consent = GoogleConsent(sign_in_id=sign_in_id, user_id=user_id)
        session.add(consent)
    consent.state_digest, consent.browser_digest, consent.verifier = state_digest, browser_digest, verifier
    consent.expires_at, consent.attempts = now() + LIFETIME, 0
    consent.used_at = consent.code = consent.confirmation_digest = None


def use(session: Session, state_digest: bytes) -> GoogleConsent | None:
    """Return the consent of a state, which is then used; None if it was used before, or its session has ended."""
    is_first = set_once(session, GoogleConsent.used_at, GoogleConsent.state_digest == state_digest)
    consent = session.scalars(
        select(GoogleConsent)
        .join(SignIn, SignIn.id == GoogleConsent.sign_in_id)
        .join(User, User.id == GoogleConsent.user_id)
        .where(
            GoogleConsent.state_digest == state_digest,
            GoogleConsent.expires_at > now(),
            SignIn.revoked_at.is_(None),
            User.deactivated_at.is_(None),
        )
    ).one_or_none()
    return consent if is_first else None


def wait_for_confirmation(session: Session, id_: UUID, code: bytes, confirmation_digest: bytes) -> None:
    """Keep the encrypted code of Google until the session that began confirms it."""
    consent = session.get(GoogleConsent, id_, lock=True)
    consent.code, consent.confirmation_digest = code, confirmation_digest


def confirm(session: Session, sign_in_id: UUID, confirmation_digest: bytes) -> tuple[bytes, bytes] | None:
    """Return the encrypted code and verifier that wait for a session's confirmation, once; None for a wrong one."""
    consent = _of_session(session, sign_in_id)
    if consent is None or consent.confirmation_digest is None or consent.code is None or consent.expires_at <= now():
        return None
    if not hmac.compare_digest(consent.confirmation_digest, confirmation_digest):
        consent.attempts += 1
        if consent.attempts >= MAX_ATTEMPTS:
            consent.code = consent.confirmation_digest = None
        return None
    waiting = consent.code, consent.verifier
    consent.code = consent.confirmation_digest = None
    return waiting


def _of_session(session: Session, sign_in_id: UUID) -> GoogleConsent | None:
    query = select(GoogleConsent).where(GoogleConsent.sign_in_id == sign_in_id)
    return session.scalars(query.with_for_update()).one_or_none()
