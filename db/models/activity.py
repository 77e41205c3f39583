"""Activity: what happened to the objects of an organization, told to those who may see them."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ColumnElement, and_, or_

from db.core.activity_recorder import ActivityAction
from db.core.base import AppendOnly, Base, NotAudited
from db.core.policy import visible_though_deleted
from db.core.policy_rules import SystemOnly
from db.core.policy_scopes import active_organizations
from db.models.conversations import Conversation
from db.models.exports import Export
from db.models.reports import Report
from db.models.tables import Table

CONTAINERS: dict[str, type[Base]] = {
    "conversation_id": Conversation,
    "table_id": Table,
    "export_id": Export,
    "report_id": Report,
}


class Activity(AppendOnly, NotAudited, SystemOnly, Base):
    """One change of one object in one transaction; actor and time are those of the row.

    `number` counts the activities of the organization in the order of their commits, without gaps. One of the four
    containers is set: the owned row that decides who may see the activity, deleted or not. There are no foreign keys,
    because an activity may outlive its object.
    """

    __tablename__ = "activities"
    __table_args__ = (Index(None, "organization_id", "number", unique=True),)

    organization_id: Mapped[UUID]
    number: Mapped[int] = mapped_column(BigInteger)
    action: Mapped[ActivityAction]
    subject_table: Mapped[str]
    subject_id: Mapped[UUID]
    conversation_id: Mapped[UUID | None]
    table_id: Mapped[UUID | None]
    export_id: Mapped[UUID | None]
    report_id: Mapped[UUID | None]

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        return and_(
            row.organization_id.in_(active_organizations()),
            or_(*(visible_though_deleted(model, getattr(row, key)) for key, model in CONTAINERS.items())),
        )
