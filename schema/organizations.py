"""Organizations and memberships."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from auth.viewer import Role
from db import organizations as rows
from resolvers import organizations, tables
from schema.base import Audited, Node, choice, maybe, page, says, shows

if TYPE_CHECKING:
    from schema.tables import Table
    from schema.users import User
else:  # an organization lists its tables, and a table names its organization
    Table = Annotated["Table", strawberry.lazy("schema.tables")]
    User = Annotated["User", strawberry.lazy("schema.users")]

choice(Role, ADMIN="Sees and changes everything in it.", MEMBER="Sees what is shared and changes what they own.")
choice(
    rows.MembershipStatus,
    INVITED="Asked, and has not answered yet.",
    ACTIVE="A member with all rights of the role.",
)


@shows
class Membership(Node, row=rows.Membership):
    """Somebody's place in an organization."""

    user = maybe(User, organizations.user_of, "The member; null when you may not see them.")
    organization: "Organization" = strawberry.field(
        resolver=organizations.organization_of, description="Where they are a member."
    )
    role: Role = says("What they may do there.")
    status: rows.MembershipStatus = says("Whether they have accepted the invitation.")


@shows
class Organization(Node, Audited, row=rows.Organization):
    """People who work together; everybody has a personal one."""

    name: str = says("What it is called.")
    is_personal: bool = says("Whether it is somebody's own.")
    my_role = maybe(Role, organizations.my_role, "Your role there.")
    members = page(Membership, organizations.list_members, "Who is in it.")
    tables = page(Table, tables.list_tables_of_organization, "The tables in it that you may see.")


@strawberry.type
class Query:
    organization = maybe(Organization, organizations.organization, "An organization that you are in.")
    organizations = page(Organization, organizations.list_organizations, "The organizations that you are in.")
