"""Sign-up of superusers."""

from auth.viewer import Viewer
from db.core.session import Session
from db.models.users import User
from tests.conftest import SYSTEM
from tests.support.app import Site
from tests.support.client import Client


async def sign_up_superuser(site: Site, name: str) -> Client:
    """Return the client of a new superuser."""
    client = await site.person(name)
    viewer = await site.viewer(client)
    assert viewer.user_id is not None
    await grant_superuser(site, viewer)
    return client


async def grant_superuser(site: Site, viewer: Viewer) -> None:
    """Make a user a superuser, as the operator's command does."""

    def unit(session: Session) -> None:
        assert viewer.user_id is not None
        session.get(User, viewer.user_id).is_superuser = True

    await site.backend.database.write(unit, SYSTEM)
