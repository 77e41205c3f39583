"""The people who make each change."""

from tests.matrix.rows import (
    ADMINS,
    ANONYMOUS,
    ANYONE,
    ASSIGNED,
    DEACTIVATED,
    INSIDE,
    MEMBER,
    OUTSIDER,
    OWN,
    OWNER,
    SIGNED_IN,
    SUPERUSER,
    Change,
)

PASSWORD, ANOTHER = "correct horse battery", "incorrect horse battery"
FEW = frozenset({OWNER, ANONYMOUS, DEACTIVATED})
COLUMN = {"name": "Price", "type": "DECIMAL"}
PERIOD = {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}
HOOK = "http://8.8.8.8:9/"  # public, and no name that must be looked up
READING = {"metric": "level", "value": 1.5, "at": "2026-01-01T12:00:00Z"}
UNKNOWN = dict.fromkeys((OWNER, MEMBER, OUTSIDER), "BAD_USER_INPUT")  # which of many it is, is in fieldErrors

ACCOUNTS: dict[str, list[Change]] = {
    "signUp": [
        Change({"email": "owner@example.com", "password": PASSWORD}, ANYONE, meets="CONFLICT", tried=FEW),
    ],
    "logIn": [Change({"email": "owner@example.com", "password": PASSWORD}, ANYONE, tried=FEW)],
    "refreshSession": [Change({"refreshToken": "@refresh_token"}, ANYONE)],
    "exchangeSignInCode": [Change({"code": "no code"}, ANYONE, meets="BAD_USER_INPUT")],
    "logOut": [Change({}, SIGNED_IN), Change({"refreshToken": "@refresh_token"}, ANYONE)],
    "logOutEverywhere": [Change({}, SIGNED_IN)],
    "createApiKey": [Change({"name": "New", "scopes": ["READ"]}, SIGNED_IN)],
    "revokeApiKey": [Change({"id": "@api_key"}, frozenset({OWNER, SUPERUSER}))],
    "revokeSession": [Change({"id": "@session"}, frozenset({OWNER, SUPERUSER}))],
    "changePassword": [Change({"currentPassword": PASSWORD, "newPassword": ANOTHER}, SIGNED_IN, tried=FEW)],
    "deleteAccount": [
        Change(
            {"password": PASSWORD},
            SIGNED_IN - {SUPERUSER},
            codes={SUPERUSER: "CONFLICT"},  # the last one
            tried=FEW | {SUPERUSER},
        ),
    ],
    "requestPasswordReset": [Change({"email": "owner@example.com"}, ANYONE, tried=FEW)],
    "resetPassword": [Change({"token": "@reset_token", "newPassword": ANOTHER}, ANYONE, tried=FEW)],
    "requestEmailVerification": [Change({}, SIGNED_IN)],
    "connectGoogle": [Change({}, SIGNED_IN)],
    "confirmGoogle": [Change({"code": "no code"}, SIGNED_IN, meets="BAD_USER_INPUT")],
    "disconnectGoogle": [Change({}, frozenset({OWNER}), idle=SIGNED_IN - {OWNER})],
    "verifyEmail": [Change({"token": "@email_token"}, ANYONE)],
    "changeEmail": [Change({"newEmail": "new@example.com", "password": "wrong"}, SIGNED_IN, meets="BAD_USER_INPUT")],
    "confirmEmailChange": [Change({"token": "@change_token"}, ANYONE)],
    "updateProfile": [Change({"firstName": "Another"}, SIGNED_IN)],
    "updateUser": [
        Change({"id": "@owner_user", "isActive": False}, frozenset({SUPERUSER})),
        Change({"id": "@owner_user", "isSuperuser": True}, frozenset({SUPERUSER})),
    ],
}

