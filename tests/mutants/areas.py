"""Areas whose files are changed, each with the tests that belong to them, the quickest and densest first."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Area:
    """Files of one area, and the tests that must notice a change in them."""

    files: tuple[str, ...]
    tests: tuple[str, ...]


AREAS: Mapping[str, Area] = {
    "policy": Area(
        (
            "db/core/policy.py",
            "db/core/policy_rules.py",
            "db/core/policy_scopes.py",
            "db/core/session.py",
        ),
        (
            "tests/core/test_policy.py",
            "tests/core/test_policy_writes.py",
            "tests/organizations/test_memberships.py",
            "tests/core/test_database.py",
            "tests/core/test_pagination.py",
            "tests/core/test_statement_guard.py",
            "tests/retention/test_restoring.py",
            "tests/matrix/test_matrix.py",
        ),
    ),
    "memberships": Area(
        (
            "db/organizations/invitations.py",
            "db/organizations/memberships.py",
            "db/organizations/organization_deletion.py",
            "db/organizations/organizations.py",
        ),
        ("tests/organizations/test_memberships.py", "tests/organizations/test_organizations.py"),
    ),
    "sessions": Area(
        ("db/accounts/sessions.py", "db/accounts/api_keys.py", "schema/core/scopes.py", "auth/api_keys.py"),
        (
            "tests/accounts/test_stored_sessions.py",
            "tests/accounts/test_api_keys.py",
            "tests/accounts/test_sessions.py",
            "tests/accounts/test_accounts.py",
        ),
    ),
    "spending": Area(
        ("db/billing/spending.py", "db/billing/budgets.py", "db/billing/usage.py"),
        ("tests/billing",),
    ),
    "jobs": Area(("db/jobs/jobs.py",), ("tests/jobs/test_jobs.py", "tests/jobs/test_mail.py")),
    "undo": Area(
        ("db/tables/history/undo.py", "db/tables/history/undo_conversion.py", "db/tables/editing/edits.py"),
        (
            "tests/tables/test_revisions.py",
            "tests/tables/test_undo_conversion.py",
            "tests/tables/test_columns.py",
            "tests/tables/test_undo_sequences.py",
        ),
    ),
    "streams": Area(
        ("assistant/reply_log/log.py", "assistant/reply_log/cluster_log.py", "assistant/reply_log/watchers.py"),
        (
            "tests/assistant/test_log.py",
            "tests/assistant/test_cluster_log.py",
            "tests/conversations/test_reply_stream.py",
        ),
    ),
    "exports": Area(
        ("db/exports/exports.py", "tables/writers/text.py"),
        ("tests/values/test_writers.py", "tests/exports/test_exports.py"),
    ),
    "idempotency": Area(("db/core/idempotency.py",), ("tests/core/test_idempotency.py",)),
}
