"""Google accounts that users have connected."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from db.core.base import now
from db.core.policy_scopes import VIEWER
from db.core.prepared import OneOf, Prepared
from db.core.session import Session
from db.models.google import GoogleAccount
from db.models.users import User

# Of the viewer alone: superusers see other accounts, but not what these have at Google.
of_viewer: Prepared[GoogleAccount] = Prepared(select(GoogleAccount).where(GoogleAccount.user_id == VIEWER))
of_users: Prepared[GoogleAccount] = Prepared(
    select(GoogleAccount).where(OneOf(GoogleAccount.user_id), GoogleAccount.user_id == VIEWER)
)


def connect(session: Session, email: str, scopes: str, refresh_token: bytes) -> bytes | None:
    """Store the viewer's Google account; return the token of an earlier one that is another account at Google."""
    session.get_for_update(User, session.user_id)  # of two at once, the second replaces the first
    account = _of_viewer(session)
    replaced = None
    if account is None:
        account = GoogleAccount(user_id=session.user_id)
        session.add(account)
    elif account.email != email:
        replaced = account.refresh_token
    account.email, account.scopes, account.refresh_token = email, scopes, refresh_token
    account.connected_at, account.withdrawn_at = now(), None
    return replaced


def disconnect(session: Session) -> bytes | None:
    """Forget the viewer's Google account, if there is one; return its token for its revocation."""
    account = _of_viewer(session)
    if account is None:
        return None
    token, account.refresh_token, account.deleted_at = account.refresh_token, None, now()
    return token


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
