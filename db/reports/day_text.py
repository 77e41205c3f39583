"""Days as text, such as 2025-12-31, to group rows by."""

from typing import Any

from sqlalchemy.sql import ColumnElement

from db.core.dialect_sql import DialectSQL


def day_text(column: Any) -> ColumnElement[str]:
    """Return the day of a moment in UTC; SQLite stores moments as ISO text in UTC."""
    return DialectSQL("substr({0}, 1, 10)", "to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD')", column)
