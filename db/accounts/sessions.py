"""Where a person is signed in: one row for each device, with the refresh token's digest in it."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from db.core.base import now
from db.core.compare_and_set import set_once
from db.core.events import SignInEnded
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.models.sessions import RefreshToken, SessionEnd, SignIn
from db.models.users import User
from errors import Unauthenticated

MAX_ENDED = 500  # read at once
REFUSAL_MESSAGE = "This refresh token is not valid any more: log in again."


of_viewer: Prepared[SignIn] = Prepared(
    select(SignIn)
    .where(
        SignIn.user_id == bind("user_id", SignIn.user_id),
        SignIn.revoked_at.is_(None),
        SignIn.expires_at > bind("moment", SignIn.expires_at),
    )
    .order_by(SignIn.id.desc())
    .limit(100)
)
active_user: Prepared[User] = Prepared(
    select(User)
    .join(SignIn, SignIn.user_id == User.id)
    .where(
        SignIn.id == bind("sign_in_id", SignIn.id),
        SignIn.revoked_at.is_(None),
        User.id == bind("user_id", User.id),
        User.deactivated_at.is_(None),
    )
)
by_token: Prepared[SignIn] = Prepared(
    select(SignIn)
    .join(RefreshToken, RefreshToken.sign_in_id == SignIn.id)
    .where(RefreshToken.digest == bind("digest", RefreshToken.digest))
)
recently_ended: Prepared[SignIn] = Prepared(
    select(SignIn)
    .where(SignIn.revoked_at > bind("since", SignIn.revoked_at))
    .order_by(SignIn.revoked_at)
    .limit(MAX_ENDED)
)


def create(
    session: Session,
    user_id: UUID,
    digest: bytes,
    lifetime: timedelta,
    *,
    user_agent: str | None,
    ip_address: str | None,
) -> SignIn:
    """Sign a user in; `digest` is of the refresh token that they get. Raises Unauthenticated when deactivated."""
    # Locked, so that whoever is being deactivated meanwhile does not slip in.
    if not session.get(User, user_id, lock=True).is_active:
        raise Unauthenticated(REFUSAL_MESSAGE)
    sign_in = SignIn(user_id=user_id, expires_at=now() + lifetime, user_agent=user_agent, ip_address=ip_address)
    session.add_all([sign_in, RefreshToken(sign_in_id=sign_in.id, digest=digest)])
    return sign_in


def rotate(session: Session, digest: bytes, successor: bytes, lifetime: timedelta) -> tuple[SignIn, User] | None:
    """Exchange a refresh token for its successor; one that was used before ends the whole family.

    None when the token was used before: the caller answers with an error, and the end is kept all the same.
    """
    is_first = set_once(session, RefreshToken.used_at, RefreshToken.digest == digest)
    token = session.scalars(select(RefreshToken).where(RefreshToken.digest == digest)).one_or_none()
    if token is None:
        raise Unauthenticated(REFUSAL_MESSAGE)
    sign_in = session.get(SignIn, token.sign_in_id, lock=True)
    if not is_first:
        end_session(session, sign_in, SessionEnd.TOKEN_REUSED)
        return None
    if sign_in.revoked_at is not None or sign_in.expires_at <= now():
        raise Unauthenticated(REFUSAL_MESSAGE)
    sign_in.last_used_at = now()
    sign_in.expires_at = now() + lifetime
    session.add(RefreshToken(sign_in_id=sign_in.id, digest=successor))
    return sign_in, session.get(User, sign_in.user_id)


def log_out(session: Session, sign_in_id: UUID) -> None:
    """Sign out: the access token stops at the next operation."""
    end_session(session, session.get(SignIn, sign_in_id, lock=True), SessionEnd.LOGGED_OUT)


def log_out_by_token(session: Session, digest: bytes) -> None:
    """Sign out by the refresh token, for a client whose access token has expired."""
    token = session.scalars(select(RefreshToken).where(RefreshToken.digest == digest)).one_or_none()
    if token is None:
        raise Unauthenticated(REFUSAL_MESSAGE)
    log_out(session, token.sign_in_id)


def log_out_everywhere(session: Session) -> None:
    """Sign the viewer out everywhere."""
    end_sessions(session, session.user_id, SessionEnd.LOGGED_OUT)


def end_sessions(session: Session, user_id: UUID, ending: SessionEnd, *, keep: UUID | None = None) -> None:
    """Sign somebody out everywhere, except where `keep` says."""
    standing = select(SignIn).where(SignIn.user_id == user_id, SignIn.revoked_at.is_(None), SignIn.id != keep)
    for sign_in in session.scalars(standing.with_for_update()):
        end_session(session, sign_in, ending)


def end_session(session: Session, sign_in: SignIn, ending: SessionEnd) -> None:
    """Its tokens stop at the next operation, and what is open closes; nothing happens when it has ended before."""
    if sign_in.revoked_at is None:
        sign_in.revoked_at, sign_in.ending = now(), ending
        session.emit(SignInEnded(sign_in.id))
