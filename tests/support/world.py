"""People and organizations in a database, and access to the database as the system."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID, uuid4

import db.models  # noqa: F401  the policy covers every model only when all are loaded
from auth.viewer import Role, Viewer
from db.accounts import users
from db.core.base import now
from db.core.engine import Database
from db.core.events import ActivityRecorded, Event
from db.core.factory import open_database
from db.core.session import Session
from db.migrations import migrate
from db.models.invitations import Invitation
from db.models.memberships import Membership, MembershipStatus
from db.models.organizations import Organization
from db.models.users import User

SYSTEM = Viewer.system()


def database_at(url: str) -> Database:
    """Return the database of a URL, not started."""
    return open_database(url, migrate)


class World:
    """Users and organizations in a database; `published` has the events of its transactions.

    That there was activity is left out, because almost every transaction says so.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.published: list[Event] = []
        database.publish = self._publish

    def _publish(self, event: Event) -> None:
        if not isinstance(event, ActivityRecorded):
            self.published.append(event)

    async def person(self, name: str) -> Viewer:
        """Sign up a user, who has a personal organization."""
        email = f"{name}@example.com"
        user = await self.database.write(users.sign_up, SYSTEM, email, "no password", name.title(), "Example")
        return Viewer(user.id)

    async def organization(self, admin: Viewer, members: Iterable[Viewer] = (), name: str = "Shared") -> UUID:
        """Create an organization with these active members and return its id."""

        def make(session: Session) -> UUID:
            organization = Organization(name=name)
            session.add(organization)
            return organization.id

        id_ = await self.database.write(make, SYSTEM)
        await self.join(id_, admin, Role.ADMIN)
        for member in members:
            await self.join(id_, member)
        return id_

    async def join(
        self,
        organization_id: UUID,
        viewer: Viewer,
        role: Role = Role.MEMBER,
        status: MembershipStatus = MembershipStatus.ACTIVE,
    ) -> UUID:
        """Create a membership and return its id; an INVITED one waits for an open invitation of the user's address."""

        def make(session: Session) -> UUID:
            assert viewer.user_id is not None
            is_invited = status is MembershipStatus.INVITED
            membership = Membership(
                user_id=None if is_invited else viewer.user_id,
                organization_id=organization_id,
                role=role,
                status=status,
            )
            session.add(membership)
            if is_invited:
                invitation = Invitation(
                    organization_id=organization_id,
                    membership_id=membership.id,
                    email=session.get(User, viewer.user_id).email,
                    role=role,
                    digest=uuid4().bytes * 2,
                    expires_at=now() + timedelta(days=1),
                )
                session.add(invitation)
            return membership.id

        return await self.database.write(make, SYSTEM)
