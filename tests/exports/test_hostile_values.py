"""Hostile values through the API into files, read back by the readers of other projects."""

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.escape import unescape
from pyarrow import parquet

from tables.writers import parquet as parquet_writer
from tests.support.app import App
from tests.support.client import Client, Refused
from tests.support.tables.exported_files import exported, finished
from tests.support.tables.hostile_values import TEXTS, TYPES, columns, rows

WIDTH = 14
FIRST_DATE = "1900-03-01"


async def hostile_table(client: Client) -> tuple[str, list[dict[str, Any]]]:
    """Create the table and return its id and its rows."""
    created = await client.mutate("createTable", "{ table { id } }", name="Hostile", columns=columns(WIDTH))
    values = rows(WIDTH)
    await client.mutate("addRows", "{ rows { id } }", tableId=created["table"]["id"], rows=values)
    return created["table"]["id"], values


async def test_openpyxl_reads_every_value(app: App) -> None:
    ann = await app.person()
    table, values = await hostile_table(ann)
    sheet = openpyxl.load_workbook(io.BytesIO(await exported(ann, table, destination="XLSX"))).worksheets[0]
    assert sheet.max_row == len(TEXTS) + 1
    for row, cells in zip(values, sheet.iter_rows(min_row=2), strict=True):
        texts = [cells[0], cells[-1]]
        assert [unescape(str(cell.value)) for cell in texts] == [row["c1"]] * 2
        assert {cell.data_type for cell in texts} <= {"s", "inlineStr"}
        for index, type in enumerate(TYPES[1:], 1):
            assert as_read(type, cells[index].value) == as_stored(type, row.get(f"c{index + 1}")), type


def as_read(type: str, value: Any) -> Any:
    """Return a cell's value in one spelling: what a sheet cannot hold exactly, it has as text."""
    if isinstance(value, datetime):
        # A sheet stores moments as days with 15 digits, which resolves milliseconds.
        return value.isoformat(timespec="milliseconds" if type == "DATETIME" else "hours")
    if isinstance(value, bool) or value is None or type in {"SELECT", "MULTI_SELECT", "EMAIL", "URL"}:
        return value
    if type in {"DATE", "DATETIME"}:
        return value
    number = str(value).removesuffix(" EUR").removesuffix("%").replace(",", ".")
    # A percent that is a number is a fraction; a text keeps its sign.
    is_fraction = type == "PERCENT" and not isinstance(value, str)
    return Decimal(number).scaleb(2) if is_fraction else Decimal(number)


def as_stored(type: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if type == "MULTI_SELECT":
        return ", ".join(
            f'"{item.replace(chr(34), chr(34) * 2)}"' if {",", '"'} & set(item) else item for item in value
        )
    if type == "DATE":
        return f"{value}T00" if value >= FIRST_DATE else value
    if type == "DATETIME":
        moment = datetime.fromisoformat(value).replace(tzinfo=None)
        is_exact = value >= FIRST_DATE and moment.microsecond % 1_000 == 0
        return moment.isoformat(timespec="milliseconds") if is_exact else value
    return value if type in {"SELECT", "EMAIL", "URL"} else Decimal(value)


async def test_pyarrow_reads_every_value_with_its_type(app: App) -> None:
    ann = await app.person()
    table, values = await hostile_table(ann)
    read = parquet.read_table(io.BytesIO(await exported(ann, table, destination="PARQUET")))
    assert {str(field.type).partition("[")[0] for field in read.schema} == {
        "string", "int64", "decimal256(76, 20)", "decimal128(38, 3)", "decimal128(38, 16)", "bool", "date32",
        "timestamp", "list<element: string>",
    }  # fmt: skip
    exact: dict[str, Any] = {"DATE": date.fromisoformat, "DATETIME": datetime.fromisoformat}
    exact |= dict.fromkeys(("DECIMAL", "CURRENCY", "PERCENT"), Decimal)
    for row, result in zip(values, read.to_pylist(), strict=True):
        cells = list(result.values())
        assert (cells[0], cells[-1]) == (row["c1"], row["c1"])
        for index, type in enumerate(TYPES[1:], 1):
            value = row.get(f"c{index + 1}")
            assert cells[index] == (value if value is None else exact.get(type, lambda same: same)(value)), type
    assert read.column(7)[0].as_py() == datetime(2026, 1, 31, 10, 20, 30, tzinfo=UTC)


async def test_json_has_one_object_a_line_or_one_array(app: App) -> None:
    ann = await app.person()
    table, values = await hostile_table(ann)
    lines = (await exported(ann, table, destination="JSON", jsonLayout="LINES")).decode().split("\n")
    array = json.loads(await exported(ann, table, destination="JSON"))
    assert (lines.pop(), len(lines)) == ("", len(values))
    assert [json.loads(line) for line in lines] == array
    assert [(row["TEXT *1*"], row["id"], row["DECIMAL *1*"]) for row in array] == [
        (row["c1"], row["c1"], row.get("c3")) for row in values
    ]
    with pytest.raises(Refused, match="LINES is a layout of JSON files"):
        await ann.mutate("startExport", "{ export { id } }", tableId=table, destination="CSV", jsonLayout="LINES")


async def test_without_pyarrow_no_parquet_export_is_begun(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = await app.person()
    created = await ann.mutate("createTable", "{ table { id } }", name="Costs", columns=columns(WIDTH))
    id_ = created["table"]["id"]
    monkeypatch.setattr(parquet_writer, "is_installed", lambda: False)
    with pytest.raises(
        Refused, match="This server cannot write Parquet: its operator has to install pyarrow"
    ) as refused:
        await ann.mutate("startExport", "{ export { id } }", tableId=id_, destination="PARQUET")
    assert refused.value.codes == ["NOT_CONFIGURED"]
    assert (await ann.run("{ exports { totalCount } }"))["exports"]["totalCount"] == 0
    monkeypatch.undo()
    assert (await finished(ann, id_, destination="PARQUET"))["status"] == "COMPLETED"
