"""Rows put into a table by key."""

from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from db.models.tables import Table
from db.tables.editing import row_upserts
from db.tables.editing.row_upserts import Upserted
from db.tables.editing.rows import OnError
from resolvers.core.context import IdempotencyKey, Info
from resolvers.core.ids import key
from resolvers.tables.tables import TableId

says = strawberry.argument


async def upsert_rows(
    info: Info,
    table_id: TableId,
    key_columns: Annotated[
        list[strawberry.ID], says(description="Keys or names of the columns that tell which row is which.")
    ],
    rows: Annotated[list[JSON], says(description="At most 5,000 objects, keyed by column key or column name.")],
    on_error: Annotated[OnError, says(description="What becomes of the good rows when others are not valid.")] = (
        OnError.REJECT_ALL
    ),
    idempotency_key: IdempotencyKey = None,
) -> Upserted:
    id_ = key(table_id, Table)
    return await info.context.write(row_upserts.upsert, id_, key_columns, rows, on_error, idempotency_key)
