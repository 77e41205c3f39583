"""A call of each mutation with the audit entries that it must write.

A new mutation needs a row here, unless it is one of a child that `children.py` can derive.
The person `who` calls it with `give(story)`; `keep` may store ids from the payload afterwards. `entries` are the
expected entries: the type of the subject, `+` for new, `-` for deleted, `~` for changed, and the changed fields; for
counted children their number. `bad` overrides the input for a call that must be refused; without it, a stranger makes
the call.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from strawberry.utils.str_converters import to_camel_case, to_snake_case

from tests.audit.children import derived
from tests.matrix.children import PARENTS
from tests.support.client import Client

PASSWORD = "correct horse battery"
OTHER = "staple battery correct"
PERIOD = {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z", "schedule": "WEEKLY"}


@dataclass
class Story:
    """Clients of the people, the ids of things created so far by name, and the tokens in mails."""

    people: dict[str, Client]
    token: Callable[[str, str], Any]
    ids: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.ids[name]


Give = Callable[[Story], Mapping[str, Any]]


@dataclass(frozen=True)
class Call:
    give: Give
    entries: tuple[str, ...]
    selection: str = "{ __typename }"
    keep: Callable[[Story, Any], Any] | None = None
    who: str = "ann"
    bad: Mapping[str, Any] | None = None
    again: tuple[str, ...] = ()  # what each further call with the same key leaves
    token: tuple[str, str] | None = None  # of a letter: its template, and whom it went to


def keeps(name: str, *path: str) -> Callable[[Story, Any], None]:
    """Return a function that stores the value at a path of the payload under a name."""

    def keep(story: Story, payload: Any) -> None:
        for step in path:
            payload = payload[step]
        story.ids[name] = payload

    return keep


def sessions(story: Story, payload: Any) -> None:
    story.ids["tokens"] = payload["session"]


TOKENS = "{ session { accessToken refreshToken } }"
LONG = "x" * 30_000
TEMPLATE = (
    "columns destination freeze_header include_header key_columns name organization_id owner_id table_id visibility"
)

STATED: dict[str, Call] = {
    "signUp": Call(
        lambda _: {"email": "cid@example.com", "password": PASSWORD, "firstName": "Cid"},
        (
            "User + email first_name is_email_verified is_superuser last_name password_hash verifications.added=1",
            "Organization + is_personal name",
            "Membership + organization_id role status user_id",
            "User ~ sessions.added=1",
        ),
        who="nobody",
        bad={"password": "short"},
        again=("User ~ sessions.added=1",),
    ),
    "logIn": Call(
        lambda _: {"email": "cid@example.com", "password": PASSWORD},
        ("User ~ sessions.added=1",),
        "{ user { id } session { accessToken refreshToken } }",
        lambda s, p: s.ids.update(tokens=p["session"], cid=p["user"]["id"]),
        who="nobody",
        bad={"password": "wrong password"},
    ),
    "exchangeSignInCode": Call(
        lambda s: {"code": s["sign_in_code"]},
        ("User ~ sessions.added=1",),
        who="nobody",
        bad={"code": "x"},
    ),
    "refreshSession": Call(
        lambda s: {"refreshToken": s["tokens"]["refreshToken"]},
        (),
        TOKENS,
        sessions,
        who="nobody",
        bad={"refreshToken": "x"},
    ),
    "requestPasswordReset": Call(
        lambda _: {"email": "cid@example.com"},
        ("User ~ verifications.added=1",),
        who="nobody",
        bad={"email": "nobody@example.com"},
    ),
    "resetPassword": Call(
        lambda _: {"newPassword": OTHER},
        ("User ~ is_email_verified password_hash sessions.changed=21 verifications.changed=1",),
        who="nobody",
        bad={"token": "x"},
        token=("reset_password", "cid@example.com"),
    ),
    "changePassword": Call(
        lambda _: {"currentPassword": PASSWORD, "newPassword": OTHER},
        ("User ~ password_hash sessions.changed=1",),
        bad={"currentPassword": "wrong password"},
    ),
    "requestEmailVerification": Call(lambda _: {}, ("User ~ verifications.added=1 verifications.deleted=1",)),
    "verifyEmail": Call(
        lambda _: {},
        ("User ~ is_email_verified verifications.changed=1",),
        who="nobody",
        bad={"token": "x"},
        token=("verify_email", "ann@example.com"),
    ),
    "changeEmail": Call(
        lambda _: {"newEmail": "chief@example.com", "password": PASSWORD},
        ("User ~ verifications.added=1",),
        who="root",
        bad={"newEmail": "no address"},
    ),
    "confirmEmailChange": Call(
        lambda _: {},
        ("User ~ email is_email_verified verifications.changed=1",),
        who="nobody",
        bad={"token": "x"},
        token=("change_email", "chief@example.com"),
    ),
    "updateProfile": Call(lambda _: {"firstName": "Anna"}, ("User ~ first_name",), bad={"firstName": "x" * 101}),
    "updateUser": Call(
        lambda s: {"id": s["cid"], "isActive": False, "isSuperuser": True},
        ("User ~ deactivated_at is_superuser",),
        who="root",
    ),
    "broadcast": Call(lambda _: {"title": "Back soon"}, ("User ~ broadcast",), who="root", bad={"title": ""}),
    "markNotificationsRead": Call(lambda _: {}, ()),
    "createOrganization": Call(
        lambda _: {"name": "Works"},
        ("Organization + is_personal name", "Membership + organization_id role status user_id"),
        "{ organization { id } }",
        keeps("works", "organization", "id"),
        bad={"name": ""},
    ),
    "updateOrganization": Call(lambda s: {"id": s["works"], "name": "Waterworks"}, ("Organization ~ name",)),
    "inviteMember": Call(
        lambda s: {"organizationId": s["works"], "email": "bob@example.com"},
        (
            "Membership + organization_id role status",
            "Organization + digest email expires_at membership_id organization_id role",
        ),
        "{ membership { id } }",
        keeps("place", "membership", "id"),
    ),
    "acceptInvitation": Call(
        lambda _: {},
        ("Organization ~ used_at", "Membership ~ status user_id"),
        who="bob",
        token=("invitation", "bob@example.com"),
    ),
    "withdrawInvitation": Call(
        lambda s: {"organizationId": s["works"], "email": "new@example.com"},
        (
            "Organization - digest email expires_at membership_id organization_id role",
            "Membership - organization_id role status",
        ),
    ),
    "changeMemberRole": Call(lambda s: {"membershipId": s["place"], "role": "ADMIN"}, ("Membership ~ role",)),
    "setBudget": Call(
        lambda s: {"organizationId": s["works"], "limit": "5"},
        ("Organization + hard limit_units organization_id unit",),
    ),
    "createSite": Call(
        lambda s: {"organizationId": s["works"], "name": "North"},
        ("Site + name organization_id",),
        "{ site { id } }",
        keeps("site", "site", "id"),
    ),
    "updateSite": Call(lambda s: {"id": s["site"], "name": "South", "address": "1 Road"}, ("Site ~ address name",)),
    "assignSite": Call(lambda s: {"siteId": s["site"], "userId": s["bob"]}, ("Site + site_id user_id",)),
    "unassignSite": Call(lambda s: {"siteId": s["site"], "userId": s["bob"]}, ("Site - site_id user_id",)),
    "createModule": Call(
        lambda s: {"siteId": s["site"], "name": "Pump", "kind": "pump"},
        ("Module + kind name site_id status",),
        "{ module { id } }",
        keeps("module", "module", "id"),
    ),
    "updateModule": Call(lambda s: {"id": s["module"], "status": "RETIRED"}, ("Module ~ status",)),
    "recordReadings": Call(
        lambda s: {
            "readings": [
                {"moduleId": s["module"], "metric": "flow", "value": n, "at": "2026-01-01T00:00:00Z"}
                for n in range(100)
            ]
        },
        ("Module ~ readings.added=100",),
    ),
    "deleteModule": Call(lambda s: {"id": s["module"]}, ("Module - kind name site_id status",)),
    "restore": Call(lambda s: {"id": s["module"]}, ("Module + kind name site_id status",)),
    "deleteSite": Call(lambda s: {"id": s["site"]}, ("Site - address name organization_id",)),
    "createItem": Call(
        lambda s: {"title": "Buy oil", "organizationId": s["works"]},
        ("Item + is_completed organization_id owner_id title visibility",),
        "{ item { id } }",
        keeps("item", "item", "id"),
        bad={"title": ""},
    ),
    "updateItem": Call(lambda s: {"id": s["item"], "isCompleted": True}, ("Item ~ is_completed",)),
    "deleteItem": Call(lambda s: {"id": s["item"]}, ("Item - is_completed organization_id owner_id title visibility",)),
    "createConversation": Call(
        lambda s: {"title": "Costs", "organizationId": s["works"], "extraction": "REVIEW"},
        ("Conversation + extraction model organization_id owner_id system_prompt title visibility",),
        "{ conversation { id } }",
        keeps("conversation", "conversation", "id"),
        bad={"title": LONG},
    ),
    "updateConversation": Call(lambda s: {"id": s["conversation"], "title": "All costs"}, ("Conversation ~ title",)),
    "sendMessage": Call(
        lambda s: {"conversationId": s["conversation"], "text": "Item,Price\nTea,3.20\nMilk,1.10", "wait": True},
        ("Conversation ~ messages.added=2",),
        "{ message { id } reply { id proposals { id } } }",
        lambda s, p: s.ids.update(
            message=p["message"]["id"], reply=p["reply"]["id"], proposal=p["reply"]["proposals"][0]["id"]
        ),
    ),
    "editMessage": Call(
        lambda s: {"messageId": s["message"], "text": "How much was it?"},
        ("Conversation ~ messages.added=2",),
        "{ reply { id } }",
        keeps("edited", "reply", "id"),
    ),
    "regenerateReply": Call(lambda s: {"messageId": s["edited"]}, ("Conversation ~ messages.added=1",)),
    "rateMessage": Call(
        lambda s: {"messageId": s["reply"], "rating": "UP", "comment": "Right"}, ("Message ~ ratings.added=1",)
    ),
    "forkConversation": Call(
        lambda s: {"id": s["conversation"], "messageId": s["reply"], "title": "Elsewhere"},
        ("Conversation + extraction model organization_id owner_id system_prompt title visibility messages.added=2",),
    ),
    "shareConversation": Call(
        lambda s: {"conversationId": s["conversation"], "leafId": s["reply"]},
        ("Conversation + conversation_id expires_at",),
    ),
    "unshareConversation": Call(
        lambda s: {"conversationId": s["conversation"]}, ("Conversation - conversation_id expires_at",)
    ),
    "stopReply": Call(lambda s: {"messageId": s["reply"]}, ()),
    "applyProposal": Call(
        lambda s: {"id": s["proposal"]},
        (
            "Table + conversation_id name organization_id owner_id revision visibility columns.added=2 rows.added=2",
            "Proposal ~ status table_id",
        ),
        "{ table { id } }",
        keeps("applied", "table", "id"),
    ),
    "rejectProposal": Call(lambda s: {"id": s["pending"]}, ("Proposal ~ status",)),
    "extractTable": Call(
        lambda s: {"messageIds": [s["message"]], "name": "Costs", "wait": False},
        ("Proposal + conversation_id status table_name",),
        bad={"name": LONG},
    ),
    "createTable": Call(
        lambda s: {"name": "Parts", "organizationId": s["works"], "columns": [{"name": "Part", "type": "TEXT"}]},
        ("Table + name organization_id owner_id revision visibility columns.added=1",),
        "{ table { id } }",
        keeps("table", "table", "id"),
    ),
    "updateTable": Call(lambda s: {"id": s["table"], "name": "Spare parts"}, ("Table ~ name revision",)),
    "addColumn": Call(
        lambda s: {"tableId": s["table"], "column": {"name": "Number", "type": "INTEGER"}},
        ("Table ~ revision columns.added=1",),
    ),
    "addRows": Call(
        lambda s: {"tableId": s["table"], "rows": [{"Part": f"part {n}", "Number": n} for n in range(200)]},
        ("Table ~ revision rows.added=200",),
        "{ rows { id } }",
        keeps("rows", "rows"),
    ),
    "updateCells": Call(
        lambda s: {
            "tableId": s["table"],
            "cells": [{"rowId": row["id"], "column": "c1", "value": "nut"} for row in s["rows"][:3]],
        },
        ("Table ~ revision rows.changed=3",),
    ),
    "deleteRows": Call(
        lambda s: {"tableId": s["table"], "rowIds": [row["id"] for row in s["rows"][:20]]},
        ("Table ~ revision rows.deleted=20",),
    ),
    "undoRevision": Call(lambda s: {"tableId": s["table"], "revision": 6}, ("Table ~ revision rows.added=20",)),
    "updateColumn": Call(
        lambda s: {"tableId": s["table"], "key": "c2", "name": "Count"}, ("Table ~ revision columns.changed=1",)
    ),
    "moveColumn": Call(
        lambda s: {"tableId": s["table"], "key": "c2", "position": 0}, ("Table ~ revision columns.changed=2",)
    ),
    "upsertRows": Call(
        lambda s: {"tableId": s["table"], "keyColumns": ["c1"], "rows": [{"c1": "part 50", "c2": 7}, {"c1": "bolt"}]},
        ("Table ~ revision rows.added=1 rows.changed=1",),
    ),
    "deleteColumn": Call(lambda s: {"tableId": s["table"], "key": "c2"}, ("Table ~ revision columns.deleted=1",)),
    "importTable": Call(
        lambda _: {"name": "Imported", "text": "Part,Number\nnut,1\nbolt,2"},
        ("Table + name organization_id owner_id revision visibility columns.added=2 rows.added=2",),
        bad={"text": ""},
    ),
    "createWebhook": Call(
        lambda s: {"url": "http://8.8.8.8:9/", "events": ["REPORT_READY"], "tableId": s["table"]},
        ("Webhook + events organization_id owner_id table_id visibility",),
        "{ webhook { id } }",
        keeps("webhook", "webhook", "id"),
        bad={"events": []},
    ),
    "deleteWebhook": Call(
        lambda s: {"id": s["webhook"]}, ("Webhook - events organization_id owner_id table_id visibility",)
    ),
    "replayDelivery": Call(lambda s: {"id": s["delivery"]}, ()),
    "createExportTemplate": Call(
        lambda s: {"name": "Monthly", "destination": "XLSX", "tableId": s["table"], "columns": [{"column": "Part"}]},
        (f"ExportTemplate + {TEMPLATE}",),
        "{ exportTemplate { id } }",
        keeps("template", "exportTemplate", "id"),
        bad={"name": ""},
    ),
    "updateExportTemplate": Call(
        lambda s: {"id": s["template"], "name": "Weekly"}, ("ExportTemplate ~ name",), bad={"name": ""}
    ),
    "startExport": Call(
        lambda s: {"tableId": s["table"], "destination": "CSV"},
        ("Export + destination keep_updated mode on_conflict organization_id owner_id table_id visibility",),
        "{ export { id } }",
        keeps("export", "export", "id"),
    ),
    "createReport": Call(
        lambda s: {"kind": "USAGE", "organizationId": s["works"], **PERIOD},
        ("Report + ends_at kind organization_id owner_id schedule starts_at visibility",),
        "{ report { id } }",
        keeps("report", "report", "id"),
    ),
    "cancelReport": Call(lambda s: {"id": s["report"]}, ("Report ~ schedule",)),
    "cancelJob": Call(lambda s: {"id": s["queued_job"]}, ()),
    "retryJob": Call(lambda s: {"id": s["queued_job"]}, ()),
    "cancelExport": Call(lambda s: {"id": s["queued"]}, ("Export ~ status",)),
    "retryExport": Call(lambda s: {"id": s["queued"]}, ("Export ~ status",)),
    "deleteExportTemplate": Call(
        lambda s: {"id": s["template"]},
        (f"ExportTemplate - {TEMPLATE}",),
    ),
    "deleteConversation": Call(
        lambda s: {"id": s["conversation"]},
        ("Conversation - extraction model organization_id owner_id system_prompt title visibility",),
    ),
    "deleteTable": Call(lambda s: {"id": s["table"]}, ("Table - name organization_id owner_id revision visibility",)),
    "removeMember": Call(lambda s: {"membershipId": s["place"]}, ("Membership - organization_id role status user_id",)),
    "deleteOrganization": Call(
        lambda s: {"id": s["works"]},
        (
            "Organization - is_personal name",
            "Membership - organization_id role status user_id",
            "Organization - digest email expires_at membership_id organization_id role used_at",
        ),
    ),
    "createApiKey": Call(
        lambda _: {"name": "Nightly", "scopes": ["READ"]},
        ("ApiKey + digest name prefix scope_names user_id",),
        "{ apiKey { id } }",
        keeps("api_key", "apiKey", "id"),
        bad={"name": ""},
    ),
    "revokeApiKey": Call(lambda s: {"id": s["api_key"]}, ("ApiKey ~ revoked_at",)),
    "logOut": Call(lambda _: {}, ("User ~ sessions.changed=1",), who="bob"),
    "revokeSession": Call(lambda s: {"id": s["session"]}, ("User ~ sessions.changed=1",)),
    "deleteAccount": Call(
        lambda _: {"password": PASSWORD},
        (
            "User ~ account_deleted_at deactivated_at email first_name last_name password_hash sessions.changed=1",
            "Membership - organization_id role status user_id",
            "Organization - is_personal name",
        ),
        who="dan",
        bad={"password": "wrong password"},
    ),
    "connectGoogle": Call(lambda _: {}, (), bad={"loginHint": "no address"}),
    "confirmGoogle": Call(
        lambda story: {"code": story["google_code"]},
        ("User + connected_at email scopes",),
        bad={"code": "AAAA-AAAA-AAAA"},
    ),
    "disconnectGoogle": Call(lambda _: {}, ("User - connected_at email scopes",)),
    "logOutEverywhere": Call(lambda _: {}, ("User ~ sessions.changed=1",)),
}


def _calls() -> Mapping[str, Call]:
    """Return the stated calls, and after each update of a parent those of its children that state none."""
    calls: dict[str, Call] = {}
    for stated, call in STATED.items():
        calls[stated] = call
        for name, type_, arguments, entries in derived():
            if name not in STATED and stated == f"update{PARENTS[type_]}":
                calls[name] = _call(name, type_, arguments, entries)
    return calls


def _call(name: str, type_: str, arguments: Mapping[str, Any], entries: tuple[str, ...]) -> Call:
    """Return a call whose input names things of the story, as `@conversation`."""

    def give(story: Story) -> Mapping[str, Any]:
        named = {key: value for key, value in arguments.items() if str(value).startswith("@")}
        return {**arguments, **{key: story[value[1:]] for key, value in named.items()}}

    if not name.startswith("create"):
        return Call(give, entries)
    thing = to_camel_case(to_snake_case(type_))
    return Call(give, entries, f"{{ {thing} {{ id }} }}", keeps(type_.lower(), thing, "id"))


CALLS = _calls()
