"""exports write into sheets that exist"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB


revision = "0023_sheet_exports"
down_revision = "0022_google_accounts"

JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.add_column("exports", sa.Column("key_columns", JSON))
    op.add_column("exports", sa.Column("on_conflict", sa.String(32), nullable=False, server_default="FAIL"))
    op.add_column("exports", sa.Column("keep_updated", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("exports", sa.Column("changed_cells", sa.Integer()))
    op.add_column("exports", sa.Column("conflict", sa.String()))
    op.add_column("exports", sa.Column("sheet_layout", JSON))


def downgrade() -> None:
    for name in ("sheet_layout", "conflict", "changed_cells", "keep_updated", "on_conflict", "key_columns"):
        op.drop_column("exports", name)
