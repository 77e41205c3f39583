"""sheet links"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0028_sheet_links'
down_revision = '0027_readings_by_hour'


def upgrade() -> None:
    op.create_table('sheet_links',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('table_id', sa.Uuid(), nullable=False),
    sa.Column('export_id', sa.Uuid(), nullable=False),
    sa.Column('job_id', sa.Uuid(), nullable=False),
    sa.Column('template_id', sa.Uuid(), nullable=True),
    sa.Column('spreadsheet_id', sa.String(), nullable=False),
    sa.Column('spreadsheet_url', sa.String(), nullable=False),
    sa.Column('sheet_name', sa.String(), nullable=False),
    sa.Column('mode', sa.Enum('CREATE', 'REPLACE', 'APPEND', 'UPSERT', name='exportmode', native_enum=False, length=32), nullable=False),
    sa.Column('key_columns', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"), nullable=True),
    sa.Column('on_conflict', sa.Enum('FAIL', 'OVERWRITE', name='onsheetconflict', native_enum=False, length=32), nullable=False),
    sa.Column('sheet_layout', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"), nullable=False),
    sa.Column('last_revision', sa.Integer(), nullable=False),
    sa.Column('last_synced_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('paused_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('visibility', sa.Enum('PRIVATE', 'ORGANIZATION', name='visibility', native_enum=False, length=32), nullable=False),
    sa.Column('owner_id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by_id', sa.Uuid(), nullable=True),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by_id', sa.Uuid(), nullable=True),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['export_id'], ['exports.id'], initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['job_id'], ['jobs.id'], initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['table_id'], ['tables.id'], initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_sheet_links_export_id'), 'sheet_links', ['export_id'], unique=False)
    op.create_index(op.f('ix_sheet_links_job_id'), 'sheet_links', ['job_id'], unique=False)
    op.create_index(op.f('ix_sheet_links_organization_id'), 'sheet_links', ['organization_id', 'id'], unique=False)
    is_active = sa.text('deleted_at IS NULL')
    op.create_index(
        op.f('ix_sheet_links_table_id'), 'sheet_links', ['table_id', 'owner_id', 'spreadsheet_id', 'sheet_name'],
        unique=True, sqlite_where=is_active, postgresql_where=is_active,
    )


def downgrade() -> None:
    op.drop_index(op.f('ix_sheet_links_table_id'), table_name='sheet_links')
    op.drop_index(op.f('ix_sheet_links_organization_id'), table_name='sheet_links')
    op.drop_index(op.f('ix_sheet_links_job_id'), table_name='sheet_links')
    op.drop_index(op.f('ix_sheet_links_export_id'), table_name='sheet_links')
    op.drop_table('sheet_links')
