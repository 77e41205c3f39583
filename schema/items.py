"""Items, and the mutations that change them; restoring anything that was deleted."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from db.core.base import Visibility
from db.models import items as rows
from resolvers.conversations import conversations
from resolvers.organizations import organizations
from resolvers.retention import restoring
from resolvers.sites import items, sites
from schema.base import Audited, Edge, Node, edge, field, mutation, optional, output_type, page, required

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


@output_type
class Item(Node, Audited, row=rows.Item):
    """Something to do."""

    title: str = field("What it is about.")
    description: str | None = field("More about it.")
    is_completed: bool = field("Whether it is done.")
    visibility: Visibility = field("Who sees it besides its owner.")
    owner = required(User, organizations.owner_of, "Whose it is.")
    organization = optional(Organization, organizations.organization_of, "The organization that it belongs to.")
    site = optional(Site, sites.site_of, "The site that it is about; null when there is none that you may see.")
    conversation = optional(
        Conversation, conversations.conversation_of, "What it is about; null when there is none that you may see."
    )


@output_type
class CreateItemPayload:
    """The new item."""

    item: Item = field("The new item.")
    item_edge: Edge[Item] = edge(Item, "item", "Its edge, for a list of them.")


@output_type
class UpdateItemPayload:
    """The changed item."""

    item: Item = field("As it is now.")


@output_type
class DeleteItemPayload:
    """The item that is gone."""

    deleted_id: strawberry.ID = field("The item that was deleted; restore brings it back.")


@output_type
class RestorePayload:
    """What is there again."""

    node: Node = field("As it is now.")


@strawberry.type
class Query:
    item = optional(Item, items.item, "An item that you may see.")
    items = page(Item, items.list_items, "The items that you may see, newest first.")


@strawberry.type
class Mutation:
    create_item = mutation(CreateItemPayload, items.create_item, "Make an item.")
    update_item = mutation(UpdateItemPayload, items.update_item, "Change an item; what is not named stays as it is.")
    delete_item = mutation(DeleteItemPayload, items.delete_item, "Delete an item.")
    restore = mutation(RestorePayload, restoring.restore, "Bring back what was deleted, if you may change it.")
