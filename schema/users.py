"""Users and the queries that read them."""

import strawberry

from db import models
from resolvers.accounts import api_keys, limits, users
from resolvers.accounts.sessions import list_sessions
from resolvers.billing import usage
from resolvers.google.accounts import google_account
from resolvers.sites import items
from schema.api_keys import ApiKey
from schema.base import Audited, Node, Shows, TypeOf, field, list_of, optional, output_type, required
from schema.connections import page
from schema.google import GoogleAccount
from schema.sessions import Session
from schema.usage import Limit, Usage


@output_type
class User(Node, Audited, Shows[models.users.User]):
    """A person with an account."""

    email: str = field("E-mail address, which is also the name for signing in.")
    first_name: str = field("Given name; may be empty.")
    last_name: str = field("Family name; may be empty.")
    name: str = field("Name to display: first and last name, or the part of the address before the @.")
    is_superuser: bool = field("True for superusers, who see and change everything.")
    is_email_verified: bool = field("True once the user has confirmed the e-mail address with `verifyEmail`.")
    sessions = list_of(
        Session,
        list_sessions,
        "Devices on which the user is signed in. Only for yourself and superusers.",
    )
    google_account = optional(
        GoogleAccount, google_account, "Google account that you have connected. Only for yourself."
    )
    api_keys = list_of(
        ApiKey,
        api_keys.list_api_keys,
        "API keys that are not revoked, newest first. Only for yourself and superusers.",
    )
    limits = list_of(Limit, limits.list_limits, "Limits on what you use, and what is used. Only for yourself.")
    memberships = page(
        TypeOf[models.memberships.Membership], users.list_memberships, "Memberships of the user that you may see."
    )
    conversations = page(
        TypeOf[models.conversations.Conversation],
        users.list_conversations,
        "Conversations owned by the user that you may see.",
    )
    usage = required(Usage, usage.usage_of_user, "Model usage of the user, in the conversations that you may see.")
    items = page(TypeOf[models.items.Item], items.list_items_of_user, "Items owned by the user that you may see.")


@strawberry.type
class Query:
    me = optional(User, users.me, "The signed-in user; null when signed out.", public=True)
    user = optional(User, users.user, "A user by id; null when you may not see the user.")
    users = page(User, users.list_users, "All accounts, newest first. Superusers only.")
