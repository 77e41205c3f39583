"""Items, and the mutations that change them; restoring anything that was deleted."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from db.core.base import Visibility
from db.models import items as rows
from resolvers.conversations import conversations
from resolvers.organizations import organizations
from resolvers.retention import restoring
from resolvers.sites import items, sites
from schema.base import Audited, Edge, Node, change, edge, maybe, one, page, says, shows

if TYPE_CHECKING:
    from schema.conversations import Conversation
    from schema.organizations import Organization
    from schema.sites import Site
    from schema.users import User
else:  # a user lists their items, and an item names its owner
    Conversation = Annotated["Conversation", strawberry.lazy("schema.conversations")]
    Organization = Annotated["Organization", strawberry.lazy("schema.organizations")]
    Site = Annotated["Site", strawberry.lazy("schema.sites")]
    User = Annotated["User", strawberry.lazy("schema.users")]


@shows
class Item(Node, Audited, row=rows.Item):
    """Something to do."""

    title: str = says("What it is about.")
    description: str | None = says("More about it.")
    is_completed: bool = says("Whether it is done.")
    visibility: Visibility = says("Who sees it besides its owner.")
    owner = one(User, organizations.owner_of, "Whose it is.")
    organization = maybe(Organization, organizations.organization_of, "The organization that it belongs to.")
    site = maybe(Site, sites.site_of, "The site that it is about; null when there is none that you may see.")
    conversation = maybe(
        Conversation, conversations.conversation_of, "What it is about; null when there is none that you may see."
    )


@shows
class CreateItemPayload:
    """The new item."""

    item: Item = says("The new item.")
    item_edge: Edge[Item] = edge(Item, "item", "Its edge, for a list of them.")


@shows
class UpdateItemPayload:
    """The changed item."""

    item: Item = says("As it is now.")


@shows
class DeleteItemPayload:
    """The item that is gone."""

    deleted_id: strawberry.ID = says("The item that was deleted; restore brings it back.")


@shows
class RestorePayload:
    """What is there again."""

    node: Node = says("As it is now.")


@strawberry.type
class Query:
    item = maybe(Item, items.item, "An item that you may see.")
    items = page(Item, items.list_items, "The items that you may see, newest first.")


@strawberry.type
class Mutation:
    create_item = change(CreateItemPayload, items.create_item, "Make an item.")
    update_item = change(UpdateItemPayload, items.update_item, "Change an item; what is not named stays as it is.")
    delete_item = change(DeleteItemPayload, items.delete_item, "Delete an item.")
    restore = change(RestorePayload, restoring.restore, "Bring back what was deleted, if you may change it.")
