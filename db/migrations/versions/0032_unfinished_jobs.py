"""index of the unfinished jobs of a person"""

import sqlalchemy as sa
from alembic import op

revision = "0032_unfinished_jobs"
down_revision = "0031_activity"

UNFINISHED = sa.text("finished_at IS NULL")


def upgrade() -> None:
    op.create_index(
        "ix_jobs_owner_id_kind",
        "jobs",
        ["owner_id", "kind"],
        sqlite_where=UNFINISHED,
        postgresql_where=UNFINISHED,
    )


def downgrade() -> None:
    op.drop_index("ix_jobs_owner_id_kind", table_name="jobs")
