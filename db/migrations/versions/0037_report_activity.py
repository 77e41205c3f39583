"""reports in the activity of organizations"""

import sqlalchemy as sa
from alembic import op

revision = "0037_report_activity"
down_revision = "0036_storage"


def upgrade() -> None:
    op.add_column('activities', sa.Column('report_id', sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column('activities', 'report_id')
