"""bytes that tables and organizations store"""

import sqlalchemy as sa
from alembic import op

revision = "0036_storage"
down_revision = "0035_single_sign_on"


def upgrade() -> None:
    for table, column in (("tables", "size"), ("organizations", "stored_bytes")):
        op.add_column(table, sa.Column(column, sa.BigInteger(), server_default="0", nullable=False))
    bytes_of = "octet_length({}::text)" if op.get_bind().dialect.name == "postgresql" else "length(CAST({} AS BLOB))"
    rows, changes = (
        " + ".join(f"coalesce({bytes_of.format(name)}, 0)" for name in names)
        for names in (('r."values"', "r.origins"), ("c.old", "c.new", "c.old_origin", "c.new_origin"))
    )
    # The history counts but for what it says of deletions, as it does from now on.
    op.execute(
        f"""
        UPDATE tables SET size =
          coalesce((SELECT sum({rows}) FROM rows r WHERE r.table_id = tables.id), 0)
          + coalesce((SELECT sum({changes}) FROM cell_changes c WHERE c.table_id = tables.id
                      AND c.kind NOT IN ('ROW_DELETED', 'COLUMN_DELETED')), 0)
        """  # noqa: S608  made of the names above
    )
    op.execute(
        """
        UPDATE organizations SET stored_bytes =
          coalesce((SELECT sum(t.size) FROM tables t WHERE t.organization_id = organizations.id), 0)
          + coalesce((SELECT sum(e.size) FROM exports e
                      WHERE e.organization_id = organizations.id AND e.file IS NOT NULL), 0)
          + coalesce((SELECT sum(a.size) FROM attachments a JOIN messages m ON m.id = a.message_id
                      JOIN conversations v ON v.id = m.conversation_id
                      WHERE v.organization_id = organizations.id), 0)
        """
    )


def downgrade() -> None:
    op.drop_column("organizations", "stored_bytes")
    op.drop_column("tables", "size")
