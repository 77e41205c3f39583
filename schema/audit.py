"""The audit log."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db.models import audit as rows
from resolvers.accounts import audit
from schema.base import Node, field, optional, output_type, page

if TYPE_CHECKING:
    from schema.organizations import Organization
    from schema.users import User
else:
    Organization = Annotated["Organization", strawberry.lazy("schema.organizations")]
    User = Annotated["User", strawberry.lazy("schema.users")]


@output_type
class AuditEntry(Node, row=rows.AuditEntry):
    """What somebody did to a thing; it is never changed."""

    at: datetime = strawberry.field(resolver=audit.at, description="When it was done.")
    actor = optional(User, audit.actor, "Who did it; null for the server itself, and for who was not signed in.")
    action: str = field("The mutation, as `updateSite`, or the kind of the job that did it.")
    subject_id = optional(strawberry.ID, audit.subject_id, "What it was done to, which may be deleted by now.")
    organization = optional(Organization, audit.organization_of, "Where; null for what is about an account.")
    before = optional(JSON, audit.before, "The fields that changed, as they were; null for what is new.")
    after = optional(
        JSON,
        audit.after,
        "The fields as they are since, null for what was deleted; of rows, messages and the like how many.",
    )
    ip_address: str | None = field("The address that the request came from.")
    request_id: str | None = field("The id of the request, as in the server's log.")


@strawberry.type
class Query:
    audit_log = page(
        AuditEntry,
        audit.list_entries,
        "Who changed what, newest first: all of it for superusers, else that of the organizations you administer.",
    )
