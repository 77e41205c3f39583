"""Items: list, create, update and delete them."""

from dataclasses import dataclass
from typing import Annotated, Any

import strawberry
from strawberry import UNSET, argument

from db.core.base import Visibility
from db.models.conversations import Conversation
from db.models.items import Item
from db.models.organizations import Organization
from db.models.sites import Site
from db.sites import items
from db.sites.items import NewItem
from resolvers.core.context import IdempotencyKey, Info
from resolvers.core.ids import decode_id, decode_optional_id, global_id
from resolvers.core.pages import IncludeDeleted, KeysetPage

ItemId = Annotated[strawberry.ID, argument(description="Id of the item.")]


@dataclass(frozen=True)
class ItemResult:
    item: Item


@dataclass(frozen=True)
class DeleteItemResult:
    deleted_id: strawberry.ID


async def item(info: Info, id: Annotated[strawberry.ID, argument(description="Id of the item.")]) -> Item | None:
    return await info.context.find(Item, id)


def list_items(
    info: Info,
    is_completed: Annotated[
        bool | None, argument(description="true: only completed items; false: only open ones.")
    ] = None,
    organization_id: Annotated[strawberry.ID | None, argument(description="Only those of this organization.")] = None,
    include_deleted: IncludeDeleted = False,
) -> KeysetPage[Item]:
    return info.context.page(
        items.all_items.with_deleted if include_deleted else items.all_items,
        is_completed=is_completed,
        organization_id=decode_optional_id(organization_id, Organization),
    )


def list_items_of_user(root: strawberry.Parent[Any], info: Info) -> KeysetPage[Item]:
    return info.context.page(items.all_items, owner_id=root.id)


async def create_item(
    info: Info,
    title: Annotated[str, argument(description="Title: 1 to 200 characters.")],
    description: Annotated[str | None, argument(description="Description: at most 10,000 characters.")] = None,
    is_completed: Annotated[bool, argument(description="Mark it as completed.")] = False,
    visibility: Annotated[Visibility, argument(description="Visibility to other users.")] = Visibility.PRIVATE,
    organization_id: Annotated[
        strawberry.ID | None,
        argument(
            description="Id of the organization that owns it; that of the site or conversation, or your personal one, "
            "when omitted.",
        ),
    ] = None,
    site_id: Annotated[strawberry.ID | None, argument(description="Id of the site that it is about.")] = None,
    conversation_id: Annotated[
        strawberry.ID | None, argument(description="Id of the conversation that it is about.")
    ] = None,
    idempotency_key: IdempotencyKey = None,
) -> ItemResult:
    new_item = NewItem(
        title=title,
        description=description,
        is_completed=is_completed,
        visibility=visibility,
        organization_id=decode_optional_id(organization_id, Organization),
        site_id=decode_optional_id(site_id, Site),
        conversation_id=decode_optional_id(conversation_id, Conversation),
    )
    return ItemResult(await info.context.write(items.create, new_item, idempotency_key))


async def update_item(
    info: Info,
    id: ItemId,
    title: Annotated[str | None, argument(description="New title: 1 to 200 characters.")] = UNSET,
    description: Annotated[
        str | None, argument(description="New description: at most 10,000 characters; null removes it.")
    ] = UNSET,
    is_completed: Annotated[bool | None, argument(description="Mark it as completed.")] = UNSET,
    visibility: Annotated[Visibility | None, argument(description="Visibility to users other than the owner.")] = UNSET,
    site_id: Annotated[
        strawberry.ID | None, argument(description="Id of the site that it is about; null removes it.")
    ] = UNSET,
    conversation_id: Annotated[
        strawberry.ID | None, argument(description="Id of the conversation that it is about; null removes it.")
    ] = UNSET,
) -> ItemResult:
    arguments: dict[str, Any] = {
        "title": title,
        "description": description,
        "is_completed": is_completed,
        "visibility": visibility,
        "site_id": site_id if site_id is UNSET else decode_optional_id(site_id, Site),
        "conversation_id": conversation_id
        if conversation_id is UNSET
        else decode_optional_id(conversation_id, Conversation),
    }
    changes = {name: value for name, value in arguments.items() if value is not UNSET}
    return ItemResult(await info.context.write(items.update, decode_id(id, Item), changes))


async def delete_item(info: Info, id: ItemId) -> DeleteItemResult:
    return DeleteItemResult(global_id(Item, await info.context.write(items.delete, decode_id(id, Item))))
