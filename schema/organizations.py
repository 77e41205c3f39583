"""Organizations and memberships."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from auth.viewer import Role
from db.models.memberships import Membership as MembershipRow
from db.models.memberships import MembershipStatus
from db.models.organizations import Organization as OrganizationRow
from resolvers.billing import budgets, usage
from resolvers.organizations import organizations
from resolvers.sites import sites
from resolvers.tables import tables
from schema.base import Audited, Edge, Node, change, choice, edge, maybe, one, page, says, shows
from schema.budgets import Budget
from schema.usage import Usage

if TYPE_CHECKING:
    from schema.sites import Site
    from schema.tables import Table
    from schema.users import User
else:  # an organization lists its tables, and a table names its organization
    Site = Annotated["Site", strawberry.lazy("schema.sites")]
    Table = Annotated["Table", strawberry.lazy("schema.tables")]
    User = Annotated["User", strawberry.lazy("schema.users")]

choice(Role, ADMIN="Sees and changes everything in it.", MEMBER="Sees what is shared and changes what they own.")
choice(
    MembershipStatus,
    INVITED="Asked, and has not answered yet.",
    ACTIVE="A member with all rights of the role.",
)


@shows
class Membership(Node, row=MembershipRow):
    """Somebody's place in an organization."""

    user = maybe(User, organizations.user_of, "The member; null when you may not see them.")
    organization: "Organization" = strawberry.field(
        resolver=organizations.organization_of, description="Where they are a member."
    )
    role: Role = says("What they may do there.")
    status: MembershipStatus = says("Whether they have accepted the invitation.")


@shows
class Organization(Node, Audited, row=OrganizationRow):
    """People who work together; everybody has a personal one."""

    name: str = says("What it is called.")
    is_personal: bool = says("Whether it is somebody's own.")
    my_role = maybe(Role, organizations.my_role, "Your role there; null while you are only invited.")
    members = page(Membership, organizations.list_members, "Who is in it.")
    budget = maybe(Budget, budgets.budget_of, "What models may cost it in a month; null when nothing limits that.")
    usage = one(Usage, usage.usage_of_organization, "What models cost it; for members, as far as they see.")
    sites = page(Site, sites.list_sites_of_organization, "The sites of it that you may see.")
    tables = page(Table, tables.list_tables_of_organization, "The tables in it that you may see.")


@shows
class CreateOrganizationPayload:
    """The new organization."""

    organization: Organization = says("The new organization; you are its admin.")
    organization_edge: Edge[Organization] = edge(Organization, "organization", "Its edge, for a list of them.")


@shows
class UpdateOrganizationPayload:
    """The changed organization."""

    organization: Organization = says("As it is now.")


@shows
class DeleteOrganizationPayload:
    """The organization that is gone."""

    deleted_id: strawberry.ID = says("The organization that was deleted; restore brings it back.")


@shows
class InviteMemberPayload:
    """The invitation is on its way."""

    email: str = says("Where it is sent.")
    expires_at: datetime = says("Until when it can be accepted.")
    membership: Membership | None = says("Their place; null until somebody with this address accepts.")


@shows
class WithdrawInvitationPayload:
    """The token in the mail is good no more."""

    ok: bool = says("Always true; what goes wrong is an error.")


@shows
class AcceptInvitationPayload:
    """You are a member."""

    membership: Membership = says("Your place in the organization.")


@shows
class ChangeMemberRolePayload:
    """The member with another role."""

    membership: Membership = says("As it is now.")


@shows
class RemoveMemberPayload:
    """Who is not a member any more."""

    deleted_id: strawberry.ID = says("The membership that was ended.")


@strawberry.type
class Query:
    organization = maybe(Organization, organizations.organization, "An organization that you are in.")
    organizations = page(Organization, organizations.list_organizations, "The organizations that you are in.")


@strawberry.type
class Mutation:
    create_organization = change(
        CreateOrganizationPayload, organizations.create_organization, "Make an organization; you become its admin."
    )
    update_organization = change(
        UpdateOrganizationPayload, organizations.update_organization, "Change an organization that you administer."
    )
    delete_organization = change(
        DeleteOrganizationPayload,
        organizations.delete_organization,
        "Delete an organization with everything in it; not a personal one.",
    )
    invite_member = change(
        InviteMemberPayload,
        organizations.invite_member,
        "Invite somebody by e-mail; an earlier invitation of theirs is void.",
    )
    withdraw_invitation = change(
        WithdrawInvitationPayload,
        organizations.withdraw_invitation,
        "Take back an invitation that nobody has accepted, also one to an address without an account.",
    )
    accept_invitation = change(
        AcceptInvitationPayload, organizations.accept_invitation, "Become a member by the token in an invitation."
    )
    change_member_role = change(
        ChangeMemberRolePayload, organizations.change_member_role, "Change what a member is; the last admin stays."
    )
    remove_member = change(
        RemoveMemberPayload, organizations.remove_member, "Take out a member, or leave; the last admin stays."
    )
