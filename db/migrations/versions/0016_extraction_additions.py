"""extraction additions"""

import sqlalchemy as sa
from alembic import op

revision = '0016_extraction_additions'
down_revision = '0015_proposals_of_extractions'


def upgrade() -> None:
    op.add_column('table_columns', sa.Column('description', sa.String(), nullable=True))
    op.create_index('ix_proposals_job_id', 'proposals', ['job_id'])


def downgrade() -> None:
    op.drop_index('ix_proposals_job_id', 'proposals')
    op.drop_column('table_columns', 'description')