PLACES: dict[str, list[Change]] = {
    "createOrganization": [Change({"name": "New"}, SIGNED_IN)],
    "updateOrganization": [
        Change({"id": "@organization", "name": "New"}, ADMINS),
        Change({"id": "@personal", "name": "New"}, frozenset({OWNER, SUPERUSER})),
    ],
    "setBudget": [Change({"organizationId": "@organization", "limit": "10", "hard": False}, ADMINS)],
    "deleteOrganization": [Change({"id": "@organization"}, ADMINS)],
    "inviteMember": [
        Change({"organizationId": "@organization", "email": "new@example.com", "role": "ADMIN"}, ADMINS),
    ],
    "withdrawInvitation": [
        Change({"organizationId": "@organization", "email": "outsider@example.com"}, ADMINS),
        Change({"organizationId": "@organization", "email": "new@example.com"}, ADMINS, meets="NOT_FOUND"),
    ],
    "acceptInvitation": [Change({"token": "@invitation_token"}, frozenset({OUTSIDER}))],
    "changeMemberRole": [
        Change({"membershipId": "@member_membership", "role": "ADMIN"}, ADMINS),
        Change({"membershipId": "@owner_membership", "role": "ADMIN"}, ADMINS),
    ],
    "removeMember": [
        Change({"membershipId": "@member_membership"}, ADMINS | {MEMBER}),
        Change({"membershipId": "@owner_membership"}, ADMINS | {OWNER}),
    ],
    "createSite": [Change({"organizationId": "@organization", "name": "New"}, ADMINS)],
    "updateSite": [Change({"id": "@site", "name": "New"}, ADMINS)],
    "deleteSite": [Change({"id": "@site"}, ADMINS)],
    "assignSite": [Change({"siteId": "@site", "userId": "@owner_user"}, ADMINS)],
    "unassignSite": [Change({"siteId": "@site", "userId": "@assigned_user"}, ADMINS)],
    "recordReadings": [Change({"readings": [{"moduleId": "@module", **READING}]}, ADMINS, codes=UNKNOWN)],
    "createItem": [
        Change({"title": "New"}, SIGNED_IN),
        Change({"title": "New", "organizationId": "@organization"}, INSIDE),
        Change({"title": "New", "siteId": "@site"}, ADMINS | {ASSIGNED}),
        Change({"title": "New", "conversationId": "@conversation"}, OWN),
        Change({"title": "New", "conversationId": "@shared_conversation"}, INSIDE),
    ],
    "updateItem": [
        Change({"id": "@item", "title": "New"}, OWN),
        Change({"id": "@shared_item", "title": "New"}, OWN),
        Change({"id": "@shared_item", "siteId": "@site"}, ADMINS, codes={OWNER: "NOT_FOUND"}),
    ],
    "deleteItem": [Change({"id": "@item"}, OWN), Change({"id": "@shared_item"}, OWN)],
    "restore": [
        Change({"id": "@deleted_organization"}, ADMINS),
        Change({"id": "@deleted_site"}, ADMINS),
        Change({"id": "@deleted_module"}, ADMINS),
        Change({"id": "@deleted_item"}, OWN),
        Change({"id": "@deleted_conversation"}, OWN),
        Change({"id": "@deleted_table"}, OWN),
        Change({"id": "@deleted_template"}, OWN),
        Change({"id": "@deleted_webhook"}, OWN),
    ],
}

