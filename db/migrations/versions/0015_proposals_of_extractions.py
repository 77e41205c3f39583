"""proposals of extractions"""

import sqlalchemy as sa
from alembic import op

revision = '0015_proposals_of_extractions'
down_revision = '0014_lines_end_at_a_message'


def upgrade() -> None:
    # SQLite changes a column only by making the table anew; nothing refers to this one.
    with op.batch_alter_table('proposals') as table:
        table.add_column(sa.Column('job_id', sa.Uuid(), nullable=True))
        table.add_column(sa.Column('is_complete', sa.Boolean(), server_default=sa.true(), nullable=False))
        table.add_column(sa.Column('problem', sa.String(), nullable=True))
        table.alter_column('message_id', existing_type=sa.Uuid(), nullable=True)


def downgrade() -> None:
    with op.batch_alter_table('proposals') as table:
        table.alter_column('message_id', existing_type=sa.Uuid(), nullable=False)
        table.drop_column('problem')
        table.drop_column('is_complete')
        table.drop_column('job_id')
