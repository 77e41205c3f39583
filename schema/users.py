"""People, where they are signed in, and the mutations of signing up, in and out."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.models import users as rows
from db.models.sessions import SignIn
from resolvers.accounts import users
from resolvers.accounts.accounts import sign_up
from resolvers.accounts.sessions import is_current_session, list_sessions, log_in, log_out, refresh_session
from resolvers.billing import usage
from resolvers.core.ids import name_type
from resolvers.sites import items
from schema.base import Audited, Node, field, list_of, mutation, node_id, optional, output_type, page, required
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


@output_type
class Session:
    """A device on which you are signed in."""

    id: strawberry.ID = strawberry.field(resolver=node_id, description="Names the session, for revokeSession.")
    created_at: datetime = field("When you signed in.")
    last_used_at: datetime = field("When you signed in, or its tokens were last renewed.")
    user_agent: str | None = field("What the client called itself when you signed in.")
    ip_address: str | None = field("The address that you signed in from.")
    is_current: bool = strawberry.field(
        resolver=is_current_session, description="Whether it is the session of this request."
    )


@output_type
class User(Node, Audited, row=rows.User):
    """Somebody who can sign in."""

    email: str = field("Address, and name for logging in.")
    first_name: str = field("Given name; may be empty.")
    last_name: str = field("Family name; may be empty.")
    name: str = field("What to call them: the full name, or the part of the address before the @.")
    is_superuser: bool = field("Whether they see and change everything.")
    is_email_verified: bool = field("Whether they have shown that the address is theirs.")
    sessions = list_of(
        Session, list_sessions, "Where they are signed in; empty for other people, unless you are a superuser."
    )
    memberships = page(Membership, users.list_memberships, "The organizations they are in, as far as you see them.")
    conversations = page(Conversation, users.list_conversations, "The conversations they own, as far as you see them.")
    usage = required(Usage, usage.usage_of_user, "What models cost for them, as far as you see it.")
    items = page(Item, items.list_items_of_user, "The items they own, as far as you see them.")


@output_type
class SessionTokens:
    """What a client keeps to stay signed in."""

    access_token: str = field("Send it as `Authorization: Bearer …`, and as `Authorization` in connection_init.")
    refresh_token: str = field("Exchange it once, with refreshSession, for the next pair.")
    token_type: str = field("Always `Bearer`.")
    expires_in: int = field("Life of the access token, in seconds.")


@output_type
class SignUpPayload:
    """A new user, signed in."""

    user: User = field("The new user.")
    session: SessionTokens = field("Their first tokens.")
    message: str = field("A sentence to show.")


@output_type
class LogInPayload:
    """A user, signed in."""

    user: User = field("Who signed in.")
    session: SessionTokens = field("Their tokens.")


@output_type
class RefreshSessionPayload:
    """The next pair of tokens."""

    session: SessionTokens = field("The new tokens; the old refresh token is used up.")


@output_type
class LogOutPayload:
    """The session is over."""

    ok: bool = field("Always true; what goes wrong is an error.")


@strawberry.type
class Query:
    me = optional(User, users.me, "You; null when signed out.")
    user = optional(User, users.user, "A user whom you may see.")
    users = page(User, users.list_users, "All accounts, newest first; for superusers.")


@strawberry.type
class Mutation:
    sign_up = mutation(SignUpPayload, sign_up, "Make an account, with a personal organization, and sign in.")
    log_in = mutation(LogInPayload, log_in, "Sign in; one answer for an unknown address and a wrong password.")
    refresh_session = mutation(
        RefreshSessionPayload,
        refresh_session,
        "Renew the tokens; a refresh token that comes back a second time ends its session.",
    )
    log_out = mutation(LogOutPayload, log_out, "End this session at once.")
