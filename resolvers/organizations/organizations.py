"""Organizations: list, create, rename and delete them."""

from dataclasses import dataclass
from typing import Annotated, Any

import strawberry
from strawberry import argument

from auth.viewer import Role
from db.models.organizations import Organization
from db.models.users import User
from db.organizations import organization_deletion, organizations
from resolvers.core.context import IdempotencyKey, Info
from resolvers.core.ids import decode_id, global_id
from resolvers.core.pages import KeysetPage

OrganizationId = Annotated[strawberry.ID, argument(description="Id of the organization.")]


@dataclass(frozen=True)
class OrganizationResult:
    organization: Organization


@dataclass(frozen=True)
class DeletedIdResult:
    deleted_id: strawberry.ID


async def organization(
    info: Info, id: Annotated[strawberry.ID, argument(description="Id of the organization.")]
) -> Organization | None:
    return await info.context.find(Organization, id)


def list_organizations(info: Info) -> KeysetPage[Organization]:
    """Return the organizations of the viewer; all of them for a superuser."""
    viewer = info.context.viewer
    return info.context.page(organizations.all_organizations, member_id=None if viewer.is_superuser else viewer.user_id)


async def my_role(root: strawberry.Parent[Any], info: Info) -> Role | None:
    async def load(ids: list[Any]) -> list[Role | None]:
        memberships = await info.context.read(organizations.of_viewer, user_id=info.context.viewer_id, ids=ids)
        roles = {membership.organization_id: membership.role for membership in memberships}
        return [roles.get(id_) for id_ in ids]

    role: Role | None = await info.context.loader(my_role, load).load(root.id)
    return role


async def organization_of(root: strawberry.Parent[Any], info: Info) -> Organization | None:
    return await info.context.by_id(Organization, root.organization_id)


async def owner_of(root: strawberry.Parent[Any], info: Info) -> User:
    """Return the owner; in place of one who has left the organization, a user without name and address."""
    return await info.context.by_id(User, root.owner_id) or User(
        id=root.owner_id,
        email=f"former-{root.owner_id.hex}",
        first_name="Former",
        last_name="member",
        is_superuser=False,
        is_email_verified=False,
        created_at=root.created_at,
        updated_at=root.created_at,
    )


async def create_organization(
    info: Info,
    name: Annotated[str, argument(description="Name: 1 to 100 characters.")],
    idempotency_key: IdempotencyKey = None,
) -> OrganizationResult:
    return OrganizationResult(await info.context.write(organizations.create, name, idempotency_key))


async def update_organization(
    info: Info,
    id: OrganizationId,
    name: Annotated[str | None, argument(description="New name: 1 to 100 characters.")] = None,
) -> OrganizationResult:
    return OrganizationResult(await info.context.write(organizations.rename, decode_id(id, Organization), name))


async def delete_organization(info: Info, id: OrganizationId) -> DeletedIdResult:
    return DeletedIdResult(
        global_id(Organization, await info.context.write(organization_deletion.delete, decode_id(id, Organization)))
    )
