"""SQL over the cells of a row: each type compared as what it means, in the words of either database.

A cell is read as text and converted from there, so values are bound as texts too (`bound`). PostgreSQL may
look at rows of other tables before it filters them out, so a conversion passes over what it cannot read.
SQLite compares decimals as floating point first, and what that leaves of long ones where it is equal.
"""

import re
from typing import Any
from uuid import UUID

from sqlalchemy import tuple_, type_coerce
from sqlalchemy.sql import ColumnElement

from db.core.dialect_sql import DialectSQL
from db.models.tables import Row
from tables.types.types import DECIMAL_TYPES, TEXT_TYPES, ColumnType, Value

SEPARATOR, RANKED = "\x1f", 100
KEY = re.compile(r"c[0-9]{1,9}", re.ASCII)
IS_NUMBER = r"^-?[0-9]+([.][0-9]+)?$"


def text(key: str) -> Any:
    """A cell as text; NULL when it is empty."""
    return DialectSQL("CAST(json_extract({0}, {1}) AS TEXT)", "({0} ->> {1})", Row.values, _name(key))


def json_value(key: str) -> Any:
    """A cell as it is kept; SQLite's own path expression would give 1 for true."""
    kept = DialectSQL(
        "CASE json_type({0}, {1}) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' "
        "ELSE json_quote(json_extract({0}, {1})) END",
        "({0} -> {1})",
        Row.values,
        _name(key),
    )
    return type_coerce(kept, Row.values.type)


def list_text(key: str) -> Any:
    """A cell with a list as the text of its JSON, the same for equal lists."""
    return DialectSQL("json_extract({0}, {1})", "CAST({0} -> {1} AS TEXT)", Row.values, _name(key))


def _name(key: str) -> Any:
    """A key as it stands in SQL: an index of an expression serves no query that binds a part of it."""
    if not KEY.fullmatch(key):
        raise ValueError(f"{key!r} is no key of a column")
    return DialectSQL(f"'$.{key}'", f"'{key}'")


def _items(key: str) -> Any:
    """The items of a list, between separators."""
    return DialectSQL(
        "(SELECT group_concat(value, char(31)) FROM json_each({0}, {1}))",
        "(SELECT string_agg(item, chr(31) ORDER BY place) FROM jsonb_array_elements_text("
        "CASE WHEN jsonb_typeof({0} -> {1}) = 'array' THEN {0} -> {1} END) WITH ORDINALITY AS items(item, place))",
        Row.values,
        _name(key),
    )


def cell(key: str, type: ColumnType) -> Any:
    """A cell as the text that `bound` makes of its value."""
    return _items(key) if type is ColumnType.MULTI_SELECT else text(key)


