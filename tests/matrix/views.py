"""The people who see each thing: by its own field, through node(id:) and through nodes(ids:)."""

from tests.matrix.rows import (
    ADMINS,
    ANYONE,
    INSIDE,
    NOBODY,
    ON_SITE,
    OUTSIDER,
    OWN,
    OWNER,
    SIGNED_IN,
    SUPERUSER,
    Asked,
    People,
)

SELF = frozenset({OWNER, SUPERUSER})

SEEN: dict[str, dict[str, People]] = {
    "User": {"owner_user": INSIDE, "assigned_user": INSIDE, "outsider_user": frozenset({OUTSIDER, SUPERUSER})},
    "Organization": {
        "organization": INSIDE,
        "deleted_organization": NOBODY,
        "personal": SELF,
    },
    "Membership": {"owner_membership": INSIDE, "member_membership": INSIDE},
    "Site": {"site": ON_SITE, "other_site": ADMINS, "deleted_site": NOBODY},
    "Module": {"deleted_module": NOBODY},
    "Item": {"item": OWN, "shared_item": INSIDE, "deleted_item": NOBODY},
    "Conversation": {"conversation": OWN, "shared_conversation": INSIDE, "deleted_conversation": NOBODY},
    "Message": {"reply": OWN, "running_reply": INSIDE},
    "Table": {"table": OWN, "shared_table": INSIDE, "deleted_table": NOBODY},
    "ApiKey": {"api_key": SELF},
    "AuditEntry": {"audit_entry": ADMINS},
    "Notification": {"notification": SELF, "first_notification": SELF},
    "Export": {"export": OWN, "failed_export": OWN},
    "Job": {"job": OWN, "failed_job": OWN, "mail_job": SELF},
    "SheetLink": {"sheet_link": OWN},
    "Report": {"report": OWN},
    "Webhook": {"webhook": OWN, "deleted_webhook": NOBODY},
    "ExportTemplate": {"template": OWN, "shared_template": INSIDE, "deleted_template": NOBODY},
}

ASKED: dict[str, list[Asked]] = {
    "serverInfo": [Asked(ANYONE)],
    "health": [Asked(ANYONE)],
    "me": [Asked(SIGNED_IN)],
    "activityCursor": [Asked(SIGNED_IN)],
}
