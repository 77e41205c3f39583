"""Deletion of organizations with their memberships and invitations, and their restoration."""

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
    """Soft-delete an organization; its contents become invisible, because the memberships are deleted too.

    Raises Conflict for a personal organization.
    """
    organization = session.get_for_update(Organization, id_)
    if organization.is_personal:
        raise Conflict("A personal organization cannot be deleted. It is deleted with the account of its owner.")
    moment = now()
    # Read all rows before the first is deleted: without their own membership the viewer sees none of them.
    for row in [organization, *_memberships_and_invitations(session, id_)]:
        row.deleted_at = moment
        if isinstance(row, Membership):
            narrow(session, row)
    return id_


def restore(session: Session, organization: Organization) -> None:
    """Restore a deleted organization with the memberships and invitations that were deleted with it."""
    deleted_together = [
        row
        for row in _memberships_and_invitations(session, organization.id, Deleted.ONLY)
        if _was_deleted_with(row, organization)
    ]
    for row in (organization, *deleted_together):
        session.bypass_rule_for(row)  # the query that found the organization has checked that the viewer was its admin
        row.deleted_at = None


def _was_deleted_with(row: Base, organization: Organization) -> bool:
    return row.deleted_at == organization.deleted_at


def _memberships_and_invitations(session: Session, id_: UUID, deleted: Deleted | None = None) -> Iterator[Base]:
    models: tuple[type[Membership | Invitation], ...] = (Membership, Invitation)
    for model in models:
        options: dict[str, Any] = {"deleted": (model, deleted)} if deleted else {}
        yield from session.scalars(select(model).where(model.organization_id == id_), execution_options=options)
