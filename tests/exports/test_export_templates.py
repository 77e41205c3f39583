"""Templates of exports: what they lay out, for which tables, and what is said of columns that are gone."""

import csv
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from db.models.tables import Table
from resolvers.core.ids import global_id
from tests.support.app import App
from tests.support.client import Client, Refused
from tests.support.in_process_product import InProcessProduct
from tests.support.tables.exported_files import exported, finished
from tests.support.world import World

COLUMNS = [
    {"name": "Item", "type": "TEXT"},
    {"name": "Price", "type": "CURRENCY", "format": "EUR"},
    {"name": "Day", "type": "DATE"},
]
ROWS = [{"Item": "Tea", "Price": "3.20", "Day": "2026-01-31"}, {"Item": "=1+1"}]
TEMPLATE = """{ exportTemplate { id name sheetName keyColumns includeHeader freezeHeader visibility table { id }
  organization { isPersonal } columns { column header format width isMissing } } }"""
LIST = """query L($tableId: ID) { exportTemplates(tableId: $tableId) { nodes { name table { name } organization { name }
  columns { header } createdBy { email } } totalCount } }"""


async def table(client: Client, name: str = "Costs", **options: Any) -> str:
    created = await client.mutate("createTable", "{ table { id } }", name=name, columns=COLUMNS, **options)
    await client.mutate("addRows", "{ rows { id } }", tableId=created["table"]["id"], rows=ROWS)
    return str(created["table"]["id"])


async def template(client: Client, **arguments: Any) -> Any:
    fields = {"name": "Monthly", "destination": "XLSX", **arguments}
    return (await client.mutate("createExportTemplate", TEMPLATE, **fields))["exportTemplate"]


def reads(app: App) -> list[str]:
    """Return the SQL of the request's reads, without those of the worker."""
    return [sql for sql in app.reads if "FROM jobs" not in sql]


async def test_a_template_chooses_columns_order_headers_formats_widths_and_sheet(app: App) -> None:
    ann = await app.person()
    costs = await table(ann)
    columns = [
        {"column": "Day", "header": "When", "format": "dd.mm.yy", "width": 40},
        {"column": "c2", "format": "0.000"},
    ]
    created = await template(
        ann, tableId=costs, sheetName="May", keyColumns=["Item"], freezeHeader=False, columns=columns
    )
    assert created["columns"] == [
        {"column": "c3", "header": "When", "format": "dd.mm.yy", "width": 40, "isMissing": False},
        {"column": "c2", "header": "Price", "format": "0.000", "width": None, "isMissing": False},
    ]
    assert (created["keyColumns"], created["sheetName"], created["visibility"]) == (["c1"], "May", "PRIVATE")
    content = await exported(ann, costs, destination="XLSX", templateId=created["id"])
    sheet = openpyxl.load_workbook(io.BytesIO(content))["May"]
    assert [[cell.value for cell in row] for row in sheet.iter_rows(max_row=1)] == [["When", "Price"]]
    assert (str(sheet["A2"].value), sheet["A2"].number_format) == ("2026-01-31 00:00:00", "dd.mm.yy")
    assert (sheet["B2"].value, sheet["B2"].number_format, sheet.freeze_panes) == (3.2, "0.000", None)
    assert round(sheet.column_dimensions["A"].width) == 41
    await ann.mutate(
        "updateExportTemplate", TEMPLATE, id=created["id"], includeHeader=False, columns=[{"column": "Item"}]
    )
    text = (await exported(ann, costs, destination="CSV", templateId=created["id"])).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["Tea"], ["'=1+1"]]
    await ann.mutate("updateExportTemplate", TEMPLATE, id=created["id"], columns=[], includeHeader=True)
    text = (await exported(ann, costs, destination="CSV", templateId=created["id"])).decode("utf-8-sig")
    assert text.splitlines()[0] == "Item,Price,Day"


async def test_the_template_used_last_is_remembered_for_each_table_and_person(app: App) -> None:
    ann = await app.person()
    tables = [await table(ann, name) for name in ("Costs", "Sales", "Tools")]
    first, second = await template(ann, name="First"), await template(ann, name="Second")
    for id_, each in ((tables[0], second), (tables[0], first), (tables[1], second), (tables[1], None)):
        await finished(ann, id_, destination="CSV", **({"templateId": each["id"]} if each else {}))
    document = "{ tables { nodes { name lastExportTemplate { name } exports { nodes { template { name } } } } } }"
    displayed = (await ann.run(document))["tables"]["nodes"]
    assert {each["name"]: each["lastExportTemplate"] for each in displayed} == {
        "Costs": {"name": "First"},
        "Sales": {"name": "Second"},
        "Tools": None,
    }
    assert [each["template"] for each in displayed[1]["exports"]["nodes"]] == [None, {"name": "Second"}]
    app.reads.clear()
    await ann.run("{ tables { nodes { lastExportTemplate { name } } } }")
    assert len(reads(app)) == 4  # the session, the tables, the templates used, the templates


