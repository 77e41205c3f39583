"""People who can sign in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, inspect, or_, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ColumnElement

from auth.viewer import Role, Viewer
from db.core.base import Base, Recorded
from db.core.idempotency import IdempotencyKey, check_key, remember
from db.core.pagination import Listing
from db.core.policy_scopes import VIEWER, fellows
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.organizations.organizations import add_personal
from errors import Conflict, Forbidden

GRANTED = ("email", "is_superuser", "is_email_verified", "deactivated_at")


class User(Recorded, Base):
    """Seen by themselves and by those who share an organization with them; changed by themselves.

    Who they are and what they may do is not theirs to change: that takes a superuser, or a token that was mailed.
    Of somebody who deleted their account, at `departed_at`, a row without a name stays, since others refer to it;
    at `erased_at` everything else was gone.
    """

    __tablename__ = "users"

    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    first_name: Mapped[str]
    last_name: Mapped[str]
    is_superuser: Mapped[bool] = mapped_column(default=False)
    is_email_verified: Mapped[bool] = mapped_column(default=False)
    deactivated_at: Mapped[datetime | None]
    departed_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]

    def concealed(self) -> frozenset[str]:
        """Of somebody who is gone, also who they were."""
        who = frozenset({"email", "first_name", "last_name"})
        return frozenset({"password_hash"}) | (who if self.departed_at is not None else frozenset())

    @property
    def is_active(self) -> bool:
        """Whether they can sign in."""
        return self.deleted_at is None and self.deactivated_at is None

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email.partition("@")[0]

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        return or_(row.id == VIEWER, row.id.in_(fellows()))

    def writable(self, viewer: Viewer, roles: dict[UUID, Role]) -> bool:  # noqa: ARG002  one rule's shape
        return self.id == viewer.user_id and not _is_granted(self)


def _is_granted(row: object) -> bool:
    """Whether a row changes what its owner does not decide; what it was before is asked too, and changes nothing."""
    return isinstance(row, User) and any(inspect(row).attrs[name].load_history().has_changes() for name in GRANTED)


_named = func.lower(User.email + " " + User.first_name + " " + User.last_name)
every = Listing(
    User,
    User.departed_at.is_(None),
    newest_first=True,
    optional={
        # What is looked for is taken out of the names: LIKE would read % and _ in it as wildcards.
        "search": func.replace(_named, func.lower(bind("search", User.email)), "") != _named,
    },
)


def everybody(viewer: Viewer) -> Listing[User]:
    """All accounts, newest first; for superusers."""
    if not viewer.is_superuser:
        raise Forbidden("Only a superuser may list everybody; see the members of an organization.")
    return every


by_email: Prepared[User] = Prepared(select(User).where(User.email == bind("email", User.email)))


by_email_and_key: Prepared[User] = Prepared(
    select(User)
    .join(IdempotencyKey, IdempotencyKey.user_id == User.id)
    .where(
        User.email == bind("email", User.email),
        IdempotencyKey.operation == "signUp",
        IdempotencyKey.key == bind("key", IdempotencyKey.key),
    )
)


def sign_up(
    session: Session,
    email: str,
    password_hash: str,
    first_name: str,
    last_name: str,
    idempotency_key: str | None = None,
) -> User:
    """A new user with a personal organization; `email` is in lower case."""
    if idempotency_key is not None:
        check_key(idempotency_key)
    if session.scalars(select(func.count(User.id)).where(User.email == email)).one():
        raise Conflict("There is an account with this e-mail address already: log in instead.")
    user = User(email=email, password_hash=password_hash, first_name=first_name, last_name=last_name)
    session.add(user)
    add_personal(session, user.id, user.name)
    if idempotency_key is not None:
        remember(session, user.id, "signUp", idempotency_key, [user.id])
    return user


def keep_rehashed(session: Session, user_id: UUID, password_hash: str) -> None:
    """Replace a password's hash by a stronger one of the same password."""
    session.obtain(User, user_id).password_hash = password_hash


def update_profile(session: Session, first_name: str | None, last_name: str | None) -> User:
    """Call the viewer something else; None leaves a name as it is."""
    user = session.obtain_to_change(User, session.user_id)
    user.first_name = user.first_name if first_name is None else first_name
    user.last_name = user.last_name if last_name is None else last_name
    return user