CHAT: dict[str, list[Change]] = {
    "createConversation": [
        Change({"title": "New"}, SIGNED_IN),
        Change({"organizationId": "@organization"}, INSIDE),
        Change({"siteId": "@site"}, ADMINS | {ASSIGNED}),
    ],
    "updateConversation": [
        Change({"id": "@conversation", "title": "New"}, OWN),
        Change({"id": "@shared_conversation", "title": "New"}, OWN),
    ],
    "sendMessage": [
        Change({"text": "Hello"}, SIGNED_IN),
        Change({"text": "Hello", "conversationId": "@conversation"}, OWN),
        Change({"text": "Hello", "parentId": "@reply"}, OWN),
        Change({"text": "Hello", "tableId": "@shared_table"}, OWN),
    ],
    "stopReply": [Change({"messageId": "@running_reply"}, OWN)],
    "editMessage": [Change({"messageId": "@message", "text": "Hello"}, OWN)],
    "regenerateReply": [Change({"messageId": "@reply"}, OWN)],
    "rateMessage": [
        Change({"messageId": "@reply", "rating": "UP"}, OWN),
        Change({"messageId": "@shared_message", "rating": "UP"}, INSIDE),
    ],
    "forkConversation": [
        Change({"id": "@conversation"}, OWN),
        Change({"id": "@shared_conversation", "messageId": "@shared_message"}, INSIDE),
    ],
    "shareConversation": [
        Change({"conversationId": "@conversation"}, OWN),
        Change({"conversationId": "@shared_conversation"}, OWN),
    ],
    "unshareConversation": [
        Change({"conversationId": "@conversation"}, OWN),
        Change({"conversationId": "@shared_conversation"}, OWN),
    ],
    "deleteConversation": [
        Change({"id": "@conversation", "withTables": True}, OWN),
        Change({"id": "@shared_conversation", "withTables": True}, OWN),
    ],
}

NOTICES: dict[str, list[Change]] = {
    "markNotificationsRead": [
        Change({"ids": ["@notification"]}, frozenset({OWNER}), idle=SIGNED_IN - {OWNER}),
        Change({}, frozenset({OWNER}), idle=SIGNED_IN - {OWNER}),
    ],
    "broadcast": [Change({"title": "Maintenance tonight"}, frozenset({SUPERUSER}))],
}

