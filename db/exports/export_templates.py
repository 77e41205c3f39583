"""Templates of exports: the columns, headers and formats of later exports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import aliased

from db.core.base import Visibility, now
from db.core.dialect_sql import OneOf
from db.core.idempotency import idempotent
from db.core.pagination import Listing
from db.core.policy_scopes import VIEWER
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.core.validation import checked_line
from db.models.export_templates import ExportTemplate
from db.models.exports import Export, ExportDestination
from db.models.organizations import Organization
from db.models.tables import Table, TableColumn
from db.tables.column_finder import ColumnFinder
from db.tables.tables import MAX_COLUMNS, column_of
from errors import BadUserInput, Mistakes
from tables.types.columns import Column
from tables.writers.number_formats import is_number_format
from tables.writers.xlsx import SheetStyle

MAX_NAME, MAX_SHEET_NAME, MAX_HEADER, MAX_WIDTH = 100, 100, 200, 255

_table_organization = select(Table.organization_id).where(Table.id == bind("table_id", Table.id)).scalar_subquery()

all_templates = Listing(
    ExportTemplate,
    # Templates of deleted tables are not listed.
    or_(ExportTemplate.table_id.is_(None), exists(select(Table.id).where(Table.id == ExportTemplate.table_id))),
    newest_first=True,
    optional={
        "table_id": or_(
            ExportTemplate.table_id == bind("table_id", ExportTemplate.table_id),
            and_(ExportTemplate.table_id.is_(None), ExportTemplate.organization_id == _table_organization),
        )
    },
)

_newest = aliased(Export)

# The template of the viewer's newest export of each table that used one.
last_used: Prepared[Any] = Prepared(
    select(
        Table.id,
        select(_newest.template_id)
        .where(_newest.table_id == Table.id, _newest.template_id.is_not(None), _newest.owner_id == VIEWER)
        .order_by(_newest.id.desc())
        .limit(1)
        .scalar_subquery()
        .label("template_id"),
    ).where(OneOf(Table.id))
)


@dataclass(frozen=True)
class TemplateColumn:
    """Requested column of a template; `header` None stands for the name of the column."""

    column: str
    header: str | None = None
    format: str | None = None
    width: int | None = None


@dataclass(frozen=True)
class TemplateFields:
    """Fields of a template to create."""

    name: str
    destination: ExportDestination
    table_id: UUID | None = None
    organization_id: UUID | None = None
    sheet_name: str | None = None
    columns: Sequence[TemplateColumn] = ()
    key_columns: Sequence[str] = ()
    include_header: bool = True
    freeze_header: bool = True
    visibility: Visibility = Visibility.PRIVATE


@dataclass(frozen=True)
class AppliedTemplate:
    """Columns of an export in their order, named by their headers, and the appearance of a sheet."""

    columns: Sequence[Column]
    style: SheetStyle


def create(session: Session, fields: TemplateFields, idempotency_key: str | None = None) -> ExportTemplate:
    """Create a template of the viewer. Raises BadUserInput for invalid fields, NotFound for an invisible table."""
    return idempotent(
        session,
        "createExportTemplate",
        idempotency_key,
        create=lambda: _create(session, fields),
        result_ids=lambda template: [template.id],
        load=lambda ids: session.get(ExportTemplate, ids[0]),
    )


def _create(session: Session, fields: TemplateFields) -> ExportTemplate:
    table = None if fields.table_id is None else session.get(Table, fields.table_id)
    template = ExportTemplate(
        table_id=fields.table_id,
        organization_id=_organization(session, table, fields.organization_id),
        owner_id=session.user_id,
        destination=fields.destination,
        include_header=fields.include_header,
        freeze_header=fields.freeze_header,
        visibility=fields.visibility,
    )
    values = {"name": fields.name, "sheet_name": fields.sheet_name}
    _set_checked(session, template, values | {"columns": fields.columns, "key_columns": fields.key_columns})
    session.add(template)
    session.flush()
    return template


def _organization(session: Session, table: Table | None, requested: UUID | None) -> UUID:
    organization_id = None if requested is None else session.get(Organization, requested).id
    if table is None:
        return organization_id or session.personal_organization_id
    if organization_id not in {None, table.organization_id}:
        raise BadUserInput.of(
            "organizationId", "The table belongs to another organization: leave `tableId` or `organizationId` out."
        )
    return table.organization_id


def update(session: Session, id_: UUID, changes: Mapping[str, Any]) -> ExportTemplate:
    """Set the given fields; the others keep their values. Raises BadUserInput for invalid ones."""
    template = session.get_for_update(ExportTemplate, id_)
    _set_checked(session, template, changes)
    for name in ("destination", "include_header", "freeze_header", "visibility"):
        if changes.get(name) is not None:
            setattr(template, name, changes[name])
    return template


def delete(session: Session, id_: UUID) -> UUID:
    """Soft-delete a template; exports that used it keep their files."""
    session.get_for_update(ExportTemplate, id_).deleted_at = now()
    return id_


def _set_checked(session: Session, template: ExportTemplate, changes: Mapping[str, Any]) -> None:
    """Set those fields among the changes that need a check, and report the mistakes of all of them together."""
    finder = None if template.table_id is None else ColumnFinder(columns_by_key(session, template.table_id))
    with Mistakes() as check:
        if changes.get("name") is not None:
            template.name = check(checked_line, changes["name"], "name", MAX_NAME)
        if "sheet_name" in changes:
            sheet_name = changes["sheet_name"]
            template.sheet_name = check(checked_line, sheet_name, "sheetName", MAX_SHEET_NAME) if sheet_name else None
        if changes.get("columns") is not None:
            template.columns = check(_checked_columns, finder, changes["columns"])
        if changes.get("key_columns") is not None:
            keys = changes["key_columns"]
            template.key_columns = [
                check(_stored_name, finder, key, f"keyColumns.{index}") for index, key in enumerate(keys[:MAX_COLUMNS])
            ]


def _checked_columns(finder: ColumnFinder | None, columns: Sequence[TemplateColumn]) -> list[dict[str, Any]]:
    if len(columns) > MAX_COLUMNS:
        raise BadUserInput.of("columns", f"A template has at most {MAX_COLUMNS} columns, not {len(columns):,}.")
    with Mistakes() as check:
        stored = [check(_checked_column, finder, column, f"columns.{n}") for n, column in enumerate(columns)]
    for index, each in enumerate(stored):
        if each["column"] in {earlier["column"] for earlier in stored[:index]}:
            message = f"The column {each['name']!r} is there twice: leave one of them out."
            raise BadUserInput.of(f"columns.{index}.column", message)
    return stored


def _checked_column(finder: ColumnFinder | None, column: TemplateColumn, field: str) -> dict[str, Any]:
    with Mistakes() as check:
        key = check(_stored_name, finder, column.column, f"{field}.column")
        header = column.header and check(checked_line, column.header, f"{field}.header", MAX_HEADER)
        if column.format and not is_number_format(column.format):
            message = (
                f"{column.format[:40]!r} is not a number format. Write one as spreadsheets do, such as `#,##0.00`, "
                "`0.0%`, `dd.mm.yyyy` or `#,##0 [$EUR]`."
            )
            check.add(f"{field}.format", message)
        if column.width is not None and not 1 <= column.width <= MAX_WIDTH:
            message = f"{column.width} is not a width: choose 1 to {MAX_WIDTH} characters."
            check.add(f"{field}.width", message)
    table_column = finder and finder.find(key)
    name = table_column.name if table_column else key
    return {"column": key, "name": name, "header": header, "format": column.format or None, "width": column.width}


def _stored_name(finder: ColumnFinder | None, column: str, field: str) -> str:
    """Return the key of a table's column, or the name under which tables of an organization have theirs."""
    return checked_line(column, field, MAX_NAME) if finder is None else finder.get(column, field).key


