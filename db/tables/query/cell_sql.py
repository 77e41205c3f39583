"""SQL expressions over the cells of a row, which compare each type by its meaning in SQLite and PostgreSQL.

The cells of a row are one JSON document. A cell is extracted as text and then converted to its type, so values are
bound as text too (`bind_text`). Decimals have up to 38 digits: PostgreSQL compares them as NUMERIC; SQLite compares
the nearest floating-point number first and breaks ties by the digits that floating point cannot hold.

The expressions of indexed columns are also the definitions of indexes (`cell_indexes`). An index serves a query only
if both spell the expression identically, so every change of an expression here makes existing indexes useless.
"""

import re
from typing import Any
from uuid import UUID

from sqlalchemy import tuple_, type_coerce
from sqlalchemy.sql import ColumnElement

from db.core.dialect_sql import DialectSQL
from db.models.tables import Row
from tables.types.types import DECIMAL_TYPES, TEXT_TYPES, ColumnType, Value

SEPARATOR, INDEXED_LENGTH = "\x1f", 100
KEY_PATTERN = re.compile(r"c[0-9]{1,9}", re.ASCII)
NUMBER_PATTERN = r"^-?[0-9]+([.][0-9]+)?$"


def text(key: str) -> Any:
    """Return the cell as text; NULL when it is empty."""
    return DialectSQL("CAST(json_extract({0}, {1}) AS TEXT)", "({0} ->> {1})", Row.values, _key_literal(key))


def json_value(key: str) -> Any:
    """Return the cell as stored JSON."""
    # json_extract alone would turn true into 1, so booleans are spelled out.
    stored = DialectSQL(
        "CASE json_type({0}, {1}) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' "
        "ELSE json_quote(json_extract({0}, {1})) END",
        "({0} -> {1})",
        Row.values,
        _key_literal(key),
    )
    return type_coerce(stored, Row.values.type)


def list_text(key: str) -> Any:
    """Return the JSON text of a list cell; equal lists have equal texts."""
    return DialectSQL("json_extract({0}, {1})", "CAST({0} -> {1} AS TEXT)", Row.values, _key_literal(key))


def _key_literal(key: str) -> Any:
    """Return the column key as an SQL literal. Raises ValueError for anything but a key like c7."""
    # A literal and no bind parameter: an expression index cannot serve an expression with a parameter in it.
    if not KEY_PATTERN.fullmatch(key):
        raise ValueError(f"{key!r} is not a column key like 'c7'")
    return DialectSQL(f"'$.{key}'", f"'{key}'")


def _joined_items(key: str) -> Any:
    """Return the items of a list cell joined by SEPARATOR."""
    return DialectSQL(
        "(SELECT group_concat(value, char(31)) FROM json_each({0}, {1}))",
        "(SELECT string_agg(item, chr(31) ORDER BY n) FROM jsonb_array_elements_text("
        "CASE WHEN jsonb_typeof({0} -> {1}) = 'array' THEN {0} -> {1} END) WITH ORDINALITY AS items(item, n))",
        Row.values,
        _key_literal(key),
    )


def cell(key: str, type: ColumnType) -> Any:
    """Return the cell as text, in the form that `bind_text` gives its value."""
    return _joined_items(key) if type is ColumnType.MULTI_SELECT else text(key)


