"""The audit log."""

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from db import models
from resolvers.accounts import audit
from schema.base import Node, Shows, TypeOf, field, optional, output_type, required
from schema.connections import page


@output_type
class AuditEntry(Node, Shows[models.audit.AuditEntry]):
    """An immutable record of one change to one object."""

    at = required(datetime, audit.at, "Time of the change.")
    actor = optional(
        TypeOf[models.users.User],
        audit.actor,
        "User who made the change; null for the server itself and for unauthenticated requests.",
    )
    action: str = field("Name of the mutation, as `updateSite`, or kind of the background job.")
    subject_id = optional(strawberry.ID, audit.subject_id, "Id of the changed object, which may be deleted by now.")
    organization = optional(
        TypeOf[models.organizations.Organization],
        audit.organization_of,
        "Organization of the changed object; null when the object is an account.",
    )
    before = optional(JSON, audit.before, "Changed fields with their values before; null when the object is new.")
    after = optional(
        JSON,
        audit.after,
        "Changed fields with their new values; null when the object was deleted. Rows, messages and other children "
        "are only counted, as `rows.added`.",
    )
    ip_address: str | None = field("IP address that sent the request.")
    request_id: str | None = field("Id of the request, as in the server's log.")
    api_key: str | None = field("Prefix of the API key that sent the request; null for a session or a job.")


@strawberry.type
class Query:
    audit_log = page(
        AuditEntry,
        audit.list_entries,
        "Audit entries, newest first: all of them for superusers, otherwise those of organizations you administer.",
    )
