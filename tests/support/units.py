"""Units of work that several tests run by themselves."""

from uuid import UUID

from db.core.session import Session


def personal_organization(session: Session) -> UUID:
    """Return the id of the viewer's personal organization."""
    return session.personal_organization_id