def bind_text(value: Value) -> str:
    """Return a value as the text to bind for it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return SEPARATOR.join(value) if isinstance(value, list) else str(value)


def case_folded(operand: Any) -> Any:
    """Return the text in lower case, compared by code points."""
    # SQLite calls our own function: the built-in lower() knows ASCII only, and another program that writes to the
    # file with its own lower() would corrupt the indexes.
    return DialectSQL("folded({0})", 'lower({0}) COLLATE "C"', operand)


def binary_collated(operand: Any) -> Any:
    """Return the text compared by code points, independent of the locale of the database."""
    return DialectSQL("{0}", '{0} COLLATE "C"', operand)


def _number(operand: Any) -> Any:
    """Return the text as a number, in SQLite as floating point."""
    # PostgreSQL may evaluate this for rows of other tables before it filters those out, and a failed CAST would end
    # the query: whatever does not look like a number is NULL.
    return DialectSQL(
        "CAST({0} AS REAL)", f"CASE WHEN {{0}} ~ '{NUMBER_PATTERN}' THEN CAST({{0}} AS NUMERIC) END", operand
    )


def _decimal_rest(operand: Any) -> Any:
    """Return the part of a decimal that floating point cannot hold; in PostgreSQL the exact number again."""
    # Floating point holds 15 digits exactly. For these the constant 'm' saves the call of the Python function.
    rest = "CASE length({0}) > 15 WHEN 1 THEN beyond_real({0}, CAST({0} AS REAL)) WHEN 0 THEN 'm' END"
    return DialectSQL(rest, _number(operand).spelling["postgresql"], operand)


def _without_trailing_zeros(operand: Any) -> Any:
    """Return a decimal without trailing zeros, so that equal numbers have equal texts."""
    trimmed = "rtrim(rtrim({0}, '0'), '.')"
    sql = f"CASE WHEN {{0}} LIKE '%.%' THEN {trimmed} ELSE {{0}} END"
    return DialectSQL(sql, sql, operand)


def _truth(operand: Any) -> Any:
    """Return 1 for true, 0 for false and NULL for anything else."""
    sql = "CASE {0} WHEN 'true' THEN 1 WHEN '1' THEN 1 WHEN 'false' THEN 0 WHEN '0' THEN 0 END"
    return DialectSQL(sql, sql, operand)


def _timestamp(operand: Any) -> Any:
    """Return a timestamp without its Z."""
    # "Z" sorts after ".", so 10:00:00Z would come after 10:00:00.5Z.
    return binary_collated(DialectSQL("rtrim({0}, 'Z')", "rtrim({0}, 'Z')", operand))


def sort_keys(type: ColumnType, operand: Any) -> tuple[Any, ...]:
    """Return the expressions to sort a cell by; later ones break the ties of earlier ones."""
    if type in DECIMAL_TYPES:
        return _number(operand), _decimal_rest(operand)
    if type is ColumnType.INTEGER:
        return (_number(operand),)
    if type is ColumnType.BOOLEAN:
        return (_truth(operand),)
    if type is ColumnType.DATETIME:
        return (_timestamp(operand),)
    return (binary_collated(operand),) if type is ColumnType.DATE else (case_folded(operand), binary_collated(operand))


def comparison_key(type: ColumnType, operand: Any) -> Any:
    """Return the operand of <, <=, > and >= for a type; texts are compared without case."""
    ordered = sort_keys(type, operand)
    return tuple_(*ordered) if type in DECIMAL_TYPES else ordered[0]


def index_kind(type: ColumnType) -> str:
    """Return the name of the sort order of a type, which is part of the names of its indexes.

    Types of the same kind share their index. Raises ValueError for MULTI_SELECT, which has no order.
    """
    if type is ColumnType.MULTI_SELECT:
        raise ValueError("a MULTI_SELECT column cannot be indexed: lists have no order")
    if type in DECIMAL_TYPES:
        return "decimal"
    return {
        ColumnType.INTEGER: "number",
        ColumnType.BOOLEAN: "truth",
        ColumnType.DATE: "day",
        ColumnType.DATETIME: "moment",
    }.get(type, "text")


def index_keys(type: ColumnType, operand: Any) -> tuple[Any, ...]:
    """Return the expressions that an index of a column stores: its sort keys, of texts only the beginning.

    Texts are truncated to INDEXED_LENGTH characters, since an index entry of PostgreSQL holds at most 2,700 bytes.
    """
    ordered = sort_keys(type, operand)
    if type not in TEXT_TYPES:
        return ordered
    sql = f"substr({{0}}, 1, {INDEXED_LENGTH})"
    return tuple(DialectSQL(sql, f'{sql} COLLATE "C"', each) for each in ordered)


def fits_index(value: Value) -> bool:
    """Return True if an index stores the whole value; a longer text is truncated in it."""
    # Lower case can be longer: "İ" becomes two characters.
    return not isinstance(value, str) or max(len(value), len(value.lower())) < INDEXED_LENGTH


def index_predicate(table_id: UUID, key: str) -> Any:
    """Return the condition of the partial index of a column: true for the rows of the table.

    A query that contains it is served by this index, and a query without it by none. The key in it makes the
    condition unique to the column: otherwise both databases pick an index of any column of the table, also for
    queries that are slower with it.
    """
    _key_literal(key)
    return DialectSQL(
        f"('{key} ' || {{0}} = '{key} {table_id.hex}')",
        # The planner of PostgreSQL estimates that `= constant` holds for 1 row in 200, which is too few here,
        # and that IS NOT NULL holds for nearly all rows.
        f"(NULLIF('{key} ' || CAST({{0}} AS TEXT) = '{key} {table_id}', FALSE) IS NOT NULL)",
        Row.table_id,
    )


def without_index(operand: Any) -> Any:
    """Return the integer as an expression, so that no index on it is scanned for its order."""
    return DialectSQL("+{0}", "({0} + 0)", operand)


def equality_key(type: ColumnType, operand: Any) -> Any:
    """Return an expression that is equal for equal values only, also when they are written differently (1.0, 1.00)."""
    if type in DECIMAL_TYPES:
        return _without_trailing_zeros(operand)
    return _truth(operand) if type is ColumnType.BOOLEAN else binary_collated(operand)


def contains(whole: Any, part: Any) -> ColumnElement[bool]:
    """Return the test for a part of a text; unlike LIKE it has no wildcards."""
    return DialectSQL("(instr({0}, {1}) > 0)", "(strpos({0}, {1}) > 0)", whole, part)


def starts_with(whole: Any, part: Any) -> ColumnElement[bool]:
    """Return the test for the beginning of a text; unlike LIKE it has no wildcards."""
    sql = "(substr({0}, 1, length({1})) = {1})"
    return DialectSQL(sql, sql, whole, part)


def delimited(operand: Any) -> Any:
    """Return joined items with a separator before the first and after the last, so that each can be found whole."""
    return DialectSQL("(char(31) || {0} || char(31))", "(chr(31) || {0} || chr(31))", operand)


def number_aggregates(operand: Any) -> Any:
    """Return the exact aggregates [sum, min, max] of numbers as JSON text; nulls if there are no numbers."""
    number = _number(operand).spelling["postgresql"]
    parts = ", ".join(f"CAST({function}({number}) AS TEXT)" for function in ("sum", "min", "max"))
    return DialectSQL("summed({0})", f"CAST(json_build_array({parts}) AS TEXT)", operand)


def min_and_max(type: ColumnType, operand: Any) -> Any:
    """Return the aggregates [null, min, max] in the order of the type as JSON text; timestamps lack their Z."""
    ordered = sort_keys(type, operand)
    if len(ordered) == 1:
        sql = "(null, min({0}), max({0}))"
        return DialectSQL(f"json_array{sql}", f"CAST(json_build_array{sql} AS TEXT)", *ordered)
    min_max = ", ".join(
        f"(array_agg({{0}} ORDER BY {{1}} {direction}, {{2}} {direction}) FILTER (WHERE {{0}} IS NOT NULL))[1]"
        for direction in ("ASC", "DESC")
    )
    return DialectSQL("ends({0})", f"CAST(json_build_array(null, {min_max}) AS TEXT)", operand, *ordered)
