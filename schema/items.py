"""Items (things to do) and the mutations that change them."""

import strawberry

from db import models
from db.core.base import Visibility
from resolvers.conversations import conversations
from resolvers.organizations import organizations
from resolvers.sites import items, sites
from schema.base import Audited, Node, Shows, TypeOf, field, optional, output_type, required
from schema.connections import Edge, edge, page
from schema.operations import mutation


@output_type
class Item(Node, Audited, Shows[models.items.Item]):
    """A thing to do."""

    title: str = field("Title of the item.")
    description: str | None = field("Details.")
    is_completed: bool = field("True when it is done.")
    visibility: Visibility = field("Users who can see the item besides its owner.")
    owner = required(TypeOf[models.users.User], organizations.owner_of, "User who owns the item.")
    organization = optional(
        TypeOf[models.organizations.Organization], organizations.organization_of, "Organization that owns the item."
    )
    site = optional(
        TypeOf[models.sites.Site], sites.site_of, "Site the item refers to; null without one that you may see."
    )
    conversation = optional(
        TypeOf[models.conversations.Conversation],
        conversations.conversation_of,
        "Conversation the item refers to; null without one that you may see.",
    )


@output_type
class CreateItemPayload(Shows[items.ItemResult]):
    """Result of `createItem`."""

    item: Item = field("The new item.")
    item_edge: Edge[Item] = edge(Item, "item", "Edge of the item, for lists.")


@output_type
class UpdateItemPayload(Shows[items.ItemResult]):
    """Result of `updateItem`."""

    item: Item = field("The item after the change.")


@output_type
class DeleteItemPayload(Shows[items.DeleteItemResult]):
    """Result of `deleteItem`."""

    deleted_id: strawberry.ID = field("Id of the deleted item, for `restore`.")


@strawberry.type
class Query:
    item = optional(Item, items.item, "An item by id; null when you may not see it.")
    items = page(Item, items.list_items, "Items that you may see, newest first.")


@strawberry.type
class Mutation:
    create_item = mutation(CreateItemPayload, items.create_item, "Create an item.")
    update_item = mutation(
        UpdateItemPayload, items.update_item, "Change an item. Fields that are not sent keep their values."
    )
    delete_item = mutation(DeleteItemPayload, items.delete_item, "Delete an item.")
