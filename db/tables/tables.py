"""Tables: a name, columns, and a revision that every change bumps."""

from decimal import Decimal

from sqlalchemy import func, select

from db.core.dialect_sql import OneOf
from db.core.pagination import Listing
from db.core.prepared import Prepared, bind
from db.models.tables import Row, Table, TableColumn
from tables.types.types import Column, ColumnType

MAX_ROWS, MAX_COLUMNS = 100_000, 200


all_tables = Listing(
    Table,
    newest_first=True,
    optional={
        "organization_id": Table.organization_id == bind("organization_id", Table.organization_id),
        "conversation_id": Table.conversation_id == bind("conversation_id", Table.conversation_id),
        # Removing the search text must change the name: LIKE would read % and _ in it as wildcards.
        "search": func.replace(func.lower(Table.name), func.lower(bind("search", Table.name)), "")
        != func.lower(Table.name),
    },
)

columns_of: Prepared[TableColumn] = Prepared(
    select(TableColumn)
    .where(OneOf(TableColumn.table_id))
    .order_by(TableColumn.table_id, TableColumn.position, TableColumn.key)
)

columns_of_table: Prepared[TableColumn] = Prepared(
    select(TableColumn).order_by(TableColumn.position, TableColumn.key), children=TableColumn
)

first_rows: Prepared[Row] = Prepared(
    select(Row).order_by(Row.position, Row.id).limit(bind("limit", Row.position)), children=Row
)


def column_of(row: TableColumn) -> Column:
    """Return the column that a row defines."""
    options = row.options
    return Column(
        key=row.key,
        name=row.name,
        type=ColumnType(row.type),
        position=row.position,
        is_required=row.is_required,
        is_unique=row.is_unique,
        is_indexed=row.is_indexed,
        options=None if options is None else tuple(options),
        minimum=None if row.minimum is None else Decimal(row.minimum),
        maximum=None if row.maximum is None else Decimal(row.maximum),
        max_length=row.max_length,
        pattern=row.pattern,
        format=row.format,
        default=row.default,
        description=row.description,
        scope=row.table_id.hex,
    )
