"""Organizations and their members."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import strawberry

from auth.tokens import new_refresh, refresh_digest
from auth.viewer import Role, Viewer
from db.accounts import users
from db.core.validation import checked_email
from db.models.memberships import Membership
from db.models.organizations import Organization
from db.models.users import User
from db.organizations import invitations, memberships, organization_deletion, organizations
from db.organizations.invitations import Invitee, Secret
from errors import NotFound
from resolvers.core.context import IdempotencyKey, Info
from resolvers.core.ids import global_id, key
from resolvers.core.pages import KeysetPage

says = strawberry.argument
OrganizationId = Annotated[strawberry.ID, says(description="The organization.")]
MembershipId = Annotated[strawberry.ID, says(description="The member's place in the organization.")]


@dataclass(frozen=True)
class Changed:
    organization: Organization


@dataclass(frozen=True)
class Deleted:
    deleted_id: strawberry.ID


@dataclass(frozen=True)
class Placed:
    membership: Membership


@dataclass(frozen=True)
class Invited:
    email: str
    expires_at: datetime
    membership: Membership | None


@dataclass(frozen=True)
class Withdrawn:
    ok: bool = True


async def organization(
    info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Which one.")]
) -> Organization | None:
    return await info.context.find(Organization, id)


def list_organizations(info: Info) -> KeysetPage[Organization]:
    """Those of the viewer; all of them for a superuser."""
    viewer = info.context.viewer
    return info.context.page(organizations.every, member_id=None if viewer.is_superuser else viewer.user_id)


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


async def create_organization(
    info: Info,
    name: Annotated[str, says(description="What it is called: 1 to 100 characters.")],
    idempotency_key: IdempotencyKey = None,
) -> Changed:
    return Changed(await info.context.write(organizations.create, name, idempotency_key))


async def update_organization(
    info: Info, id: OrganizationId, name: Annotated[str | None, says(description="A new name.")] = None
) -> Changed:
    return Changed(await info.context.write(organizations.rename, key(id, Organization), name))


async def delete_organization(info: Info, id: OrganizationId) -> Deleted:
    return Deleted(
        global_id(Organization, await info.context.write(organization_deletion.delete, key(id, Organization)))
    )


async def invite_member(
    info: Info,
    organization_id: OrganizationId,
    email: Annotated[str, says(description="Where the invitation is sent.")],
    role: Annotated[Role, says(description="What they will be.")] = Role.MEMBER,
    idempotency_key: IdempotencyKey = None,
) -> Invited:
    id_, address = key(organization_id, Organization), checked_email(email, "email")
    if await info.context.by_id(Organization, id_) is None:
        raise NotFound("There is no such organization, or you may not see it.")
    # An admin does not see the account yet that the invitation makes a member.
    known = await info.context.backend.database.read_one(users.by_email, Viewer.system(), email=address)
    invitee = Invitee(address, role, known.id if known else None)
    made = await info.context.write(invitations.invite, id_, invitee, Secret(*new_refresh()), idempotency_key)
    return Invited(made.invitation.email, made.invitation.expires_at, made.membership)


async def withdraw_invitation(
    info: Info,
    organization_id: OrganizationId,
    email: Annotated[str, says(description="Where the invitation was sent.")],
) -> Withdrawn:
    address = checked_email(email, "email")
    await info.context.write(invitations.call_off, key(organization_id, Organization), address)
    return Withdrawn()


async def accept_invitation(
    info: Info, token: Annotated[str, says(description="The token in the mail; it is good once, for seven days.")]
) -> Placed:
    return Placed(await info.context.write(invitations.accept, refresh_digest(token)))


async def change_member_role(
    info: Info, membership_id: MembershipId, role: Annotated[Role, says(description="What they are from now on.")]
) -> Placed:
    return Placed(await info.context.write(memberships.change_role, key(membership_id, Membership), role))


async def remove_member(info: Info, membership_id: MembershipId) -> Deleted:
    return Deleted(global_id(Membership, await info.context.write(memberships.remove, key(membership_id, Membership))))
