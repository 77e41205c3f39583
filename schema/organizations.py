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
from resolvers.organizations.invitations import accept_invitation, invite_member, withdraw_invitation
from resolvers.organizations.memberships import change_member_role, list_members, remove_member, user_of
from resolvers.sites import sites
from resolvers.tables import tables
from schema.base import Audited, Edge, Node, edge, enum, field, mutation, optional, output_type, page, required
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

enum(Role, ADMIN="Sees and changes everything in it.", MEMBER="Sees what is shared and changes what they own.")
enum(
    MembershipStatus,
    INVITED="Asked, and has not answered yet.",
    ACTIVE="A member with all rights of the role.",
)


@output_type
class Membership(Node, row=MembershipRow):
    """Somebody's place in an organization."""

    user = optional(User, user_of, "The member; null when you may not see them.")
    organization: "Organization" = strawberry.field(
        resolver=organizations.organization_of, description="Where they are a member."
    )
    role: Role = field("What they may do there.")
    status: MembershipStatus = field("Whether they have accepted the invitation.")


@output_type
class Organization(Node, Audited, row=OrganizationRow):
    """People who work together; everybody has a personal one."""

    name: str = field("What it is called.")
    is_personal: bool = field("Whether it is somebody's own.")
    my_role = optional(Role, organizations.my_role, "Your role there; null while you are only invited.")
    members = page(Membership, list_members, "Who is in it.")
    budget = optional(Budget, budgets.budget_of, "What models may cost it in a month; null when nothing limits that.")
    usage = required(Usage, usage.usage_of_organization, "What models cost it; for members, as far as they see.")
    sites = page(Site, sites.list_sites_of_organization, "The sites of it that you may see.")
    tables = page(Table, tables.list_tables_of_organization, "The tables in it that you may see.")


@output_type
class CreateOrganizationPayload:
    """The new organization."""

    organization: Organization = field("The new organization; you are its admin.")
    organization_edge: Edge[Organization] = edge(Organization, "organization", "Its edge, for a list of them.")


@output_type
class UpdateOrganizationPayload:
    """The changed organization."""

    organization: Organization = field("As it is now.")


@output_type
class DeleteOrganizationPayload:
    """The organization that is gone."""

    deleted_id: strawberry.ID = field("The organization that was deleted; restore brings it back.")


@output_type
class InviteMemberPayload:
    """The invitation is on its way."""

    email: str = field("Where it is sent.")
    expires_at: datetime = field("Until when it can be accepted.")
    membership: Membership | None = field("Their place; null until somebody with this address accepts.")


@output_type
class WithdrawInvitationPayload:
    """The token in the mail is good no more."""

    ok: bool = field("Always true; what goes wrong is an error.")


@output_type
class AcceptInvitationPayload:
    """You are a member."""

    membership: Membership = field("Your place in the organization.")


@output_type
class ChangeMemberRolePayload:
    """The member with another role."""

    membership: Membership = field("As it is now.")


@output_type
class RemoveMemberPayload:
    """Who is not a member any more."""

    deleted_id: strawberry.ID = field("The membership that was ended.")


@strawberry.type
class Query:
    organization = optional(Organization, organizations.organization, "An organization that you are in.")
    organizations = page(Organization, organizations.list_organizations, "The organizations that you are in.")


@strawberry.type
class Mutation:
    create_organization = mutation(
        CreateOrganizationPayload, organizations.create_organization, "Make an organization; you become its admin."
    )
    update_organization = mutation(
        UpdateOrganizationPayload, organizations.update_organization, "Change an organization that you administer."
    )
    delete_organization = mutation(
        DeleteOrganizationPayload,
        organizations.delete_organization,
        "Delete an organization with everything in it; not a personal one.",
    )
    invite_member = mutation(
        InviteMemberPayload,
        invite_member,
        "Invite somebody by e-mail; an earlier invitation of theirs is void.",
    )
    withdraw_invitation = mutation(
        WithdrawInvitationPayload,
        withdraw_invitation,
        "Take back an invitation that nobody has accepted, also one to an address without an account.",
    )
    accept_invitation = mutation(
        AcceptInvitationPayload, accept_invitation, "Become a member by the token in an invitation."
    )
    change_member_role = mutation(
        ChangeMemberRolePayload, change_member_role, "Change what a member is; the last admin stays."
    )
    remove_member = mutation(RemoveMemberPayload, remove_member, "Take out a member, or leave; the last admin stays.")
