"""Memberships of organizations: list them, change their roles, remove them."""

from dataclasses import dataclass
from typing import Annotated, Any

import strawberry
from strawberry import argument

from auth.viewer import Role
from db.models.memberships import Membership
from db.models.users import User
from db.organizations import memberships, organizations
from resolvers.core.context import Info
from resolvers.core.ids import decode_id, global_id
from resolvers.core.pages import KeysetPage
from resolvers.organizations.organizations import DeletedIdResult

MembershipId = Annotated[strawberry.ID, argument(description="Id of the membership.")]


@dataclass(frozen=True)
class MembershipResult:
    membership: Membership


def list_members(root: strawberry.Parent[Any], info: Info) -> KeysetPage[Membership]:
    return info.context.page(organizations.members, organization_id=root.id)


async def user_of(root: strawberry.Parent[Any], info: Info) -> User | None:
    return await info.context.by_id(User, root.user_id)


async def change_member_role(
    info: Info, membership_id: MembershipId, role: Annotated[Role, argument(description="New role.")]
) -> MembershipResult:
    return MembershipResult(
        await info.context.write(memberships.change_role, decode_id(membership_id, Membership), role)
    )


async def remove_member(info: Info, membership_id: MembershipId) -> DeletedIdResult:
    return DeletedIdResult(
        global_id(Membership, await info.context.write(memberships.remove, decode_id(membership_id, Membership)))
    )
