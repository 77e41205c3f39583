"""Sites: list, create, update, assign and delete them."""

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
from resolvers.core.ids import decode_id, global_id
from resolvers.core.pages import IncludeDeleted, KeysetPage

SiteId = Annotated[strawberry.ID, argument(description="Id of the site.")]
UserId = Annotated[strawberry.ID, argument(description="Id of a member of the organization that owns the site.")]


@dataclass(frozen=True)
class SiteResult:
    site: Site


@dataclass(frozen=True)
class DeleteSiteResult:
    deleted_id: strawberry.ID


async def site(info: Info, id: Annotated[strawberry.ID, argument(description="Id of the site.")]) -> Site | None:
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
    organization_id: Annotated[strawberry.ID, argument(description="Id of an organization that you administer.")],
    name: Annotated[str, argument(description="Name: 1 to 100 characters.")],
    address: Annotated[str | None, argument(description="Postal address: at most 500 characters.")] = None,
    idempotency_key: IdempotencyKey = None,
) -> SiteResult:
    id_ = decode_id(organization_id, Organization)
    return SiteResult(await info.context.write(sites.create, id_, name, address, idempotency_key))


async def update_site(
    info: Info,
    id: SiteId,
    name: Annotated[str | None, argument(description="New name: 1 to 100 characters.")] = UNSET,
    address: Annotated[
        str | None, argument(description="New postal address: at most 500 characters; null removes it.")
    ] = UNSET,
) -> SiteResult:
    arguments = {"name": name, "address": address}
    changes = {name: value for name, value in arguments.items() if value is not UNSET}
    return SiteResult(await info.context.write(sites.update, decode_id(id, Site), changes))


async def delete_site(info: Info, id: SiteId) -> DeleteSiteResult:
    return DeleteSiteResult(global_id(Site, await info.context.write(sites.delete, decode_id(id, Site))))


async def assign_site(info: Info, site_id: SiteId, user_id: UserId) -> SiteResult:
    return SiteResult(await info.context.write(sites.assign, decode_id(site_id, Site), decode_id(user_id, User)))


async def unassign_site(info: Info, site_id: SiteId, user_id: UserId) -> SiteResult:
    return SiteResult(await info.context.write(sites.unassign, decode_id(site_id, Site), decode_id(user_id, User)))
