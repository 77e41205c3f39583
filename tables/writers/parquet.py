"""Writer of tables as Parquet: typed columns with exact decimals, in row groups of bounded size."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

from tables.types.columns import DECIMAL_TYPES, Column, ColumnType, Value, currency_code
from tables.writers.text import unique_names

if TYPE_CHECKING:
    import pyarrow as pa

Rows: TypeAlias = Iterable[Mapping[str, Value]]

MAX_ROW_GROUP_ROWS, MAX_ROW_GROUP_BYTES = 50_000, 16_000_000
_BATCH = 500  # rows that become arrays at once
_PRECISION, _MAX_PRECISION = 38, 76  # digits of 128-bit decimals, which every reader knows, and of 256-bit ones


def is_installed() -> bool:
    """Return True if pyarrow, which the writer needs, is installed; it is not imported."""
    return find_spec("pyarrow") is not None


def write_parquet(target: BinaryIO, columns: Sequence[Column], rows: Rows, *, measured: Rows) -> int:
    """Write the rows to a binary file and return their number.

    Texts are strings, whole numbers int64, decimals exact decimals with as many places as the column needs, dates
    date32, moments timestamps in UTC, several options lists of strings. Percents are the numbers before the sign.
    Empty cells are null. The names are those of `unique_names`; the type of the column and its currency are metadata
    of the field. `measured` are the same rows once more, read first: the type of a column, and so the places of its
    decimals, must be known before the first row group is written.
    """
    from pyarrow import RecordBatch, parquet, schema

    places = _decimal_places(columns, measured)
    names = unique_names(columns)
    fields = schema([_field(column, name, places) for column, name in zip(columns, names, strict=True)])
    count = 0
    with parquet.ParquetWriter(target, fields, compression="zstd") as writer:
        group: list[Any] = []
        remaining = iter(rows)
        while batch := list(islice(remaining, _BATCH)):
            arrays = [_array(column, batch, field.type) for column, field in zip(columns, fields, strict=True)]
            group.append(RecordBatch.from_arrays(arrays, schema=fields))
            count += len(batch)
            if sum(map(len, group)) >= MAX_ROW_GROUP_ROWS or sum(b.nbytes for b in group) >= MAX_ROW_GROUP_BYTES:
                _write_group(writer, group)
        _write_group(writer, group)
    return count


def _write_group(writer: Any, group: list[Any]) -> None:
    from pyarrow import Table

    if group:
        writer.write_table(Table.from_batches(group))
        group.clear()


def _decimal_places(columns: Sequence[Column], rows: Rows) -> dict[str, tuple[int, int]]:
    """Return the most digits before and after the point in each decimal column."""
    keys = [column.key for column in columns if column.type in DECIMAL_TYPES]
    places = dict.fromkeys(keys, (1, 0))
    for row in rows if keys else ():
        for key in keys:
            value = row.get(key)
            if value is not None:
                whole, _, fraction = str(value).lstrip("-").partition(".")
                before, after = places[key]
                if len(whole) > before or len(fraction) > after:
                    places[key] = max(before, len(whole)), max(after, len(fraction))
    return places


def _field(column: Column, name: str, places: Mapping[str, tuple[int, int]]) -> "pa.Field":
    from pyarrow import field

    metadata = {"sheetgpt.type": column.type.value}
    if code := currency_code(column):
        metadata["sheetgpt.currency"] = code
    return field(name, _type(column, places), metadata=metadata)


def _type(column: Column, places: Mapping[str, tuple[int, int]]) -> "pa.DataType":
    import pyarrow as pa

    if column.type in DECIMAL_TYPES:
        before, after = places[column.key]
        if before + after <= _PRECISION:
            return pa.decimal128(_PRECISION, after)
        # More places than any decimal has, such as 1e-100, are exact only as text.
        return pa.decimal256(_MAX_PRECISION, after) if before + after <= _MAX_PRECISION else pa.string()
    types = {
        ColumnType.INTEGER: pa.int64(),
        ColumnType.BOOLEAN: pa.bool_(),
        ColumnType.DATE: pa.date32(),
        ColumnType.DATETIME: pa.timestamp("us", tz="UTC"),
        ColumnType.MULTI_SELECT: pa.list_(pa.string()),
    }
    return types.get(column.type, pa.string())


def _array(column: Column, rows: Sequence[Mapping[str, Value]], type: "pa.DataType") -> "pa.Array":
    from pyarrow import array, string

    values = [row.get(column.key) for row in rows]
    if column.type in DECIMAL_TYPES or column.type in {ColumnType.DATE, ColumnType.DATETIME}:
        return array(values, string()).cast(type)  # canonical texts, which Arrow reads exactly
    return array(values, type)
