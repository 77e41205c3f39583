"""row version of changes"""

import sqlalchemy as sa
from alembic import op

revision = '0018_row_version_of_changes'
down_revision = '0017_active_assignments'


def upgrade() -> None:
    op.add_column('cell_changes', sa.Column('row_version', sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column('cell_changes', 'row_version')
