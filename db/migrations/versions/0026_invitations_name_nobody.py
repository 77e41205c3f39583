"""invitations name nobody"""

import sqlalchemy as sa
from alembic import op

revision = '0026_invitations_name_nobody'
down_revision = '0025_jobs_of_owners'


def upgrade() -> None:
    # Memberships first: SQLite makes the table anew, which nothing may refer to.
    with op.batch_alter_table('memberships') as table:
        table.alter_column('user_id', existing_type=sa.Uuid(), nullable=True)
    with op.batch_alter_table('invitations') as table:
        table.add_column(sa.Column('membership_id', sa.Uuid(), nullable=True))
        table.create_foreign_key(
            op.f('fk_invitations_membership_id_memberships'), 'memberships', ['membership_id'], ['id'],
            initially='DEFERRED', deferrable=True,
        )
    op.create_index(op.f('ix_invitations_membership_id'), 'invitations', ['membership_id'])
    op.execute(
        'UPDATE invitations SET membership_id = (SELECT memberships.id FROM memberships JOIN users ON'
        " users.id = memberships.user_id WHERE users.email = invitations.email AND memberships.status = 'INVITED'"
        ' AND memberships.organization_id = invitations.organization_id AND memberships.deleted_at IS NULL)'
        ' WHERE used_at IS NULL AND deleted_at IS NULL'
    )
    op.execute("UPDATE memberships SET user_id = NULL WHERE status = 'INVITED'")


def downgrade() -> None:
    op.drop_index(op.f('ix_invitations_membership_id'), table_name='invitations')
    with op.batch_alter_table('invitations') as table:
        table.drop_constraint(op.f('fk_invitations_membership_id_memberships'), type_='foreignkey')
        table.drop_column('membership_id')
    op.execute('DELETE FROM memberships WHERE user_id IS NULL')
    with op.batch_alter_table('memberships') as table:
        table.alter_column('user_id', existing_type=sa.Uuid(), nullable=False)
