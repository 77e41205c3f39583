"""active assignments"""

import sqlalchemy as sa
from alembic import op

revision = '0017_active_assignments'
down_revision = '0016_extraction_additions'


def upgrade() -> None:
    op.drop_index('ix_site_assignments_site_id', table_name='site_assignments')
    is_active = sa.text('deleted_at IS NULL')
    op.create_index(
        'ix_site_assignments_site_id', 'site_assignments', ['site_id', 'user_id'],
        unique=True, sqlite_where=is_active, postgresql_where=is_active,
    )


def downgrade() -> None:
    op.execute(
        'DELETE FROM site_assignments WHERE deleted_at IS NOT NULL AND EXISTS (SELECT 1 FROM site_assignments AS other'
        ' WHERE other.site_id = site_assignments.site_id AND other.user_id = site_assignments.user_id'
        ' AND other.id > site_assignments.id)'
    )
    op.drop_index('ix_site_assignments_site_id', table_name='site_assignments')
    op.create_index('ix_site_assignments_site_id', 'site_assignments', ['site_id', 'user_id'], unique=True)
