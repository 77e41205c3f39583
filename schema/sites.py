"""Sites, and the mutations that change and assign them."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from db.models import sites as rows
from resolvers.organizations import organizations
from resolvers.sites import modules, sites
from schema.base import Audited, Edge, Node, change, edge, maybe, one, page, says, shows

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


@shows
class Site(Node, Audited, row=rows.Site):
    """A place of an organization; members see those that they are assigned to."""

    name: str = says("What it is called.")
    address: str | None = says("Where it is.")
    organization = one(Organization, organizations.organization_of, "The organization that it belongs to.")
    modules = page(Module, modules.list_modules_of_site, "The modules there.")
    assignees = page(User, sites.list_assignees, "The members who are assigned to it.")
    conversations = page(Conversation, sites.list_conversations_of_site, "The conversations about it that you may see.")


@shows
class CreateSitePayload:
    """The new site."""

    site: Site = says("The new site.")
    site_edge: Edge[Site] = edge(Site, "site", "Its edge, for a list of them.")


@shows
class UpdateSitePayload:
    """The changed site."""

    site: Site = says("As it is now.")


@shows
class DeleteSitePayload:
    """The site that is gone."""

    deleted_id: strawberry.ID = says("The site that was deleted; restore brings it back.")


@shows
class AssignSitePayload:
    """The site with one more who sees it."""

    site: Site = says("As it is now.")


@shows
class UnassignSitePayload:
    """The site with one less who sees it."""

    site: Site = says("As it is now.")


@strawberry.type
class Query:
    site = maybe(Site, sites.site, "A site that you may see.")


@strawberry.type
class Mutation:
    create_site = change(CreateSitePayload, sites.create_site, "Add a site to an organization that you administer.")
    update_site = change(UpdateSitePayload, sites.update_site, "Change a site; what is not named stays as it is.")
    delete_site = change(DeleteSitePayload, sites.delete_site, "Delete a site with its modules.")
    assign_site = change(AssignSitePayload, sites.assign_site, "Let a member see a site and its modules.")
    unassign_site = change(UnassignSitePayload, sites.unassign_site, "Take a site out of a member's sight.")
