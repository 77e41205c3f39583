"""Templates of exports and the mutations that change them."""

import strawberry

from db import models
from db.core.base import Visibility
from resolvers.exports import export_templates
from resolvers.organizations import organizations
from schema.base import Audited, Node, Shows, TypeOf, field, list_of, optional, output_type, required
from schema.connections import Edge, edge, page
from schema.operations import mutation


@output_type
class TemplateColumn(Shows[export_templates.DisplayedColumn]):
    """A column of an export template."""

    column: strawberry.ID = field("Key of the column; for a template of an organization, its name.")
    header: str = field("Text above the column: as it was set, or else the name of the column.")
    format: str | None = field("Number format in workbooks and spreadsheets; null: that of the column's type.")
    width: int | None = field("Width in workbooks and spreadsheets, in characters; null: that of the texts.")
    is_missing: bool = field("True when the table has no such column any more; exports by the template are refused.")


@output_type
class ExportTemplate(Node, Audited, Shows[models.export_templates.ExportTemplate]):
    """Columns and appearance for exports of a table, or of all tables of an organization."""

    name: str = field("Name of the template.")
    destination: models.exports.ExportDestination = field("Destination that it is made for; others may be exported to.")
    table = optional(
        TypeOf[models.tables.Table], export_templates.table_of, "Table it is for; null: all tables of the organization."
    )
    organization = required(
        TypeOf[models.organizations.Organization], organizations.organization_of, "Organization that owns it."
    )
    visibility: Visibility = field("Users who can see the template besides its owner.")
    sheet_name: str | None = field("Name of the sheet; null: the name of the table.")
    columns = list_of(TemplateColumn, export_templates.list_columns, "Columns in their order; empty: all of the table.")
    key_columns = list_of(strawberry.ID, export_templates.list_key_columns, "Columns that identify a row, for UPSERT.")
    include_header: bool = field("True when a header stands above the rows.")
    freeze_header: bool = field("True when the header stays in view on a sheet.")


@output_type
class CreateExportTemplatePayload(Shows[export_templates.ExportTemplateResult]):
    """Result of `createExportTemplate`."""

    export_template: ExportTemplate = field("The new template.")
    export_template_edge: Edge[ExportTemplate] = edge(ExportTemplate, "export_template", "Edge for lists.")


@output_type
class UpdateExportTemplatePayload(Shows[export_templates.ExportTemplateResult]):
    """Result of `updateExportTemplate`."""

    export_template: ExportTemplate = field("The template after the change.")


@output_type
class DeleteExportTemplatePayload(Shows[export_templates.DeleteExportTemplateResult]):
    """Result of `deleteExportTemplate`."""

    deleted_id: strawberry.ID = field("Id of the deleted template, for `restore`.")


@strawberry.type
class Query:
    export_template = optional(
        ExportTemplate, export_templates.export_template, "An export template by id; null when you may not see it."
    )
    export_templates = page(
        ExportTemplate, export_templates.list_templates, "Export templates that you may see, newest first."
    )


@strawberry.type
class Mutation:
    create_export_template = mutation(
        CreateExportTemplatePayload,
        export_templates.create_export_template,
        "Store columns and appearance for exports. Pass the template to `startExport` as `templateId`.",
    )
    update_export_template = mutation(
        UpdateExportTemplatePayload,
        export_templates.update_export_template,
        "Change an export template. Fields that are not sent keep their values.",
    )
    delete_export_template = mutation(
        DeleteExportTemplatePayload,
        export_templates.delete_export_template,
        "Delete an export template; exports made by it stay.",
    )
