"""Audit log of all changes with their actor and origin; the session writes it and nothing updates it."""

from db.core.pagination import Listing
from db.core.prepared import bind
from db.models.audit import AuditEntry

all_entries = Listing(
    AuditEntry,
    newest_first=True,
    optional={
        "organization_id": AuditEntry.organization_id == bind("organization_id", AuditEntry.organization_id),
        "actor_id": AuditEntry.created_by_id == bind("actor_id", AuditEntry.created_by_id),
        "subject_id": AuditEntry.subject_id == bind("subject_id", AuditEntry.subject_id),
        "action": AuditEntry.action == bind("action", AuditEntry.action),
    },
)
