"""Changes of an account's password, rights and activation, each of which ends sign-ins."""

from uuid import UUID

from sqlalchemy import select

from auth.api_keys import ApiScope
from db.accounts import api_keys, verifications
from db.accounts.cancel_jobs import cancel_user_jobs
from db.accounts.sessions import end_sessions
from db.core.base import now
from db.core.session import Session
from db.models.sessions import SessionEnd
from db.models.users import User
from errors import Conflict, Forbidden


def ensure_superuser_remains(session: Session, user: User) -> None:
    """Raise Conflict if `user` is the last active superuser; concurrent checks wait for the locked rows."""
    if not user.is_superuser:
        return
    query = select(User).where(User.is_superuser, User.deactivated_at.is_(None)).order_by(User.id).with_for_update()
    if set(session.scalars(query)) == {user}:
        raise Conflict("This is the last superuser. Make another user a superuser first.")


def change_password(session: Session, password_hash: str) -> User:
    """Change the viewer's password, end all of their sessions except the current one, and any change of address."""
    user = session.get_for_update(User, session.user_id)
    user.password_hash = password_hash
    end_sessions(session, user.id, SessionEnd.PASSWORD_CHANGED, keep=session.viewer.session_id)
    verifications.cancel_email_change(session, user.id)
    return user


def update(session: Session, user_id: UUID, is_active: bool | None, is_superuser: bool | None) -> User:
    """Activate or deactivate an account, grant or revoke superuser rights; None leaves the value unchanged.

    A deactivation or revocation ends all sessions of the user; a deactivation also ends their API keys and cancels
    their jobs, a revocation ends the API keys with the scope ADMIN.
    Raises Forbidden unless the viewer is a superuser.
    """
    user = session.get(User, user_id, lock=True)
    if not session.viewer.is_superuser:
        raise Forbidden("Only a superuser may change accounts.")
    if user.account_deleted_at is not None:
        raise Conflict("This account was deleted by its owner and cannot be changed.")
    if user.id == session.viewer.user_id and False in (is_active, is_superuser):
        raise Conflict("You cannot deactivate yourself or revoke your own superuser rights. Ask another superuser.")
    if False in (is_active, is_superuser):
        ensure_superuser_remains(session, user)
    if is_active is not None and is_active is not user.is_active:
        user.deactivated_at = None if is_active else now()
    if is_superuser is not None:
        user.is_superuser, was_superuser = is_superuser, user.is_superuser
        if was_superuser and not is_superuser:
            end_sessions(session, user.id, SessionEnd.RIGHTS_CHANGED)
            api_keys.end_all(session, user.id, ApiScope.ADMIN)  # the only ones that had the rights of a superuser
    if not user.is_active:
        end_sessions(session, user.id, SessionEnd.DEACTIVATED)
        api_keys.end_all(session, user.id)
        cancel_user_jobs(session, user.id)
    session.flush()
    return user