def columns_by_key(session: Session, table_id: UUID) -> dict[str, Column]:
    """Return the columns of a table by key, in their order."""
    query = select(TableColumn).where(TableColumn.table_id == table_id).order_by(TableColumn.position, TableColumn.key)
    return {row.key: column_of(row) for row in session.scalars(query)}


def get_for_table(session: Session, id_: UUID, table: Table) -> ExportTemplate:
    """Return a template for an export of a table. Raises BadUserInput if it is for others, or names missing columns."""
    template = session.get(ExportTemplate, id_)
    if template.table_id not in {None, table.id}:
        message = f"The template {template.name!r} is for another table. Choose one of this table or its organization."
        raise BadUserInput.of("templateId", message)
    if template.organization_id != table.organization_id:
        message = f"The template {template.name!r} is for tables of another organization. Choose one of this table's."
        raise BadUserInput.of("templateId", message)
    apply(template, list(columns_by_key(session, table.id).values()))
    return template


def apply(template: ExportTemplate, columns: Sequence[Column]) -> AppliedTemplate:
    """Return the columns that an export has by a template. Raises BadUserInput that names each missing column."""
    finder = ColumnFinder({column.key: column for column in columns})
    if missing := missing_columns(template, finder):
        raise BadUserInput.of("templateId", _missing(template, missing))
    parts = [(finder.get(part["column"], "templateId"), part) for part in template.columns]
    return AppliedTemplate(
        [replace(column, name=part["header"] or column.name) for column, part in parts] or columns,
        SheetStyle(
            include_header=template.include_header,
            freeze_header=template.freeze_header,
            formats={column.key: part["format"] for column, part in parts if part["format"]},
            widths={column.key: part["width"] for column, part in parts if part["width"]},
        ),
    )


def key_columns(template: ExportTemplate, columns: Sequence[Column]) -> list[str]:
    """Return the keys of the template's key columns among the columns of a table, without missing ones."""
    finder = ColumnFinder({column.key: column for column in columns})
    return [column.key for name in template.key_columns if (column := finder.find(name))]


def missing_columns(template: ExportTemplate, finder: ColumnFinder) -> list[str]:
    """Return the names of the columns that a template has and a table has not."""
    names = {part["column"]: part["name"] for part in template.columns}
    requested = [*names, *(key for key in template.key_columns if key not in names)]
    return [names.get(key, key) for key in requested if finder.find(key) is None]


def _missing(template: ExportTemplate, names: Sequence[str]) -> str:
    listed = ", ".join(repr(name) for name in names[:10]) + (", …" if len(names) > 10 else "")
    plural = "a column" if len(names) == 1 else f"{len(names)} columns"
    return f"The template {template.name!r} has {plural} that the table has not: {listed}. Update the template."
