"""User accounts: lists, sign-up and profile changes."""

from uuid import UUID

from sqlalchemy import func, select

from auth.viewer import Viewer
from db.core.idempotency import IdempotencyKey, check_key, remember
from db.core.pagination import Listing
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.models.users import User
from db.organizations.organizations import create_personal
from errors import Conflict, Forbidden

_searched_text = func.lower(User.email + " " + User.first_name + " " + User.last_name)
all_users = Listing(
    User,
    User.account_deleted_at.is_(None),
    newest_first=True,
    optional={
        # REPLACE changes the text only if it contains the search term; LIKE would read % and _ as wildcards.
        "search": func.replace(_searched_text, func.lower(bind("search", User.email)), "") != _searched_text,
    },
)


def all_users_for(viewer: Viewer) -> Listing[User]:
    """Return the list of all accounts, newest first. Raises Forbidden unless the viewer is a superuser."""
    if not viewer.is_superuser:
        raise Forbidden("Only a superuser may list all users. List the members of an organization instead.")
    return all_users


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
    """Create a user with a personal organization; `email` must be in lower case. Raises Conflict if it is taken."""
    if idempotency_key is not None:
        check_key(idempotency_key)
    if session.scalars(select(func.count(User.id)).where(User.email == email)).one():
        raise Conflict("An account with this e-mail address already exists. Log in instead.")
    user = User(email=email, password_hash=password_hash, first_name=first_name, last_name=last_name)
    session.add(user)
    create_personal(session, user.id, user.name)
    if idempotency_key is not None:
        remember(session, user.id, "signUp", idempotency_key, [user.id])
    return user


def replace_password_hash(session: Session, user_id: UUID, password_hash: str) -> None:
    """Replace the hash of a password by a stronger hash of the same password."""
    session.get(User, user_id).password_hash = password_hash


def update_profile(session: Session, first_name: str | None, last_name: str | None) -> User:
    """Change the viewer's names; None leaves a name unchanged."""
    user = session.get_for_update(User, session.user_id)
    user.first_name = user.first_name if first_name is None else first_name
    user.last_name = user.last_name if last_name is None else last_name
    return user
