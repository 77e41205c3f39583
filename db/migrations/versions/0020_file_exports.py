"""exports have a JSON layout and the size of their file"""

import sqlalchemy as sa
from alembic import op

revision = "0020_file_exports"
down_revision = "0019_repeated_refreshes"


def upgrade() -> None:
    op.add_column("exports", sa.Column("json_layout", sa.String(32)))
    op.add_column("exports", sa.Column("size", sa.BigInteger()))


def downgrade() -> None:
    op.drop_column("exports", "size")
    op.drop_column("exports", "json_layout")
