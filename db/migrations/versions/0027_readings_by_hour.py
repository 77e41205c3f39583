"""readings summed up by hour; the hours of present readings are stale until the background has summed them up"""

import sqlalchemy as sa
from alembic import op

revision = "0027_readings_by_hour"
down_revision = "0026_invitations_name_nobody"

HOURS = """
INSERT INTO reading_hours (id, module_id, metric, hour, hour_end, is_stale, count, total, created_at, updated_at)
SELECT {new_id}, module_id, metric, hour, {hour_end}, {true}, 0, 0, {now}, {now}
FROM (SELECT DISTINCT module_id, metric, {hour} AS hour FROM readings) AS hours
"""
SQLITE = {
    "new_id": "lower(hex(randomblob(16)))",
    "hour": "substr(at, 1, 13) || ':00:00.000000'",
    "hour_end": "strftime('%Y-%m-%d %H:00:00.000000', hour, '+1 hour')",
    "true": "1",
    "now": "strftime('%Y-%m-%d %H:%M:%S.000000', 'now')",
}
POSTGRESQL = {
    "new_id": "gen_random_uuid()",
    "hour": "date_trunc('hour', at, 'UTC')",
    "hour_end": "hour + interval '1 hour'",
    "true": "true",
    "now": "now()",
}


def upgrade() -> None:
    op.create_table(
        "reading_hours",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("module_id", sa.Uuid(), nullable=False),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hour_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_stale", sa.Boolean(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("total", sa.Float(precision=53), nullable=False),
        sa.Column("low", sa.Float(precision=53), nullable=True),
        sa.Column("high", sa.Float(precision=53), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by_id", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["module_id"], ["modules.id"], initially="DEFERRED", deferrable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_reading_hours_module_id", "reading_hours", ["module_id", "metric", "hour"], unique=True)
    is_stale = sa.text("is_stale")
    op.create_index(
        "ix_reading_hours_stale", "reading_hours", ["id"], sqlite_where=is_stale, postgresql_where=is_stale
    )
    # One statement also for millions of readings; the sums themselves follow in small transactions.
    op.execute(HOURS.format(**(SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL)))


def downgrade() -> None:
    op.drop_index("ix_reading_hours_stale", table_name="reading_hours")
    op.drop_index("ix_reading_hours_module_id", table_name="reading_hours")
    op.drop_table("reading_hours")
