"""Summaries of columns."""

from decimal import Decimal

from strawberry.scalars import JSON

from db.tables.query import summaries
from schema.base import Shows, field, output_type


@output_type
class Summary(Shows[summaries.Summary]):
    """Summary of a column over all rows, or over the rows with the same value in another column."""

    group: JSON | None = field("Value that the rows have in common; null for empty cells and without `groupBy`.")
    row_count: int = field("Number of rows.")
    count: int = field("Number of cells that are not empty.")
    sum: Decimal | None = field("Exact sum of numbers; null for other types and when all cells are empty.")
    min: JSON | None = field("Smallest number, earliest date or first text, as a value of the column.")
    max: JSON | None = field("Largest number, latest date or last text, as a value of the column.")
    mean: Decimal | None = field("`sum` divided by `count`, to 28 digits.")
