"""Templates of exports: list, create, update and delete them; the one that was used last."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import UNSET, argument

from db.core.base import Visibility
from db.exports import export_templates
from db.exports.export_templates import TemplateFields
from db.models.export_templates import ExportTemplate
from db.models.exports import ExportDestination
from db.models.organizations import Organization
from db.models.tables import Table
from db.tables.column_finder import ColumnFinder
from resolvers.core.context import IdempotencyKey, Info
from resolvers.core.ids import decode_id, decode_optional_id, global_id
from resolvers.core.pages import IncludeDeleted, KeysetPage
from resolvers.tables.tables import columns_of

TemplateId = Annotated[strawberry.ID, argument(description="Id of the template.")]


@strawberry.input(description="A column of an export template.")
class TemplateColumnInput:
    column: strawberry.ID = strawberry.field(
        description="Key or name of a column of the table; for a template of an organization, the name."
    )
    header: str | None = strawberry.field(
        default=None, description="Text above the column, 1 to 200 characters; the name of the column when omitted."
    )
    format: str | None = strawberry.field(
        default=None,
        description="Number format of its cells in workbooks and spreadsheets, such as `#,##0.00`, `0.0%` or "
        "`dd.mm.yyyy`; text files and Parquet ignore it. By default it follows from the type of the column.",
    )
    width: int | None = strawberry.field(
        default=None,
        description="Width in workbooks and spreadsheets, in characters: 1 to 255; that of its texts when omitted.",
    )

    def requested(self) -> export_templates.TemplateColumn:
        return export_templates.TemplateColumn(self.column, self.header, self.format, self.width)


@dataclass(frozen=True)
class ExportTemplateResult:
    export_template: ExportTemplate


@dataclass(frozen=True)
class DeleteExportTemplateResult:
    deleted_id: strawberry.ID


@dataclass(frozen=True)
class DisplayedColumn:
    """Column of a template with its present header."""

    column: strawberry.ID
    header: str
    format: str | None
    width: int | None
    is_missing: bool


async def export_template(info: Info, id: TemplateId) -> ExportTemplate | None:
    return await info.context.find(ExportTemplate, id)


def list_templates(
    info: Info,
    table_id: Annotated[
        strawberry.ID | None,
        argument(description="Only those for this table: its own and those of its organization."),
    ] = None,
    include_deleted: IncludeDeleted = False,
) -> KeysetPage[ExportTemplate]:
    listing = export_templates.all_templates.with_deleted if include_deleted else export_templates.all_templates
    return info.context.page(listing, table_id=decode_optional_id(table_id, Table))


async def table_of(root: strawberry.Parent[Any], info: Info) -> Table | None:
    return await info.context.by_id(Table, root.table_id)


async def list_columns(root: strawberry.Parent[Any], info: Info) -> list[DisplayedColumn]:
    finder = None
    if root.table_id is not None:
        finder = ColumnFinder(await columns_of(info.context, root.table_id))
    displayed = []
    for part in root.columns:
        table_column = finder and finder.find(part["column"])
        header = part["header"] or (table_column.name if table_column else part["name"])
        is_missing = finder is not None and table_column is None
        column = strawberry.ID(part["column"])
        displayed.append(DisplayedColumn(column, header, part["format"], part["width"], is_missing))
    return displayed


def list_key_columns(root: strawberry.Parent[Any]) -> list[strawberry.ID]:
    return [strawberry.ID(key) for key in root.key_columns]


async def template_of(root: strawberry.Parent[Any], info: Info) -> ExportTemplate | None:
    return await info.context.by_id(ExportTemplate, root.template_id)


async def last_used(root: strawberry.Parent[Any], info: Info) -> ExportTemplate | None:
    """Return the template of the viewer's newest export of a table with one, read in one batch for all tables."""

    async def load(ids: list[UUID]) -> list[UUID | None]:
        used = {row.id: row.template_id for row in await info.context.read(export_templates.last_used, ids=ids)}
        return [used.get(id_) for id_ in ids]

    return await info.context.by_id(ExportTemplate, await info.context.loader(last_used, load).load(root.id))


async def create_export_template(
    info: Info,
    name: Annotated[str, argument(description="Name: 1 to 100 characters.")],
    destination: Annotated[ExportDestination, argument(description="Destination that the template is made for.")],
    table_id: Annotated[
        strawberry.ID | None,
        argument(description="Id of the table it is for; when omitted, it is for all tables of an organization."),
    ] = None,
    organization_id: Annotated[
        strawberry.ID | None,
        argument(description="Id of the organization whose tables it is for; your personal one when both are omitted."),
    ] = None,
    sheet_name: Annotated[
        str | None, argument(description="Name of the sheet: 1 to 100 characters; that of the table when omitted.")
    ] = None,
    columns: Annotated[
        list[TemplateColumnInput] | None,
        argument(description="Columns in their order, each once: at most 200; all of the table when omitted."),
    ] = None,
    key_columns: Annotated[
        list[strawberry.ID] | None, argument(description="Keys or names of the columns that identify a row (UPSERT).")
    ] = None,
    include_header: Annotated[bool, argument(description="Write a header above the rows.")] = True,
    freeze_header: Annotated[bool, argument(description="Keep the header in view on a sheet.")] = True,
    visibility: Annotated[Visibility, argument(description="Visibility to other users.")] = Visibility.PRIVATE,
    idempotency_key: IdempotencyKey = None,
) -> ExportTemplateResult:
    fields = TemplateFields(
        name=name,
        destination=destination,
        table_id=decode_optional_id(table_id, Table),
        organization_id=decode_optional_id(organization_id, Organization),
        sheet_name=sheet_name,
        columns=[column.requested() for column in columns or ()],
        key_columns=key_columns or (),
        include_header=include_header,
        freeze_header=freeze_header,
        visibility=visibility,
    )
    return ExportTemplateResult(await info.context.write(export_templates.create, fields, idempotency_key))


async def update_export_template(
    info: Info,
    id: TemplateId,
    name: Annotated[str | None, argument(description="New name: 1 to 100 characters.")] = UNSET,
    destination: Annotated[ExportDestination | None, argument(description="New destination.")] = UNSET,
    sheet_name: Annotated[
        str | None, argument(description="New name of the sheet; null for the name of the table.")
    ] = UNSET,
    columns: Annotated[
        list[TemplateColumnInput] | None, argument(description="New columns; an empty list stands for all.")
    ] = UNSET,
    key_columns: Annotated[list[strawberry.ID] | None, argument(description="New key columns.")] = UNSET,
    include_header: Annotated[bool | None, argument(description="Write a header above the rows.")] = UNSET,
    freeze_header: Annotated[bool | None, argument(description="Keep the header in view on a sheet.")] = UNSET,
    visibility: Annotated[Visibility | None, argument(description="Visibility to users other than the owner.")] = UNSET,
) -> ExportTemplateResult:
    arguments: dict[str, Any] = {
        "name": name,
        "destination": destination,
        "sheet_name": sheet_name,
        "columns": [column.requested() for column in columns] if columns else columns,
        "key_columns": key_columns,
        "include_header": include_header,
        "freeze_header": freeze_header,
        "visibility": visibility,
    }
    changes = {key: value for key, value in arguments.items() if value is not UNSET}
    id_ = decode_id(id, ExportTemplate)
    return ExportTemplateResult(await info.context.write(export_templates.update, id_, changes))


async def delete_export_template(info: Info, id: TemplateId) -> DeleteExportTemplateResult:
    id_ = await info.context.write(export_templates.delete, decode_id(id, ExportTemplate))
    return DeleteExportTemplateResult(global_id(ExportTemplate, id_))
