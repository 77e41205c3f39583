"""Users: the viewer, other users, and checks of names and addresses."""

from typing import Annotated, Any

import strawberry
from strawberry import argument

from db.accounts import users
from db.conversations.conversations import all_conversations as every_conversation
from db.core.validation import checked_text
from db.models.conversations import Conversation
from db.models.memberships import Membership
from db.models.users import User
from db.organizations.organizations import of_user as memberships_of_user
from resolvers.core.context import Info
from resolvers.core.pages import KeysetPage, checked_search

MAX_NAME = 100  # characters


async def me(info: Info) -> User | None:
    if info.context.signed_in is None:
        return None
    return await info.context.by_id(User, info.context.viewer_id)


async def user(info: Info, id: Annotated[strawberry.ID, argument(description="Id of the user.")]) -> User | None:
    return await info.context.find(User, id)


def list_users(
    info: Info,
    search: Annotated[
        str | None,
        argument(description="Only users whose e-mail address or name contains this text; at most 200 characters."),
    ] = None,
) -> KeysetPage[User]:
    return info.context.page(users.all_users_for(info.context.viewer), search=checked_search(search))


def list_memberships(root: strawberry.Parent[Any], info: Info) -> KeysetPage[Membership]:
    return info.context.page(memberships_of_user, user_id=root.id)


def list_conversations(root: strawberry.Parent[Any], info: Info) -> KeysetPage[Conversation]:
    return info.context.page(every_conversation, owner_id=root.id)


def checked_name(field: str, name: str) -> str:
    """Return a part of a person's name as one line; it may be empty. Raises BadUserInput for `field`."""
    return checked_text(" ".join(name.split()), field, MAX_NAME)
