"""reports and their contents"""

import sqlalchemy as sa
from alembic import op

from db.core.base import JsonType

revision = "0033_reports"
down_revision = "0032_unfinished_jobs"


def _dates() -> list[sa.Column]:
    return [
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by_id", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
    ]


def upgrade() -> None:
    op.create_table(
        "reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("table_id", sa.Uuid(), nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("schedule", sa.String(32), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=True),
        sa.Column("next_starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("visibility", sa.String(32), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        *_dates(),
        *(
            sa.ForeignKeyConstraint([name], [target], initially="DEFERRED", deferrable=True)
            for name, target in (
                ("table_id", "tables.id"),
                ("job_id", "jobs.id"),
                ("owner_id", "users.id"),
                ("organization_id", "organizations.id"),
            )
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_reports_organization_id", "reports", ["organization_id", "id"])
    for name in ("series_id", "due_at", "table_id", "job_id"):
        op.create_index(f"ix_reports_{name}", "reports", [name])
    op.create_table(
        "report_contents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("content", JsonType, nullable=False),
        *_dates(),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], initially="DEFERRED", deferrable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_report_contents_report_id", "report_contents", ["report_id"], unique=True)


def downgrade() -> None:
    op.drop_table("report_contents")
    op.drop_table("reports")
