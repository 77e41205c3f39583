"""Audit log: one entry for each object that a transaction changed."""

from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ColumnElement

from db.core.base import AppendOnly, Base, Json, NotAudited
from db.core.policy_rules import SystemOnly
from db.core.policy_scopes import administered_organizations


class AuditEntry(AppendOnly, NotAudited, SystemOnly, Base):
    """Changes of one object in one transaction; actor and time are those of the row.

    `before` and `after` hold the changed columns: a new object has only `after`, a deleted one only `before`. Counted
    children are in `after`, as {"rows": {"added": 5000}}. A reference to another row is "Model:id", in hexadecimal
    digits. There is no foreign key, because an entry outlives its subject.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "organization_id", "id"),
        Index(None, "subject_id", "id"),
        Index(None, "created_by_id", "id"),
    )

    organization_id: Mapped[UUID | None]
    subject_type: Mapped[str]
    subject_id: Mapped[UUID]
    action: Mapped[str]
    before: Mapped[Json | None]
    after: Mapped[Json | None] = mapped_column()
    ip_address: Mapped[str | None]
    request_id: Mapped[str | None]
    api_key: Mapped[str | None]

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        organization: ColumnElement[bool] = row.organization_id.in_(administered_organizations())
        return organization
