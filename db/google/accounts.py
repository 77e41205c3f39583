"""Google accounts that users have connected."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from db.core.base import now
from db.core.dialect_sql import OneOf
from db.core.policy_scopes import VIEWER
from db.core.prepared import Prepared
from db.core.session import Session
from db.google import revocations
from db.models.google import GoogleAccount, GoogleRevocation
from db.models.users import User

# Of the viewer alone: superusers see other accounts, but not what these have at Google.
of_viewer: Prepared[GoogleAccount] = Prepared(select(GoogleAccount).where(GoogleAccount.user_id == VIEWER))
of_users: Prepared[GoogleAccount] = Prepared(
    select(GoogleAccount).where(OneOf(GoogleAccount.user_id), GoogleAccount.user_id == VIEWER)
)


def connect(session: Session, email: str, scopes: str, refresh_token: bytes) -> GoogleRevocation | None:
    """Store the viewer's Google account; return the revocation of an earlier one, another account at Google."""
    session.get_for_update(User, session.user_id)  # of two at once, the second replaces the first
    account = _of_viewer(session)
    replaced = None
    if account is None:
        account = GoogleAccount(user_id=session.user_id)
        session.add(account)
    elif account.email != email and account.refresh_token is not None:
        replaced = revocations.add(session, account.user_id, account.email, account.refresh_token)
    account.email, account.scopes, account.refresh_token = email, scopes, refresh_token
    account.connected_at, account.withdrawn_at = now(), None
    return replaced


def disconnect(session: Session) -> GoogleRevocation | None:
    """Forget the viewer's Google account, if there is one; return the revocation of its token."""
    account = _of_viewer(session)
    if account is None:
        return None
    token, account.refresh_token, account.deleted_at = account.refresh_token, None, now()
    return None if token is None else revocations.add(session, account.user_id, account.email, token)


def withdraw(session: Session, connected_at: datetime) -> None:
    """Record that Google refused the viewer's connection of that time, unless there is a newer one."""
    account = _of_viewer(session)
    if account is not None and account.connected_at == connected_at and account.withdrawn_at is None:
        account.withdrawn_at = now()


def store_token(session: Session, id_: UUID, before: bytes, refresh_token: bytes) -> None:
    """Replace the token of the viewer's account, encrypted with a newer key, unless another was stored meanwhile."""
    account = session.get_for_update(GoogleAccount, id_)
    if account.refresh_token == before:
        account.refresh_token = refresh_token


def _of_viewer(session: Session) -> GoogleAccount | None:
    query = select(GoogleAccount).where(GoogleAccount.user_id == session.user_id)
    account: GoogleAccount | None = session.scalars(query.with_for_update()).one_or_none()
    return account
