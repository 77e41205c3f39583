"""Subject of a report while its document is collected, with the reads that all kinds of reports have in common."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from auth.viewer import Viewer
from db.core.base import now
from db.core.engine import Database
from db.core.prepared import Prepared
from db.models.organizations import Organization
from db.models.reports import Report
from db.models.users import User
from tables.reports.document import Document, Figure, Section

BATCH = 500
FORMER_MEMBER = "Former member"


@dataclass(frozen=True)
class Subject:
    """Report to collect, with the rights of its owner."""

    database: Database
    viewer: Viewer
    report: Report
    organization: Organization
    currency: str

    async def rows(self, query: Prepared[Any], **arguments: Any) -> list[Any]:
        """Return all rows of a query about the organization and the period, read off the event loop."""
        period = {"since": self.report.starts_at, "until": self.report.ends_at}
        arguments = {"organization_id": self.organization.id, **period, **arguments}
        return await self.database.read_unbounded(query, self.viewer, **arguments)

    async def names(self, user_ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
        """Return the names of users, with the address where two have one name; invisible users have no name."""
        ids = sorted({id_ for id_ in user_ids if id_ is not None})
        users: list[User] = []
        for start in range(0, len(ids), BATCH):
            visible = await self.database.by_ids(User, self.viewer, ids[start : start + BATCH])
            users += [user for user in visible.values() if user.account_deleted_at is None]
        counts = Counter(user.name for user in users)
        names: dict[UUID | None, str] = {None: FORMER_MEMBER, **dict.fromkeys(ids, FORMER_MEMBER)}
        return names | {
            user.id: user.name if counts[user.name] == 1 else f"{user.name} ({user.email})" for user in users
        }

    def days(self) -> list[str]:
        """Return the days of the period up to today."""
        first = self.report.starts_at.astimezone(UTC).date()
        last = min(self.report.ends_at - timedelta(microseconds=1), now()).astimezone(UTC).date()
        return [(first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1)]

    def document(self, title: str, figures: list[Figure], sections: list[Section], note: str = "") -> Document:
        return Document(
            title=title,
            organization=self.organization.name,
            starts_at=_text(self.report.starts_at),
            ends_at=_text(self.report.ends_at),
            created_at=_text(now()),
            currency=self.currency,
            figures=figures,
            sections=sections,
            note=note,
        )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()