def bound(value: Value) -> str:
    """A value as the text that is bound for it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return SEPARATOR.join(value) if isinstance(value, list) else str(value)


def folded(operand: Any) -> Any:
    """A name of our own in SQLite: who writes with another program must not put its `lower` into an index."""
    return DialectSQL("folded({0})", 'lower({0}) COLLATE "C"', operand)


def exact(operand: Any) -> Any:
    return DialectSQL("{0}", '{0} COLLATE "C"', operand)


def _number(operand: Any) -> Any:
    return DialectSQL("CAST({0} AS REAL)", f"CASE WHEN {{0}} ~ '{IS_NUMBER}' THEN CAST({{0}} AS NUMERIC) END", operand)


def _beyond_real(operand: Any) -> Any:
    """What floating point leaves of a decimal, and of 15 digits it leaves nothing; PostgreSQL has exact numbers."""
    left = "CASE length({0}) > 15 WHEN 1 THEN beyond_real({0}, CAST({0} AS REAL)) WHEN 0 THEN 'm' END"
    return DialectSQL(left, _number(operand).spelling["postgresql"], operand)


def _plain(operand: Any) -> Any:
    """A decimal without zeros at its end, so that equal ones are equal texts."""
    trimmed = "rtrim(rtrim({0}, '0'), '.')"
    spelled = f"CASE WHEN {{0}} LIKE '%.%' THEN {trimmed} ELSE {{0}} END"
    return DialectSQL(spelled, spelled, operand)


def _truth(operand: Any) -> Any:
    spelled = "CASE {0} WHEN 'true' THEN 1 WHEN '1' THEN 1 WHEN 'false' THEN 0 WHEN '0' THEN 0 END"
    return DialectSQL(spelled, spelled, operand)


def _moment(operand: Any) -> Any:
    """A moment without its Z, which would come behind the point of a fraction."""
    return exact(DialectSQL("rtrim({0}, 'Z')", "rtrim({0}, 'Z')", operand))


def in_order(type: ColumnType, operand: Any) -> tuple[Any, ...]:
    """What to order by, the second where the first is equal."""
    if type in DECIMAL_TYPES:
        return _number(operand), _beyond_real(operand)
    if type is ColumnType.INTEGER:
        return (_number(operand),)
    if type is ColumnType.BOOLEAN:
        return (_truth(operand),)
    if type is ColumnType.DATETIME:
        return (_moment(operand),)
    return (exact(operand),) if type is ColumnType.DATE else (folded(operand), exact(operand))


def size(type: ColumnType, operand: Any) -> Any:
    """What is smaller or larger than another; of texts without their case."""
    ordered = in_order(type, operand)
    return tuple_(*ordered) if type in DECIMAL_TYPES else ordered[0]


def rank_of(type: ColumnType) -> str:
    """The name of what an index of a column of this type is in order of. Raises ValueError for a list."""
    if type is ColumnType.MULTI_SELECT:
        raise ValueError("a list has no order to make an index of")
    if type in DECIMAL_TYPES:
        return "decimal"
    return {
        ColumnType.INTEGER: "number",
        ColumnType.BOOLEAN: "truth",
        ColumnType.DATE: "day",
        ColumnType.DATETIME: "moment",
    }.get(type, "text")


def ranks(type: ColumnType, operand: Any) -> tuple[Any, ...]:
    """What an index of a column holds: what its order goes by, of texts only the beginning.

    PostgreSQL has no room for more of a text in an index. Of texts below RANKED characters it is all.
    """
    ordered = in_order(type, operand)
    if type not in TEXT_TYPES:
        return ordered
    spelled = f"substr({{0}}, 1, {RANKED})"
    return tuple(DialectSQL(spelled, f'{spelled} COLLATE "C"', each) for each in ordered)


def ranked(type: ColumnType, operand: Any) -> Any:
    """The first of the ranks; it is there for each value."""
    return ranks(type, operand)[0]


def is_whole(value: Value) -> bool:
    """Whether an index of texts holds all of a value."""
    return not isinstance(value, str) or max(len(value), len(value.lower())) < RANKED


def in_index(table_id: UUID, key: str) -> Any:
    """Whether a row is one that the index of a column holds, in words that no other index has.

    A question that says this is served by that index, and one that does not by none: left to themselves both
    databases take an index of any column of the table for questions that it slows down.
    """
    _name(key)
    return DialectSQL(
        f"('{key} ' || {{0}} = '{key} {table_id.hex}')",
        # PostgreSQL expects that nearly all rows are not null, and that one in 200 is equal to something.
        f"(NULLIF('{key} ' || CAST({{0}} AS TEXT) = '{key} {table_id}', FALSE) IS NOT NULL)",
        Row.table_id,
    )


def unindexed(operand: Any) -> Any:
    """A whole number that no index is gone through for the order of."""
    return DialectSQL("+{0}", "({0} + 0)", operand)


def equal(type: ColumnType, operand: Any) -> Any:
    """What is the same for equal values and for no others."""
    if type in DECIMAL_TYPES:
        return _plain(operand)
    return _truth(operand) if type is ColumnType.BOOLEAN else exact(operand)


def contains(whole: Any, part: Any) -> ColumnElement[bool]:
    return DialectSQL("(instr({0}, {1}) > 0)", "(strpos({0}, {1}) > 0)", whole, part)


def starts_with(whole: Any, part: Any) -> ColumnElement[bool]:
    spelled = "(substr({0}, 1, length({1})) = {1})"
    return DialectSQL(spelled, spelled, whole, part)


def surrounded(operand: Any) -> Any:
    """Items with a separator on either side of each."""
    return DialectSQL("(char(31) || {0} || char(31))", "(chr(31) || {0} || chr(31))", operand)


def numbers(operand: Any) -> Any:
    """Of all numbers [sum, smallest, largest] as a text of JSON, exactly; nulls when there are none."""
    number = _number(operand).spelling["postgresql"]
    parts = ", ".join(f"CAST({function}({number}) AS TEXT)" for function in ("sum", "min", "max"))
    return DialectSQL("summed({0})", f"CAST(json_build_array({parts}) AS TEXT)", operand)


def first_and_last(type: ColumnType, operand: Any) -> Any:
    """Of all texts [null, first, last] in the order of their type, as a text of JSON; moments without their Z."""
    ordered = in_order(type, operand)
    if len(ordered) == 1:
        spelled = "(null, min({0}), max({0}))"
        return DialectSQL(f"json_array{spelled}", f"CAST(json_build_array{spelled} AS TEXT)", *ordered)
    ends = ", ".join(
        f"(array_agg({{0}} ORDER BY {{1}} {way}, {{2}} {way}) FILTER (WHERE {{0}} IS NOT NULL))[1]"
        for way in ("ASC", "DESC")
    )
    return DialectSQL("ends({0})", f"CAST(json_build_array(null, {ends}) AS TEXT)", operand, *ordered)
