"""export templates"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0021_export_templates'
down_revision = '0020_file_exports'


def upgrade() -> None:
    op.create_table('export_templates',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('table_id', sa.Uuid(), nullable=True),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('destination', sa.Enum('GOOGLE_SHEETS', 'CSV', 'XLSX', 'JSON', 'PARQUET', 'MARKDOWN', name='exportdestination', native_enum=False, length=32), nullable=False),
    sa.Column('sheet_name', sa.String(), nullable=True),
    sa.Column('columns', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"), nullable=False),
    sa.Column('key_columns', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"), nullable=False),
    sa.Column('include_header', sa.Boolean(), nullable=False),
    sa.Column('freeze_header', sa.Boolean(), nullable=False),
    sa.Column('visibility', sa.Enum('PRIVATE', 'ORGANIZATION', name='visibility', native_enum=False, length=32), nullable=False),
    sa.Column('owner_id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by_id', sa.Uuid(), nullable=True),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by_id', sa.Uuid(), nullable=True),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['table_id'], ['tables.id'], initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_export_templates_organization_id'), 'export_templates', ['organization_id', 'id'], unique=False)
    op.create_index(op.f('ix_export_templates_table_id'), 'export_templates', ['table_id', 'id'], unique=False)
    op.add_column('exports', sa.Column('template_id', sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column('exports', 'template_id')
    op.drop_index(op.f('ix_export_templates_table_id'), table_name='export_templates')
    op.drop_index(op.f('ix_export_templates_organization_id'), table_name='export_templates')
    op.drop_table('export_templates')
