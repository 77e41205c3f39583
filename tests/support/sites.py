"""Creation of sites and modules through the API."""

from typing import Any

from tests.support.client import Client


async def own_id(client: Client) -> str:
    """Return the id of the client's user."""
    return str((await client.run("{ me { id } }"))["me"]["id"])


async def create_site(admin: Client, organization: str, name: str = "Depot", **arguments: Any) -> str:
    """Create a site and return its id."""
    answer = await admin.mutate("createSite", "{ site { id } }", organizationId=organization, name=name, **arguments)
    return str(answer["site"]["id"])


async def create_module(admin: Client, site_id: str, name: str = "Pump 1") -> str:
    """Create a module and return its id."""
    answer = await admin.mutate("createModule", "{ module { id } }", siteId=site_id, name=name, kind="pump")
    return str(answer["module"]["id"])