TABLES: dict[str, list[Change]] = {
    "createTable": [
        Change({"name": "New", "columns": [COLUMN]}, SIGNED_IN),
        Change({"name": "New", "columns": [COLUMN], "organizationId": "@organization"}, INSIDE),
        Change({"name": "New", "columns": [COLUMN], "conversationId": "@conversation"}, OWN),
    ],
    "updateTable": [
        Change({"id": "@table", "name": "New"}, OWN),
        Change({"id": "@shared_table", "name": "New"}, OWN),
    ],
    "deleteTable": [Change({"id": "@table"}, OWN), Change({"id": "@shared_table"}, OWN)],
    "addColumn": [
        Change({"tableId": "@table", "column": COLUMN}, OWN),
        Change({"tableId": "@shared_table", "column": COLUMN}, OWN),
    ],
    "updateColumn": [
        Change({"tableId": "@table", "key": "c1", "name": "New"}, OWN),
        Change({"tableId": "@shared_table", "key": "c1", "name": "New"}, OWN),
    ],
    "moveColumn": [
        Change({"tableId": "@table", "key": "c2", "position": 0}, OWN),
        Change({"tableId": "@shared_table", "key": "c2", "position": 0}, OWN),
    ],
    "deleteColumn": [
        Change({"tableId": "@table", "key": "c2"}, OWN),
        Change({"tableId": "@shared_table", "key": "c2"}, OWN),
    ],
    "upsertRows": [
        Change({"tableId": "@table", "keyColumns": ["c1"], "rows": [{"c1": "Milk"}]}, OWN),
        Change({"tableId": "@shared_table", "keyColumns": ["c1"], "rows": [{"c1": "Milk"}]}, OWN),
    ],
    "addRows": [
        Change({"tableId": "@table", "rows": [{"c1": "Milk"}]}, OWN),
        Change({"tableId": "@shared_table", "rows": [{"c1": "Milk"}]}, OWN),
    ],
    "importTable": [
        Change({"tableId": "@table", "text": "Name\nMilk\n"}, OWN),
        Change({"tableId": "@shared_table", "text": "Name\nMilk\n"}, OWN),
        Change({"name": "New", "text": "Name\nMilk\n", "organizationId": "@organization"}, INSIDE),
        Change({"name": "New", "text": "Name\nMilk\n", "conversationId": "@conversation"}, OWN),
    ],
    "updateCells": [
        Change({"tableId": "@table", "cells": [{"rowId": "@row", "column": "c1", "value": "Milk"}]}, OWN),
        Change({"tableId": "@shared_table", "cells": [{"rowId": "@shared_row", "column": "c1", "value": "x"}]}, OWN),
    ],
    "deleteRows": [
        Change({"tableId": "@table", "rowIds": ["@row"]}, OWN),
        Change({"tableId": "@shared_table", "rowIds": ["@shared_row"]}, OWN),
    ],
    "undoRevision": [
        Change({"tableId": "@table", "revision": 2}, OWN),
        Change({"tableId": "@shared_table", "revision": 2}, OWN),
    ],
    "applyProposal": [Change({"id": "@proposal"}, OWN), Change({"id": "@shared_proposal"}, OWN)],
    "extractTable": [
        Change({"conversationId": "@conversation", "wait": False}, OWN),
        Change({"conversationId": "@shared_conversation", "wait": False}, OWN),
        Change({"messageIds": ["@shared_message"], "tableId": "@shared_table", "wait": False}, OWN),
    ],
    "rejectProposal": [Change({"id": "@proposal"}, OWN), Change({"id": "@shared_proposal"}, OWN)],
    "startExport": [
        Change({"tableId": "@table", "destination": "CSV"}, OWN),
        Change({"tableId": "@shared_table", "destination": "CSV"}, INSIDE),
        Change({"tableId": "@shared_table", "destination": "CSV", "templateId": "@shared_template"}, INSIDE),
    ],
    "cancelJob": [Change({"id": "@job"}, OWN), Change({"id": "@mail_job"}, frozenset({OWNER, SUPERUSER}))],
    "retryJob": [Change({"id": "@failed_job"}, OWN), Change({"id": "@job"}, OWN, meets="CONFLICT")],
    "createWebhook": [
        Change({"url": HOOK, "events": ["REPLY_ENDED"]}, SIGNED_IN),
        Change({"url": HOOK, "events": ["TABLE_CHANGED"], "tableId": "@table"}, OWN),
        Change({"url": HOOK, "events": ["TABLE_CHANGED"], "tableId": "@shared_table"}, INSIDE),
        Change({"url": HOOK, "events": ["TABLE_CHANGED"], "organizationId": "@organization"}, INSIDE),
    ],
    "deleteWebhook": [Change({"id": "@webhook"}, OWN)],
    "replayDelivery": [Change({"id": "@delivery"}, OWN)],
    "createExportTemplate": [
        Change({"name": "New", "destination": "CSV"}, SIGNED_IN),
        Change({"name": "New", "destination": "CSV", "tableId": "@table"}, OWN),
        Change({"name": "New", "destination": "CSV", "tableId": "@shared_table"}, INSIDE),
        Change({"name": "New", "destination": "CSV", "organizationId": "@organization"}, INSIDE),
    ],
    "updateExportTemplate": [
        Change({"id": "@template", "name": "New"}, OWN),
        Change({"id": "@shared_template", "name": "New"}, OWN),
    ],
    "deleteExportTemplate": [Change({"id": "@template"}, OWN), Change({"id": "@shared_template"}, OWN)],
    "createReport": [
        Change({"kind": "USAGE", "organizationId": "@organization", **PERIOD}, INSIDE),
        Change({"kind": "SITE_ACTIVITY", "organizationId": "@organization", **PERIOD}, INSIDE),
        Change(
            {"kind": "TABLE_SUMMARY", "organizationId": "@organization", "tableId": "@shared_table", **PERIOD}, INSIDE
        ),
        Change({"kind": "TABLE_SUMMARY", "tableId": "@table", "organizationId": "@organization", **PERIOD}, OWN),
    ],
    "cancelReport": [Change({"id": "@report"}, OWN)],
    "cancelExport": [Change({"id": "@export"}, OWN)],
    "retryExport": [Change({"id": "@failed_export"}, OWN)],
}

CHANGED = ACCOUNTS | PLACES | CHAT | NOTICES | TABLES
