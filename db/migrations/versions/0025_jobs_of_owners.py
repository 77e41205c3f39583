"""jobs of owners"""

from alembic import op

revision = "0025_jobs_of_owners"
down_revision = "0024_api_keys"


def upgrade() -> None:
    op.create_index(op.f('ix_jobs_owner_id'), 'jobs', ['owner_id', 'id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_jobs_owner_id'), table_name='jobs')
