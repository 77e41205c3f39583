"""Organizations and their members."""

from typing import Annotated, Any

import strawberry

from auth.viewer import Role
from db import organizations
from db.organizations import Membership, Organization
from db.users import User
from resolvers.context import Info
from resolvers.pages import KeysetPage


async def organization(
    info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Which one.")]
) -> Organization | None:
    return await info.context.find(Organization, id)


def list_organizations(info: Info) -> KeysetPage[Organization]:
    return info.context.page(organizations.every)


def list_members(root: strawberry.Parent[Any], info: Info) -> KeysetPage[Membership]:
    return info.context.page(organizations.members, organization_id=root.id)


async def my_role(root: strawberry.Parent[Any], info: Info) -> Role | None:
    async def load(ids: list[Any]) -> list[Role | None]:
        mine = await info.context.read(organizations.of_viewer, user_id=info.context.viewer_id, ids=ids)
        roles = {membership.organization_id: membership.role for membership in mine}
        return [roles.get(id_) for id_ in ids]

    role: Role | None = await info.context.loader(my_role, load).load(root.id)
    return role


async def organization_of(root: strawberry.Parent[Any], info: Info) -> Organization | None:
    return await info.context.by_id(Organization, root.organization_id)


async def user_of(root: strawberry.Parent[Any], info: Info) -> User | None:
    return await info.context.by_id(User, root.user_id)


async def owner_of(root: strawberry.Parent[Any], info: Info) -> User | None:
    return await info.context.by_id(User, root.owner_id)
