"""Sites, and the mutations that change and assign them."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from db.models import sites as rows
from resolvers.organizations import organizations
from resolvers.sites import modules, sites
from schema.base import Audited, Edge, Node, edge, field, mutation, optional, output_type, page, required

if TYPE_CHECKING:
    from schema.conversations import Conversation
    from schema.modules import Module
    from schema.organizations import Organization
    from schema.users import User
else:  # a site lists what is there, and each of that names its site
    Conversation = Annotated["Conversation", strawberry.lazy("schema.conversations")]
    Module = Annotated["Module", strawberry.lazy("schema.modules")]
    Organization = Annotated["Organization", strawberry.lazy("schema.organizations")]
    User = Annotated["User", strawberry.lazy("schema.users")]


@output_type
class Site(Node, Audited, row=rows.Site):
    """A place of an organization; members see those that they are assigned to."""

    name: str = field("What it is called.")
    address: str | None = field("Where it is.")
    organization = required(Organization, organizations.organization_of, "The organization that it belongs to.")
    modules = page(Module, modules.list_modules_of_site, "The modules there.")
    assignees = page(User, sites.list_assignees, "The members who are assigned to it.")
    conversations = page(Conversation, sites.list_conversations_of_site, "The conversations about it that you may see.")


@output_type
class CreateSitePayload:
    """The new site."""

    site: Site = field("The new site.")
    site_edge: Edge[Site] = edge(Site, "site", "Its edge, for a list of them.")


@output_type
class UpdateSitePayload:
    """The changed site."""

    site: Site = field("As it is now.")


@output_type
class DeleteSitePayload:
    """The site that is gone."""

    deleted_id: strawberry.ID = field("The site that was deleted; restore brings it back.")


@output_type
class AssignSitePayload:
    """The site with one more who sees it."""

    site: Site = field("As it is now.")


@output_type
class UnassignSitePayload:
    """The site with one less who sees it."""

    site: Site = field("As it is now.")


@strawberry.type
class Query:
    site = optional(Site, sites.site, "A site that you may see.")


@strawberry.type
class Mutation:
    create_site = mutation(CreateSitePayload, sites.create_site, "Add a site to an organization that you administer.")
    update_site = mutation(UpdateSitePayload, sites.update_site, "Change a site; what is not named stays as it is.")
    delete_site = mutation(DeleteSitePayload, sites.delete_site, "Delete a site with its modules.")
    assign_site = mutation(AssignSitePayload, sites.assign_site, "Let a member see a site and its modules.")
    unassign_site = mutation(UnassignSitePayload, sites.unassign_site, "Take a site out of a member's sight.")
