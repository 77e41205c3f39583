"""Sites and the mutations that change and assign them."""

import strawberry

from db import models
from resolvers.organizations import organizations
from resolvers.sites import modules, sites
from schema.base import Audited, Node, Shows, TypeOf, field, optional, output_type, required
from schema.connections import Edge, edge, page
from schema.operations import mutation


@output_type
class Site(Node, Audited, Shows[models.sites.Site]):
    """A location of an organization; plain members see only the sites assigned to them."""

    name: str = field("Name of the site.")
    address: str | None = field("Postal address.")
    organization = required(
        TypeOf[models.organizations.Organization], organizations.organization_of, "Organization that owns the site."
    )
    modules = page(TypeOf[models.modules.Module], modules.list_modules_of_site, "Modules installed at the site.")
    assignees = page(TypeOf[models.users.User], sites.list_assignees, "Members who are assigned to the site.")
    conversations = page(
        TypeOf[models.conversations.Conversation],
        sites.list_conversations_of_site,
        "Conversations about the site that you may see.",
    )


@output_type
class CreateSitePayload(Shows[sites.SiteResult]):
    """Result of `createSite`."""

    site: Site = field("The new site.")
    site_edge: Edge[Site] = edge(Site, "site", "Edge of the site, for lists.")


@output_type
class UpdateSitePayload(Shows[sites.SiteResult]):
    """Result of `updateSite`."""

    site: Site = field("The site after the change.")


@output_type
class DeleteSitePayload(Shows[sites.DeleteSiteResult]):
    """Result of `deleteSite`."""

    deleted_id: strawberry.ID = field("Id of the deleted site, for `restore`.")


@output_type
class AssignSitePayload(Shows[sites.SiteResult]):
    """Result of `assignSite`."""

    site: Site = field("The site after the change.")


@output_type
class UnassignSitePayload(Shows[sites.SiteResult]):
    """Result of `unassignSite`."""

    site: Site = field("The site after the change.")


@strawberry.type
class Query:
    site = optional(Site, sites.site, "A site by id; null when you may not see it.")


@strawberry.type
class Mutation:
    create_site = mutation(CreateSitePayload, sites.create_site, "Add a site to an organization. Admins only.")
    update_site = mutation(
        UpdateSitePayload, sites.update_site, "Change a site. Fields that are not sent keep their values."
    )
    delete_site = mutation(DeleteSitePayload, sites.delete_site, "Delete a site with its modules.")
    assign_site = mutation(AssignSitePayload, sites.assign_site, "Let a member see a site and its modules.")
    unassign_site = mutation(UnassignSitePayload, sites.unassign_site, "End a member's access to a site.")
