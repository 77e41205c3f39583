"""Sites: make, change, assign, list."""

from dataclasses import dataclass
from typing import Annotated, Any

import strawberry
from strawberry import UNSET, argument

from db.conversations import conversations
from db.models.conversations import Conversation
from db.models.organizations import Organization
from db.models.sites import Site
from db.models.users import User
from db.sites import sites
from resolvers.core.context import IdempotencyKey, Info
from resolvers.core.ids import global_id, key
from resolvers.core.pages import IncludeDeleted, KeysetPage

SiteId = Annotated[strawberry.ID, argument(description="The site.")]
UserId = Annotated[strawberry.ID, argument(description="A member of the site's organization.")]


@dataclass(frozen=True)
class Changed:
    site: Site


@dataclass(frozen=True)
class Deleted:
    deleted_id: strawberry.ID


async def site(info: Info, id: Annotated[strawberry.ID, argument(description="Which one.")]) -> Site | None:
    return await info.context.find(Site, id)


async def site_of(root: strawberry.Parent[Any], info: Info) -> Site | None:
    return await info.context.by_id(Site, root.site_id)


def list_sites_of_organization(
    root: strawberry.Parent[Any], info: Info, include_deleted: IncludeDeleted = False
) -> KeysetPage[Site]:
    listing = sites.of_organization
    return info.context.page(listing.with_deleted if include_deleted else listing, organization_id=root.id)


def list_assignees(root: strawberry.Parent[Any], info: Info) -> KeysetPage[User]:
    return info.context.page(sites.assignees, site_id=root.id)


def list_conversations_of_site(root: strawberry.Parent[Any], info: Info) -> KeysetPage[Conversation]:
    return info.context.page(conversations.all_conversations, site_id=root.id)


async def create_site(
    info: Info,
    organization_id: Annotated[strawberry.ID, argument(description="An organization that you are an admin of.")],
    name: Annotated[str, argument(description="What it is called: 1 to 100 characters.")],
    address: Annotated[str | None, argument(description="Where it is: at most 500 characters.")] = None,
    idempotency_key: IdempotencyKey = None,
) -> Changed:
    id_ = key(organization_id, Organization)
    return Changed(await info.context.write(sites.create, id_, name, address, idempotency_key))


async def update_site(
    info: Info,
    id: SiteId,
    name: Annotated[str | None, argument(description="A new name.")] = UNSET,
    address: Annotated[str | None, argument(description="Where it is; null for nothing.")] = UNSET,
) -> Changed:
    given = {"name": name, "address": address}
    changes = {name: value for name, value in given.items() if value is not UNSET}
    return Changed(await info.context.write(sites.update, key(id, Site), changes))


async def delete_site(info: Info, id: SiteId) -> Deleted:
    return Deleted(global_id(Site, await info.context.write(sites.delete, key(id, Site))))


async def assign_site(info: Info, site_id: SiteId, user_id: UserId) -> Changed:
    return Changed(await info.context.write(sites.assign, key(site_id, Site), key(user_id, User)))


async def unassign_site(info: Info, site_id: SiteId, user_id: UserId) -> Changed:
    return Changed(await info.context.write(sites.unassign, key(site_id, Site), key(user_id, User)))
