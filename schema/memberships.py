"""Memberships of organizations and the mutations that change them."""

import strawberry

from auth.viewer import Role
from db import models
from resolvers.organizations import memberships
from resolvers.organizations.organizations import DeletedIdResult, organization_of
from schema.base import Node, Shows, TypeOf, enum, field, optional, output_type, required
from schema.operations import mutation

enum(
    Role,
    ADMIN="Sees and changes everything in the organization.",
    MEMBER="Sees shared objects and changes own ones.",
)
enum(
    models.memberships.MembershipStatus,
    INVITED="Invited; the user has not accepted yet.",
    ACTIVE="Member with all rights of the role.",
)


@output_type
class Membership(Node, Shows[models.memberships.Membership]):
    """Membership of a user in an organization."""

    user = optional(
        TypeOf[models.users.User],
        memberships.user_of,
        "The member; null until an invitation is accepted, and when you may not see this user.",
    )
    organization = required(TypeOf[models.organizations.Organization], organization_of, "The organization.")
    role: Role = field("Role of the user in the organization.")
    status: models.memberships.MembershipStatus = field("ACTIVE once the user has accepted the invitation.")


@output_type
class ChangeMemberRolePayload(Shows[memberships.MembershipResult]):
    """Result of `changeMemberRole`."""

    membership: Membership = field("The membership after the change.")


@output_type
class RemoveMemberPayload(Shows[DeletedIdResult]):
    """Result of `removeMember`."""

    deleted_id: strawberry.ID = field("Id of the ended membership.")


@strawberry.type
class Mutation:
    change_member_role = mutation(
        ChangeMemberRolePayload,
        memberships.change_member_role,
        "Change a member's role. The last admin cannot become a member.",
    )
    remove_member = mutation(
        RemoveMemberPayload,
        memberships.remove_member,
        "Remove a member from an organization, or leave it yourself. The last admin cannot leave.",
    )
