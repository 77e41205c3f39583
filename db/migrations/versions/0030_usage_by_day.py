"""usage summed up by day; the days of present calls are stale until the background has summed them up"""

import sqlalchemy as sa
from alembic import op

revision = "0030_usage_by_day"
down_revision = "0029_webhooks"

DAYS = """
INSERT INTO usage_days (id, organization_id, user_id, conversation_id, day, day_end, is_stale, input_tokens,
  cached_tokens, output_tokens, reasoning_tokens, cost_nanos, estimated, created_at, updated_at)
SELECT {new_id}, organization_id, user_id, conversation_id, day, {day_end}, {true}, 0, 0, 0, 0, 0, 0, {now}, {now}
FROM (SELECT DISTINCT organization_id, user_id, conversation_id, {day} AS day FROM usages
  WHERE settled_at IS NOT NULL) AS days
"""
SQLITE = {
    "new_id": "lower(hex(randomblob(16)))",
    "day": "substr(settled_at, 1, 10) || ' 00:00:00.000000'",
    "day_end": "strftime('%Y-%m-%d 00:00:00.000000', day, '+1 day')",
    "true": "1",
    "now": "strftime('%Y-%m-%d %H:%M:%S.000000', 'now')",
}
POSTGRESQL = {
    "new_id": "gen_random_uuid()",
    "day": "date_trunc('day', settled_at, 'UTC')",
    "day_end": "day + interval '24 hours'",
    "true": "true",
    "now": "now()",
}
COUNTS = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "cost_nanos")


def upgrade() -> None:
    op.create_table(
        "usage_days",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_stale", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in COUNTS),
        sa.Column("estimated", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by_id", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], initially="DEFERRED", deferrable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], initially="DEFERRED", deferrable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_usage_days_conversation_id", "usage_days", ["conversation_id", "user_id", "day"], unique=True
    )
    op.create_index("ix_usage_days_organization_id", "usage_days", ["organization_id", "day"])
    op.create_index("ix_usage_days_user_id", "usage_days", ["user_id", "day"])
    is_stale = sa.text("is_stale")
    op.create_index("ix_usage_days_stale", "usage_days", ["id"], sqlite_where=is_stale, postgresql_where=is_stale)
    op.execute(DAYS.format(**(SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL)))


def downgrade() -> None:
    op.drop_table("usage_days")
