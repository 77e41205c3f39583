"""Viewer: the authenticated user on whose behalf an operation runs."""

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
    """User with the session they signed in with; a job runs as its owner, without a session.

    `is_superuser` lifts the policy. `system()` is the product itself, for signing up, refreshing sessions and sweeping.
    """

    user_id: UUID | None
    session_id: UUID | None = None
    is_superuser: bool = False
    expires_at: datetime | None = None

    @classmethod
    def system(cls) -> "Viewer":
        return cls(None, is_superuser=True)
