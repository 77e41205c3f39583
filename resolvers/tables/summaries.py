"""Summaries of the columns of a table."""

from typing import Annotated

import strawberry
from strawberry import argument

from db.models.tables import Table
from db.tables.query import summaries
from db.tables.query.summaries import Summary
from resolvers.core.context import Info
from resolvers.tables.row_pages import read_rows
from resolvers.tables.rows import RowFilter
from resolvers.tables.tables import columns_of


async def summarize(
    root: strawberry.Parent[Table],
    info: Info,
    column: Annotated[strawberry.ID, argument(description="Key or name of the column.")],
    group_by: Annotated[
        strawberry.ID | None,
        argument(description="Key or name of the column to group by; all rows form one group when omitted."),
    ] = None,
    filter: Annotated[
        RowFilter | None, argument(description="Condition that the rows must meet; all rows when omitted.")
    ] = None,
) -> list[Summary]:
    question = summaries.parse_summary_query(await columns_of(info.context, root.id), column, group_by, filter)
    rows = await read_rows(info.context, root, summaries.group_query(question.shape), **question.values)
    return summaries.build_summaries(question, rows)
