"""Recorders of one transaction: of the announced rows that it changes, and of the bytes that organizations store."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

from sqlalchemy import inspect
from uuid_utils.compat import uuid7

from db.core.base import Announced, Base, Subject
from errors import StorageExceeded

MEGABYTE = 1_000_000


class ActivityAction(StrEnum):
    """Kind of change of an object."""

    CREATED = "CREATED"
    CHANGED = "CHANGED"
    DELETED = "DELETED"
    RESTORED = "RESTORED"


@dataclass
class PendingActivity:
    """Activity that is still to be written; `container` is the owned row that decides who may see it."""

    subject: Subject
    container: Subject
    action: ActivityAction

    def as_row(self) -> dict[str, Any]:
        """Return the columns of the activity that this transaction knows before its end."""
        model, container_id = self.container
        containers: dict[str, UUID | None] = dict.fromkeys(("conversation_id", "table_id", "export_id", "report_id"))
        containers[f"{model.__name__.lower()}_id"] = container_id
        subject_model, subject_id = self.subject
        return {
            "id": uuid7(),
            "action": self.action,
            "subject_table": subject_model.__tablename__,
            "subject_id": subject_id,
            **containers,
        }


@dataclass
class ActivityRecorder:
    """Collects one activity for each announced row, in the order of their first changes."""

    _pending: dict[Subject, PendingActivity] = field(default_factory=dict)

    def add(self, row: Base) -> None:
        if isinstance(row, Announced):
            self.touch(row, ActivityAction.CREATED)

    def change(self, row: Base) -> None:
        """Record a changed row; called before the session sets its own columns."""
        if isinstance(row, Announced):
            keys = set(inspect(cast(Any, row)).committed_state)
            if "deleted_at" in keys:
                is_deleted = row.deleted_at is not None
                self.touch(row, ActivityAction.DELETED if is_deleted else ActivityAction.RESTORED)
            elif not keys <= row.unannounced:
                self.touch(row)

    def touch(self, row: Announced, action: ActivityAction = ActivityAction.CHANGED) -> None:
        """Record an action on a row; a change says less than what was recorded before."""
        record = cast(Base, row)
        subject = type(record), record.id
        if subject not in self._pending:
            self._pending[subject] = PendingActivity(subject, row.announced_in(), action)
        elif action is not ActivityAction.CHANGED:
            self._pending[subject].action = action

    def pending(self) -> list[PendingActivity]:
        return list(self._pending.values())


class StorageRecorder:
    """Recorder of the bytes that a transaction adds to organizations or takes from them.

    `quota` is the most bytes that an organization may store; None for no limit.
    """

    def __init__(self, quota: int | None) -> None:
        self.quota = quota
        self.added = Counter[UUID]()
        self._exempt: set[UUID] = set()

    def exempt(self, organization_id: UUID) -> None:
        """Let this transaction pass the quota, because what it stores must not be lost."""
        self._exempt.add(organization_id)

    def check(self, organization_id: UUID, stored: int) -> None:
        """Raise StorageExceeded if the transaction adds to an organization that then stores too many bytes."""
        added = self.added[organization_id]
        if self.quota is not None and added > 0 and stored > self.quota and organization_id not in self._exempt:
            raise storage_exceeded(self.quota, stored - added, added)


def storage_exceeded(quota: int, stored: int, added: int) -> StorageExceeded:
    """Return the error for `added` bytes that do not fit into the quota beside those that are stored."""
    needs = f", and this needs {added / MEGABYTE:,.1f} MB" if added else ""
    return StorageExceeded(
        f"The limit is {quota // MEGABYTE:,} MB of storage for one organization: {stored / MEGABYTE:,.1f} MB are "
        f"used{needs}. Delete files and tables that nobody needs, which count until they are erased; or ask the "
        "server's operator for more.",
        limit=quota // MEGABYTE,
        used=-(-stored // MEGABYTE),
        quota="storage",
    )