async def test_a_column_that_is_gone_is_named_and_nothing_is_begun(app: App) -> None:
    ann = await app.person()
    costs = await table(ann)
    created = await template(ann, tableId=costs, columns=[{"column": "Price", "header": "Net"}, {"column": "Item"}])
    await ann.mutate("deleteColumn", "{ table { id } }", tableId=costs, key="c2")
    displayed = await ann.run(
        "query ($id: ID!) { exportTemplate(id: $id) { columns { header isMissing } } }", id=created["id"]
    )
    assert displayed["exportTemplate"]["columns"] == [
        {"header": "Net", "isMissing": True},
        {"header": "Item", "isMissing": False},
    ]
    with pytest.raises(Refused, match="has a column that the table has not: 'Price'") as refused:
        await finished(ann, costs, destination="CSV", templateId=created["id"])
    assert refused.value.codes == ["BAD_USER_INPUT"]
    assert refused.value.errors[0]["extensions"]["fieldErrors"][0]["field"] == "templateId"
    assert (await ann.run("{ exports { totalCount } }"))["exports"]["totalCount"] == 0
    await ann.mutate("deleteExportTemplate", "{ deletedId }", id=created["id"])
    with pytest.raises(Refused) as refused:
        await finished(ann, costs, destination="CSV", templateId=created["id"])
    assert refused.value.codes == ["NOT_FOUND"]
    restored = await ann.mutate("restore", "{ node { id } }", id=created["id"])
    assert restored["node"]["id"] == created["id"]


async def test_a_template_of_an_organization_fits_each_of_its_tables_by_name(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    works = await app.organization(ann, bob)
    shared = await template(
        ann, organizationId=works, visibility="ORGANIZATION", columns=[{"column": " price ", "header": "Net"}]
    )
    costs = await table(bob, "Costs", organizationId=works)
    text = (await exported(bob, costs, destination="MARKDOWN", templateId=shared["id"])).decode()
    assert text.splitlines()[:3] == ["| Net |", "| ---: |", "| 3.20 EUR |"]
    private = await table(bob, "Mine")
    for id_, arguments, message in (
        (private, shared, "is for tables of another organization"),
        (private, await template(bob, tableId=costs), "is for another table"),
    ):
        with pytest.raises(Refused, match=message):
            await finished(bob, id_, destination="CSV", templateId=arguments["id"])
    with pytest.raises(Refused, match="The table belongs to another organization"):
        await template(bob, tableId=private, organizationId=works)
    listed = await bob.run(LIST, tableId=costs)
    assert [node["table"] for node in listed["exportTemplates"]["nodes"]] == [{"name": "Costs"}, None]
    assert (await bob.run(LIST, tableId=private))["exportTemplates"]["totalCount"] == 0


async def test_every_mistake_in_a_template_is_named_at_once_and_nothing_is_stored(app: App) -> None:
    ann = await app.person()
    costs = await table(ann)
    columns = [
        {"column": "Gone"},
        {"column": "Item", "header": "x" * 201, "format": '"open', "width": 256},
        {"column": "Price", "width": 0},
    ]
    with pytest.raises(Refused) as refused:
        await template(ann, name=" ", tableId=costs, sheetName="x" * 101, columns=columns, keyColumns=["c9"])
    assert [each["field"] for each in refused.value.errors[0]["extensions"]["fieldErrors"]] == [
        "name", "sheetName", "columns.0.column", "columns.1.header", "columns.1.format", "columns.1.width",
        "columns.2.width", "keyColumns.0",
    ]  # fmt: skip
    for arguments, message in (
        ({"columns": [{"column": "Item"}, {"column": "c1"}]}, "The column 'Item' is there twice"),
        ({"columns": [{"column": "Item"}] * 201}, "A template has at most 200 columns"),
    ):
        with pytest.raises(Refused, match=message):
            await template(ann, tableId=costs, **arguments)
    assert (await ann.run(LIST))["exportTemplates"]["totalCount"] == 0


async def test_a_list_of_templates_costs_the_same_queries_whatever_its_length(app: App) -> None:
    ann = await app.person()
    counts = []
    for _ in range(2):
        for _ in range(3):
            await template(ann, tableId=await table(ann), columns=[{"column": "Item"}], idempotencyKey=None)
        app.reads.clear()
        nodes = (await ann.run(LIST))["exportTemplates"]["nodes"]
        counts.append((len(nodes), len(reads(app))))
    assert counts[0][1] == counts[1][1]
    assert [count for count, _ in counts] == [3, 6]


async def test_a_column_deleted_after_the_start_fails_the_export_by_name(world: World, tmp_path: Path) -> None:
    product, ann = InProcessProduct(world, tmp_path), await world.person("ann")
    costs = await product.table(ann)
    fields = {
        "name": "Monthly",
        "destination": "CSV",
        "tableId": global_id(Table, costs),
        "columns": [{"column": "c2"}],
    }
    create = "mutation C($input: CreateExportTemplateInput!) { createExportTemplate(input: $input) "
    created = (await product.get(ann, create + "{ exportTemplate { id } } }", input=fields))["exportTemplate"]["id"]
    started = await product.start(ann, costs, templateId=created)
    delete = "mutation D($input: DeleteColumnInput!) { deleteColumn(input: $input) { table { id } } }"
    await product.get(ann, delete, input={"tableId": global_id(Table, costs), "key": "c2"})
    async with product.working():
        done = await product.over(ann, started["id"])
    assert (done["status"], done["error"]["code"]) == ("FAILED", "BAD_USER_INPUT")
    assert "has a column that the table has not: 'Number'" in done["error"]["message"]
    assert product.kept == []
