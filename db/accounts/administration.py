"""Commands for operators, accounts addressed by e-mail; arguments and results are plain JSON."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import func, or_, select

from auth.viewer import Viewer
from db.accounts import api_keys, users
from db.accounts.accounts import update
from db.accounts.sessions import end_sessions
from db.core.audit_context import AuditContext, audit_context
from db.core.engine import Database
from db.core.session import Session
from db.core.validation import normalized_email
from db.models.jobs import Job, JobStatus
from db.models.sessions import SessionEnd
from db.models.users import User
from db.organizations import administration as organizations
from db.organizations import storage
from errors import BadUserInput, NotFound

MAX_LISTED = 1_000
MAX_LISTED_JOBS = 100

Account = dict[str, Any]


def grant(session: Session, email: str) -> Account:
    """Grant superuser rights, effective from the user's next operation on."""
    return _update_by_email(session, email, is_superuser=True)


def revoke(session: Session, email: str) -> Account:
    """Revoke superuser rights and end the user's sessions."""
    return _update_by_email(session, email, is_superuser=False)


def deactivate(session: Session, email: str) -> Account:
    """Deactivate an account and end its sessions."""
    return _update_by_email(session, email, is_active=False)


def activate(session: Session, email: str) -> Account:
    """Reactivate a deactivated account."""
    return _update_by_email(session, email, is_active=True)


def create(session: Session, email: str, password_hash: str, first_name: str = "", last_name: str = "") -> Account:
    """Create an account whose address counts as verified, as the operator vouches for it."""
    user = users.sign_up(session, normalized_email(email), password_hash, first_name, last_name)
    user.is_email_verified = True
    session.flush()
    return {**_as_account(user), "changed": True}


def reset_password(session: Session, email: str, password_hash: str) -> Account:
    """Set a new password, and end all sessions and API keys of the account."""
    user = _by_email(session, email)
    user.password_hash = password_hash
    end_sessions(session, user.id, SessionEnd.PASSWORD_CHANGED)
    api_keys.end_all(session, user.id)
    return {**_as_account(user), "changed": True}


def list_accounts(session: Session, search: str | None = None) -> list[Account]:
    """Return the oldest 1,000 accounts, optionally only those with `search` in their address or name."""
    query = select(User).order_by(User.id).limit(MAX_LISTED)
    if search:
        fields = (User.email, User.first_name, User.last_name, User.first_name + " " + User.last_name)
        query = query.where(or_(*(func.lower(field).contains(search.lower(), autoescape=True) for field in fields)))
    return [_as_account(user) for user in session.scalars(query)]


def list_jobs(session: Session, status: str | None = None) -> list[dict[str, Any]]:
    """Return the newest 100 jobs with a status, by default those that are queued or running."""
    statuses = [JobStatus(status)] if status else [JobStatus.QUEUED, JobStatus.RUNNING]
    query = select(Job).where(Job.status.in_(statuses)).order_by(Job.id.desc()).limit(MAX_LISTED_JOBS)
    return [
        {
            "id": str(job.id),
            "kind": job.kind,
            "status": job.status.value,
            "created_at": job.created_at.isoformat(),
            "attempt": job.attempt,
            "error_code": job.error_code,
            "error_message": job.error_message,
        }
        for job in session.scalars(query)
    ]


OPERATIONS: Mapping[str, Callable[..., Any]] = {
    "superuser grant": grant,
    "superuser revoke": revoke,
    "users deactivate": deactivate,
    "users activate": activate,
    "users create": create,
    "users reset-password": reset_password,
    "users list": list_accounts,
    "jobs": list_jobs,
    "organizations list": organizations.list_organizations,
    "organizations members": organizations.list_members,
    "organizations make-admin": organizations.make_admin,
    "storage": storage.measure,
}


async def perform(database: Database, name: object, arguments: Mapping[str, Any]) -> Any:
    """Run the command `name` of OPERATIONS in one transaction. Raises ProductError."""
    operation = OPERATIONS.get(name) if isinstance(name, str) else None
    if operation is None or not _accepts(operation, arguments):
        raise BadUserInput(
            f"The running server does not know the command {name!r} with these arguments, because it has another "
            "version. Restart the server."
        )
    with audit_context(AuditContext(str(name))):
        return await database.write(operation, Viewer.system(), **arguments)


def _accepts(operation: Callable[..., Any], arguments: Mapping[str, Any]) -> bool:
    try:
        inspect.signature(operation).bind(None, **arguments)
    except TypeError:
        return False
    return all(isinstance(value, str) for value in arguments.values())


def _update_by_email(
    session: Session, email: str, *, is_active: bool | None = None, is_superuser: bool | None = None
) -> Account:
    user = _by_email(session, email)
    before = (user.is_active, user.is_superuser)
    user = update(session, user.id, is_active, is_superuser)
    return {**_as_account(user), "changed": before != (user.is_active, user.is_superuser)}


def _by_email(session: Session, email: str) -> User:
    user = session.scalars(select(User).where(User.email == normalized_email(email))).one_or_none()
    if user is None:
        raise NotFound(f"There is no account with the address {email.strip()}. List the accounts with `users list`.")
    return user


def _as_account(user: User) -> Account:
    return {
        "email": user.email,
        "name": user.name,
        "is_active": user.is_active,
        "is_superuser": user.is_superuser,
        "created_at": user.created_at.isoformat(),
    }
