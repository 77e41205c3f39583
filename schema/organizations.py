"""Organizations and the mutations that change them."""

import strawberry

from auth.viewer import Role
from db import models
from resolvers.billing import budgets, usage
from resolvers.exports import exports
from resolvers.organizations import organizations, storage
from resolvers.organizations.memberships import list_members
from resolvers.sites import sites
from resolvers.tables import tables
from schema.base import Audited, Node, Shows, TypeOf, field, optional, output_type, required
from schema.budgets import Budget
from schema.connections import Edge, edge, page
from schema.operations import mutation
from schema.usage import Storage, Usage


@output_type
class Organization(Node, Audited, Shows[models.organizations.Organization]):
    """A group of users who work together; every user has a personal one."""

    name: str = field("Name of the organization.")
    is_personal: bool = field("True for the organization that was created together with a user's account.")
    my_role = optional(
        Role,
        organizations.my_role,
        "Your role in it; null unless you are an active member.",
    )
    members = page(TypeOf[models.memberships.Membership], list_members, "Memberships, including invited users.")
    budget = optional(Budget, budgets.budget_of, "Limit on model usage per month; null without a limit.")
    usage = required(
        Usage, usage.usage_of_organization, "Model usage of the organization, in the conversations that you may see."
    )
    sites = page(
        TypeOf[models.sites.Site], sites.list_sites_of_organization, "Sites of the organization that you may see."
    )
    tables = page(
        TypeOf[models.tables.Table], tables.list_tables_of_organization, "Tables of the organization that you may see."
    )
    exports = page(
        TypeOf[models.exports.Export],
        exports.list_exports_of_organization,
        "Exports of the organization's tables that you may see, newest first.",
    )
    storage = required(Storage, storage.storage_of, "Storage that the organization uses.")


@output_type
class CreateOrganizationPayload(Shows[organizations.OrganizationResult]):
    """Result of `createOrganization`."""

    organization: Organization = field("The new organization; you are its admin.")
    organization_edge: Edge[Organization] = edge(Organization, "organization", "Edge of the organization, for lists.")


@output_type
class UpdateOrganizationPayload(Shows[organizations.OrganizationResult]):
    """Result of `updateOrganization`."""

    organization: Organization = field("The organization after the change.")


@output_type
class DeleteOrganizationPayload(Shows[organizations.DeletedIdResult]):
    """Result of `deleteOrganization`."""

    deleted_id: strawberry.ID = field("Id of the deleted organization, for `restore`.")


@strawberry.type
class Query:
    organization = optional(
        Organization, organizations.organization, "An organization by id; null unless you are a member or invited."
    )
    organizations = page(
        Organization, organizations.list_organizations, "Organizations in which you are a member or invited."
    )


@strawberry.type
class Mutation:
    create_organization = mutation(
        CreateOrganizationPayload, organizations.create_organization, "Create an organization; you become its admin."
    )
    update_organization = mutation(
        UpdateOrganizationPayload, organizations.update_organization, "Change an organization. Admins only."
    )
    delete_organization = mutation(
        DeleteOrganizationPayload,
        organizations.delete_organization,
        "Delete an organization with everything in it. Personal organizations cannot be deleted.",
    )
