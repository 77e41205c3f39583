"""Who is asking."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """Role of a member in an organization."""

    ADMIN = "ADMIN"
    MEMBER = "MEMBER"


@dataclass(frozen=True)
class Viewer:
    """A person, by the session they signed in with; a job runs as a person too, without a session.

    `is_superuser` lifts the policy. `system()` is the product itself, for what happens before or
    without anybody: signing up, refreshing a session, sweeping.
    """

    user_id: UUID | None
    session_id: UUID | None = None
    is_superuser: bool = False
    expires_at: datetime | None = None

    @classmethod
    def system(cls) -> "Viewer":
        return cls(None, is_superuser=True)
