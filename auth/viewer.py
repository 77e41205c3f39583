"""Viewer: the authenticated user on whose behalf an operation runs."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from auth.api_keys import ApiScope


class Role(StrEnum):
    """Role of a member in an organization."""

    ADMIN = "ADMIN"
    MEMBER = "MEMBER"


@dataclass(frozen=True)
class Viewer:
    """User with the session or API key they signed in with; a job runs as its owner, without either.

    `scopes` are those of the API key, None with a session; `api_key` is its prefix.
    `is_superuser` lifts the policy. `system()` is the product itself, for signing up, refreshing sessions and sweeping.
    """

    user_id: UUID | None
    session_id: UUID | None = None
    is_superuser: bool = False
    expires_at: datetime | None = None
    api_key_id: UUID | None = None
    api_key: str | None = None
    scopes: frozenset[ApiScope] | None = None

    @property
    def is_read_only(self) -> bool:
        """Return True if the API key may only read."""
        return self.scopes is not None and self.scopes <= {ApiScope.READ}

    @classmethod
    def system(cls) -> "Viewer":
        return cls(None, is_superuser=True)
