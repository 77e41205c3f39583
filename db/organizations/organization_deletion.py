"""Organizations deleted with everybody in them, and brought back."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import select

from db.core.base import Base, now
from db.core.policy import Deleted
from db.core.session import Session
from db.models.invitations import Invitation
from db.models.memberships import Membership
from db.models.organizations import Organization
from db.organizations.memberships import narrow
from errors import Conflict


def delete(session: Session, id_: UUID) -> UUID:
    """Hide an organization with everything in it: without memberships nobody is in it any more."""
    organization = session.get_for_update(Organization, id_)
    if organization.is_personal:
        raise Conflict("This organization is somebody's own: it is there for as long as their account.")
    moment = now()
    # All of them are read before the first is hidden, which takes from the viewer what they may do.
    for row in [organization, *_memberships_and_invitations(session, id_)]:
        row.deleted_at = moment
        if isinstance(row, Membership):
            narrow(session, row)
    return id_


def restore(session: Session, organization: Organization) -> None:
    """Bring back a deleted organization with the members and invitations that it had."""
    together = [
        row
        for row in _memberships_and_invitations(session, organization.id, Deleted.ONLY)
        if _was_deleted_with(row, organization)
    ]
    for row in (organization, *together):
        session.bypass_rule_for(row)  # that the viewer was an admin is what they were found by
        row.deleted_at = None


def _was_deleted_with(row: Base, organization: Organization) -> bool:
    return row.deleted_at == organization.deleted_at


def _memberships_and_invitations(session: Session, id_: UUID, deleted: Deleted | None = None) -> Iterator[Base]:
    models: tuple[type[Membership | Invitation], ...] = (Membership, Invitation)
    for model in models:
        options: dict[str, Any] = {"deleted": (model, deleted)} if deleted else {}
        yield from session.scalars(select(model).where(model.organization_id == id_), execution_options=options)
