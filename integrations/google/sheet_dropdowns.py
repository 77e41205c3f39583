"""Dropdowns of a sheet: the options of each column, from the data validation of its first rows."""

from collections.abc import Mapping, Sequence
from typing import Any

ROWS_READ = 20  # of a sheet: a rule is usually that of a whole column, and 500 options a cell are large
FIELDS = "sheets(data(rowData(values(dataValidation(condition(type,values(userEnteredValue)))))))"


def dropdowns(rows: Sequence[Mapping[str, Any]]) -> dict[int, list[str]]:
    """Return the options of columns by their index; columns with two different dropdowns have none."""
    lists: dict[int, list[list[str]]] = {}
    for row in rows:
        for index, cell in enumerate(row.get("values") or ()):
            condition = (cell.get("dataValidation") or {}).get("condition") or {}
            if condition.get("type") == "ONE_OF_LIST":
                options = [str(one.get("userEnteredValue", "")) for one in condition.get("values") or ()]
                lists.setdefault(index, []).append(options)
    return {index: first for index, (first, *others) in lists.items() if first and all(one == first for one in others)}
