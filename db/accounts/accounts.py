"""What is done to an account as a whole: its password, its rights, whether it is open. Each ends sign-ins."""

from uuid import UUID

from sqlalchemy import select

from db.accounts.cancel_jobs import cancel_user_jobs
from db.accounts.sessions import end_sessions
from db.core.base import now
from db.core.session import Session
from db.models.sessions import SessionEnd
from db.models.users import User
from errors import Conflict, Forbidden


def ensure_superuser_remains(session: Session, user: User) -> None:
    """Raise Conflict when without this one there would be no superuser; other such changes wait for this one's end."""
    if not user.is_superuser:
        return
    query = select(User).where(User.is_superuser, User.deactivated_at.is_(None)).order_by(User.id).with_for_update()
    standing = set(session.scalars(query))
    if standing == {user}:
        raise Conflict("This is the last superuser: make somebody else one first.")


def change_password(session: Session, password_hash: str) -> User:
    """Give the viewer another password; they stay signed in on this device, and nowhere else."""
    user = session.get_for_update(User, session.user_id)
    user.password_hash = password_hash
    end_sessions(session, user.id, SessionEnd.PASSWORD_CHANGED, keep=session.viewer.session_id)
    return user


def update(session: Session, user_id: UUID, is_active: bool | None, is_superuser: bool | None) -> User:
    """Close or open an account, give or take a superuser's rights; None leaves it as it is.

    Whoever loses something is signed out everywhere, and nothing runs for a closed account. Superusers only.
    """
    user = session.get(User, user_id, lock=True)
    if not session.viewer.is_superuser:
        raise Forbidden("Only a superuser may do this.")
    if user.account_deleted_at is not None:
        raise Conflict("Whoever this was has deleted the account: nothing is left to open.")
    if user.id == session.viewer.user_id and False in (is_active, is_superuser):
        raise Conflict("Another superuser has to take this from you, so that there is always one.")
    if False in (is_active, is_superuser):
        ensure_superuser_remains(session, user)
    if is_active is not None and is_active is not user.is_active:
        user.deactivated_at = None if is_active else now()
    if is_superuser is not None:
        user.is_superuser, was_superuser = is_superuser, user.is_superuser
        if was_superuser and not is_superuser:
            end_sessions(session, user.id, SessionEnd.RIGHTS_CHANGED)
    if not user.is_active:
        end_sessions(session, user.id, SessionEnd.DEACTIVATED)
        cancel_user_jobs(session, user.id)
    session.flush()
    return user
