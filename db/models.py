"""Every model, imported in one place: the metadata and the policy are whole from here on."""

from db import (
    conversations,
    exports,
    history,
    idempotency,
    jobs,
    messages,
    organizations,
    proposals,
    revisions,
    sessions,
    tables,
    users,
)

__all__ = [
    "conversations",
    "exports",
    "history",
    "idempotency",
    "jobs",
    "messages",
    "organizations",
    "proposals",
    "revisions",
    "sessions",
    "tables",
    "users",
]
