"""activity"""

import sqlalchemy as sa
from alembic import op

revision = "0031_activity"
down_revision = "0030_usage_by_day"


def upgrade() -> None:
    op.create_table('activities',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('action', sa.Enum('CREATED', 'CHANGED', 'DELETED', 'RESTORED', name='activityaction', native_enum=False, length=32), nullable=False),
    sa.Column('subject_table', sa.String(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('conversation_id', sa.Uuid(), nullable=True),
    sa.Column('table_id', sa.Uuid(), nullable=True),
    sa.Column('export_id', sa.Uuid(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by_id', sa.Uuid(), nullable=True),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by_id', sa.Uuid(), nullable=True),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_activities_organization_id'), 'activities', ['organization_id', 'number'], unique=True)
    op.add_column('organizations', sa.Column('last_activity', sa.BigInteger(), server_default='0', nullable=False))


def downgrade() -> None:
    op.drop_column('organizations', 'last_activity')
    op.drop_index(op.f('ix_activities_organization_id'), table_name='activities')
    op.drop_table('activities')
