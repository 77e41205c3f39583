"""The people who find each thing in each list."""

from tests.matrix.rows import ADMINS, ANYONE, INSIDE, ON_SITE, OWN, OWNER, SUPERUSER, In

DELETED = {"includeDeleted": True}
SELF = frozenset({OWNER, SUPERUSER})
MEASURED = {"metric": "level", "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "bucket": "DAY"}

LISTED: dict[str, list[In]] = {
    "Query.organizations": [
        In("organization", INSIDE),
        In("deleted_organization", frozenset()),
        In("personal", SELF),
    ],
    "Query.signInProviders": [In(None, ANYONE)],
    "Query.items": [
        In("item", OWN),
        In("shared_item", INSIDE),
        In("shared_item", INSIDE, arguments={"organizationId": "@organization"}),
        In("deleted_item", frozenset()),
        In("deleted_item", OWN, arguments=DELETED),
    ],
    "Query.conversations": [
        In("conversation", OWN),
        In("shared_conversation", INSIDE),
        In("shared_conversation", INSIDE, arguments={"siteId": "@site"}),
        In("deleted_conversation", OWN, arguments=DELETED),
        In("conversation", OWN, arguments={"search": "tea it i"}),
        In("shared_conversation", INSIDE, arguments={"search": "tea"}),
    ],
    "Query.tables": [In("table", OWN), In("shared_table", INSIDE), In("deleted_table", OWN, arguments=DELETED)],
    "Query.exports": [In("export", OWN), In("export", OWN, arguments={"tableId": "@table"})],
    "Query.jobs": [
        In("job", SELF),
        In("failed_job", SELF, arguments={"kind": "EXPORT", "status": "FAILED"}),
        In("mail_job", SELF, arguments={"kind": "MAIL"}),
    ],
    "Query.reports": [In("report", OWN), In("report", OWN, arguments={"organizationId": "@organization"})],
    "Query.webhooks": [In("webhook", OWN), In("deleted_webhook", frozenset())],
    "Query.exportTemplates": [
        In("template", OWN),
        In("shared_template", INSIDE),
        In("template", OWN, arguments={"tableId": "@table"}),
        In("shared_template", INSIDE, arguments={"tableId": "@shared_table"}),
        In("deleted_template", frozenset()),
        In("deleted_template", OWN, arguments=DELETED),
    ],
    "Table.sheetLinks": [In("sheet_link", OWN, "table")],
    "ExportTemplate.columns": [In(None, OWN, "template")],
    "Query.auditLog": [
        In("audit_entry", ADMINS),
        In("audit_entry", ADMINS, arguments={"organizationId": "@organization"}),
    ],
    "Query.searchMessages": [
        In(None, OWN, arguments={"query": '"tea it is"'}),  # said in the private conversation alone
        In(None, INSIDE, arguments={"query": "tea"}),
    ],
    "Query.users": [In("owner_user", frozenset({SUPERUSER}))],
    "Query.notifications": [In("notification", frozenset({OWNER}))],
    "User.apiKeys": [In("api_key", SELF, "owner_user")],
    "User.sessions": [In("session", SELF, "owner_user")],
    "User.limits": [In(None, frozenset({OWNER}), "owner_user")],
    "User.memberships": [In("owner_membership", INSIDE, "owner_user")],
    "User.conversations": [In("conversation", OWN, "owner_user"), In("shared_conversation", INSIDE, "owner_user")],
    "User.items": [In("item", OWN, "owner_user"), In("shared_item", INSIDE, "owner_user")],
    "Organization.members": [In("member_membership", INSIDE, "organization")],
    "Organization.sites": [
        In("site", ON_SITE, "organization"),
        In("other_site", ADMINS, "organization"),
        In("deleted_site", ADMINS, "organization", DELETED),
    ],
    "Organization.tables": [In("table", OWN, "organization"), In("shared_table", INSIDE, "organization")],
    "Organization.exports": [In("export", OWN, "organization")],
    "Site.modules": [In("module", ON_SITE, "site"), In("deleted_module", ADMINS, "site", DELETED)],
    "Site.assignees": [In("assigned_user", ON_SITE, "site")],
    "Site.conversations": [In("conversation", ADMINS, "site"), In("shared_conversation", ON_SITE, "site")],
    "Module.readings": [In(None, ON_SITE, "module"), In(None, ADMINS, "other_module")],
    "Module.aggregates": [In(None, ON_SITE, "module", MEASURED)],
    "Conversation.tables": [In("table", OWN, "conversation"), In("shared_table", INSIDE, "shared_conversation")],
    "Message.proposals": [In("proposal", OWN, "reply"), In("shared_proposal", INSIDE, "running_reply")],
    "Proposal.columns": [In(None, OWN, "proposal")],
    "Proposal.changes": [In(None, OWN, "proposal"), In(None, INSIDE, "shared_proposal")],
    "Table.columns": [In(None, OWN, "table"), In(None, INSIDE, "shared_table")],
    "Table.rows": [
        In("row", OWN, "table"),
        In("shared_row", INSIDE, "shared_table"),
        In("shared_row", INSIDE, "shared_table", {"search": "tea"}),
    ],
    "Table.summary": [
        In(None, OWN, "table", {"column": "c1"}),
        In(None, INSIDE, "shared_table", {"column": "c1", "groupBy": "c1"}),
    ],
    "Table.history": [In("revision", OWN, "table"), In("shared_revision", INSIDE, "shared_table")],
    "Table.proposals": [In("proposal", OWN, "table"), In("shared_proposal", INSIDE, "shared_table")],
    "Table.exports": [In("export", OWN, "table")],
    "Row.cells": [In(None, OWN, "row"), In(None, INSIDE, "shared_row")],
    "Row.history": [In("revision", OWN, "row"), In("shared_revision", INSIDE, "shared_row")],
    "Revision.changes": [In(None, OWN, "revision"), In(None, INSIDE, "shared_revision")],
}
