"""Sign-up of superusers."""

from auth.viewer import Viewer
from db.core.session import Session
from db.models.users import User
from tests.support.app import App
from tests.support.client import Client
from tests.support.world import SYSTEM


async def sign_up_superuser(app: App, name: str) -> Client:
    """Return the client of a new superuser."""
    client = await app.person(name)
    viewer = await app.viewer(client)
    assert viewer.user_id is not None
    await grant_superuser(app, viewer)
    return client


async def grant_superuser(app: App, viewer: Viewer) -> None:
    """Make a user a superuser, as the operator's command does."""

    def unit(session: Session) -> None:
        assert viewer.user_id is not None
        session.get(User, viewer.user_id).is_superuser = True

    await app.backend.database.write(unit, SYSTEM)
