"""People, where they are signed in, and the mutations of signing up, in and out."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.models import users as rows
from db.models.sessions import SignIn
from resolvers.accounts import users
from resolvers.billing import usage
from resolvers.core.ids import name_type
from resolvers.sites import items
from schema.base import Audited, Node, change, many, maybe, node_id, one, page, says, shows
from schema.usage import Usage

if TYPE_CHECKING:
    from schema.conversations import Conversation
    from schema.items import Item
    from schema.organizations import Membership
else:  # a user lists their conversations, and a conversation names its owner
    Conversation = Annotated["Conversation", strawberry.lazy("schema.conversations")]
    Item = Annotated["Item", strawberry.lazy("schema.items")]
    Membership = Annotated["Membership", strawberry.lazy("schema.organizations")]


name_type(SignIn, "Session")


@shows
class Session:
    """A device on which you are signed in."""

    id: strawberry.ID = strawberry.field(resolver=node_id, description="Names the session, for revokeSession.")
    created_at: datetime = says("When you signed in.")
    last_used_at: datetime = says("When you signed in, or its tokens were last renewed.")
    user_agent: str | None = says("What the client called itself when you signed in.")
    ip_address: str | None = says("The address that you signed in from.")
    is_current: bool = strawberry.field(
        resolver=users.is_current_session, description="Whether it is the session of this request."
    )


@shows
class User(Node, Audited, row=rows.User):
    """Somebody who can sign in."""

    email: str = says("Address, and name for logging in.")
    first_name: str = says("Given name; may be empty.")
    last_name: str = says("Family name; may be empty.")
    name: str = says("What to call them: the full name, or the part of the address before the @.")
    is_superuser: bool = says("Whether they see and change everything.")
    is_email_verified: bool = says("Whether they have shown that the address is theirs.")
    sessions = many(
        Session, users.list_sessions, "Where they are signed in; empty for other people, unless you are a superuser."
    )
    memberships = page(Membership, users.list_memberships, "The organizations they are in, as far as you see them.")
    conversations = page(Conversation, users.list_conversations, "The conversations they own, as far as you see them.")
    usage = one(Usage, usage.usage_of_user, "What models cost for them, as far as you see it.")
    items = page(Item, items.list_items_of_user, "The items they own, as far as you see them.")


@shows
class SessionTokens:
    """What a client keeps to stay signed in."""

    access_token: str = says("Send it as `Authorization: Bearer …`, and as `Authorization` in connection_init.")
    refresh_token: str = says("Exchange it once, with refreshSession, for the next pair.")
    token_type: str = says("Always `Bearer`.")
    expires_in: int = says("Life of the access token, in seconds.")


@shows
class SignUpPayload:
    """A new user, signed in."""

    user: User = says("The new user.")
    session: SessionTokens = says("Their first tokens.")
    message: str = says("A sentence to show.")


@shows
class LogInPayload:
    """A user, signed in."""

    user: User = says("Who signed in.")
    session: SessionTokens = says("Their tokens.")


@shows
class RefreshSessionPayload:
    """The next pair of tokens."""

    session: SessionTokens = says("The new tokens; the old refresh token is used up.")


@shows
class LogOutPayload:
    """The session is over."""

    ok: bool = says("Always true; what goes wrong is an error.")


@strawberry.type
class Query:
    me = maybe(User, users.me, "You; null when signed out.")
    user = maybe(User, users.user, "A user whom you may see.")
    users = page(User, users.list_users, "All accounts, newest first; for superusers.")


@strawberry.type
class Mutation:
    sign_up = change(SignUpPayload, users.sign_up, "Make an account, with a personal organization, and sign in.")
    log_in = change(LogInPayload, users.log_in, "Sign in; one answer for an unknown address and a wrong password.")
    refresh_session = change(
        RefreshSessionPayload,
        users.refresh_session,
        "Renew the tokens; a refresh token that comes back a second time ends its session.",
    )
    log_out = change(LogOutPayload, users.log_out, "End this session at once.")
