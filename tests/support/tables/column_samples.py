"""Columns and values for tests."""

from tables.types.types import Column, ColumnType, Value

COLUMNS = [Column(f"c{index}", type.value.title(), type, index) for index, type in enumerate(ColumnType)]
VALUES: dict[ColumnType, Value] = {
    ColumnType.TEXT: 'a "b", c',
    ColumnType.INTEGER: -5,
    ColumnType.DECIMAL: "-12.50",
    ColumnType.CURRENCY: "1234.50",
    ColumnType.PERCENT: "12.5",
    ColumnType.BOOLEAN: True,
    ColumnType.DATE: "2025-12-31",
    ColumnType.DATETIME: "2025-12-31T10:00:00Z",
    ColumnType.SELECT: "Large",
    ColumnType.MULTI_SELECT: ["a", "b, c"],
    ColumnType.EMAIL: "ann@example.org",
    ColumnType.URL: "https://example.org/",
}
ROW = {column.key: VALUES[column.type] for column in COLUMNS}
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x"]


def column(type: ColumnType | str, **rules: object) -> Column:
    return Column(key="c1", name="Amount", type=ColumnType(type), **rules)  # type: ignore[arg-type]  # any rule
