"""repeated refreshes"""

import sqlalchemy as sa
from alembic import op

revision = '0019_repeated_refreshes'
down_revision = '0018_row_version_of_changes'


def upgrade() -> None:
    op.add_column('refresh_tokens', sa.Column('used_by', sa.LargeBinary(32), nullable=True))


def downgrade() -> None:
    op.drop_column('refresh_tokens', 'used_by')
