"""Sign-ins: one row a device, with the digests of its refresh tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from db.core.base import now
from db.core.bulk import set_once
from db.core.events import SignInEnded
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.core.sqlite_writer import short
from db.models.sessions import RefreshToken, SessionEnd, SignIn
from db.models.users import User
from errors import Unauthenticated

REPEAT_TIME = timedelta(seconds=10)  # in which a lost answer is asked for again, or a second tab asks
MAX_ENDED = 500  # sign-ins in one read
REFUSAL_MESSAGE = "This refresh token is invalid or has expired. Log in again."


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


@short
def create(
    session: Session,
    user_id: UUID,
    digest: bytes,
    lifetime: timedelta,
    *,
    user_agent: str | None,
    ip_address: str | None,
) -> SignIn:
    """Sign a user in; `digest` is that of the refresh token. Raises Unauthenticated if the user is deactivated."""
    # Locked, because a concurrent deactivation would miss the new sign-in.
    if not session.get(User, user_id, lock=True).is_active:
        raise Unauthenticated(REFUSAL_MESSAGE)
    sign_in = SignIn(user_id=user_id, expires_at=now() + lifetime, user_agent=user_agent, ip_address=ip_address)
    session.add_all([sign_in, RefreshToken(sign_in_id=sign_in.id, digest=digest)])
    return sign_in


@dataclass(frozen=True)
class Rotation:
    """Exchange of a refresh token; `successors` are the digests that its successor has by the key of each secret.

    The first one is of the present secret. `client` is a digest of the user agent and address.
    """

    digest: bytes
    successors: Sequence[bytes]
    client: bytes
    lifetime: timedelta


@short
def rotate(session: Session, rotation: Rotation) -> tuple[SignIn, User, bytes] | None:
    """Exchange a refresh token for its successor; return the digest of the successor.

    A token that was used before may be stolen: this ends the sign-in and returns None, unless the same client used
    it just before. Raises Unauthenticated if the token is unknown or its sign-in has ended.
    """
    is_first = set_once(session, RefreshToken.used_at, RefreshToken.digest == rotation.digest)
    token = session.scalars(select(RefreshToken).where(RefreshToken.digest == rotation.digest)).one_or_none()
    if token is None:
        raise Unauthenticated(REFUSAL_MESSAGE)
    sign_in = session.get(SignIn, token.sign_in_id, lock=True)
    successor = rotation.successors[0] if is_first else _repeated(session, token, rotation)
    if successor is None:
        # Not raised: an exception would roll back the end of the sign-in.
        end_session(session, sign_in, SessionEnd.TOKEN_REUSED)
        return None
    if sign_in.revoked_at is not None or sign_in.expires_at <= now():
        raise Unauthenticated(REFUSAL_MESSAGE)
    if is_first:
        token.used_by = rotation.client
        sign_in.last_used_at = now()
        sign_in.expires_at = now() + rotation.lifetime
        session.add(RefreshToken(sign_in_id=sign_in.id, digest=successor))
    return sign_in, session.get(User, sign_in.user_id), successor


def _repeated(session: Session, token: RefreshToken, rotation: Rotation) -> bytes | None:
    """Return the successor of a used token if the same client used it within REPEAT_SECONDS, else None."""
    if token.used_at is None or token.used_by != rotation.client or now() - token.used_at > REPEAT_TIME:
        return None
    query = select(RefreshToken.digest).where(
        RefreshToken.sign_in_id == token.sign_in_id, RefreshToken.digest.in_(rotation.successors)
    )
    return session.scalars(query).one_or_none()


@short
def log_out(session: Session, sign_in_id: UUID) -> None:
    """End a sign-in; its access token is refused from the next operation on."""
    end_session(session, session.get(SignIn, sign_in_id, lock=True), SessionEnd.LOGGED_OUT)


def log_out_by_token(session: Session, digest: bytes) -> None:
    """End a sign-in by its refresh token, for a client whose access token has expired."""
    token = session.scalars(select(RefreshToken).where(RefreshToken.digest == digest)).one_or_none()
    if token is None:
        raise Unauthenticated(REFUSAL_MESSAGE)
    log_out(session, token.sign_in_id)


def log_out_everywhere(session: Session) -> None:
    """End all sign-ins of the viewer."""
    end_sessions(session, session.user_id, SessionEnd.LOGGED_OUT)


def end_sessions(session: Session, user_id: UUID, ending: SessionEnd, *, keep: UUID | None = None) -> None:
    """End all sign-ins of a user except the one with the id `keep`."""
    active = select(SignIn).where(SignIn.user_id == user_id, SignIn.revoked_at.is_(None), SignIn.id != keep)
    for sign_in in session.scalars(active.with_for_update()):
        end_session(session, sign_in, ending)


def end_session(session: Session, sign_in: SignIn, ending: SessionEnd) -> None:
    """End a sign-in: its tokens are refused and its sockets close; does nothing if it has ended before."""
    if sign_in.revoked_at is None:
        sign_in.revoked_at, sign_in.ending = now(), ending
        session.emit(SignInEnded(sign_in.id))
