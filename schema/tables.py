"""Tables and the mutations that change them."""

from decimal import Decimal

import strawberry
from strawberry.scalars import JSON

from db import models
from db.core.base import Visibility
from db.tables.editing.structure import TableChange
from db.tables.query.summaries import Summary as SummaryRow
from resolvers.conversations import conversations
from resolvers.exports import export_templates, exports, sheet_links
from resolvers.organizations import organizations
from resolvers.proposals import proposals
from resolvers.tables import revisions, rows, summaries, tables
from schema.base import Audited, Node, Shows, TypeOf, field, list_of, optional, output_type, required
from schema.columns import Column
from schema.connections import Edge, edge, page
from schema.operations import mutation
from schema.sheet_links import SheetLink


@output_type
class Summary(Shows[SummaryRow]):
    """Summary of a column over all rows, or over the rows with the same value in another column."""

    group: JSON | None = field("Value that the rows have in common; null for empty cells and without `groupBy`.")
    row_count: int = field("Number of rows.")
    count: int = field("Number of cells that are not empty.")
    sum: Decimal | None = field("Exact sum of numbers; null for other types and when all cells are empty.")
    min: JSON | None = field("Smallest number, earliest date or first text, as a value of the column.")
    max: JSON | None = field("Largest number, latest date or last text, as a value of the column.")
    mean: Decimal | None = field("`sum` divided by `count`, to 28 digits.")


@output_type
class Table(Node, Audited, Shows[models.tables.Table]):
    """Rows with typed columns."""

    name: str = field("Name of the table.")
    owner = required(TypeOf[models.users.User], organizations.owner_of, "User who owns the table.")
    organization = required(
        TypeOf[models.organizations.Organization], organizations.organization_of, "Organization that owns the table."
    )
    conversation = optional(
        TypeOf[models.conversations.Conversation],
        conversations.conversation_of,
        "Conversation from which the table was created; null without one that you may see.",
    )
    visibility: Visibility = field("Users who can see the table besides its owner.")
    revision: int = field("Number of the newest revision.")
    columns = list_of(Column, tables.list_columns, "Columns in their order.")
    row_count: int = field("Number of rows.")
    rows = page(TypeOf[models.tables.Row], rows.list_rows, "Rows in the table's own order, or sorted.")
    summary = list_of(
        Summary,
        summaries.summarize,
        "Count, sum, minimum, maximum and mean of a column, in the order of the groups. Grouping by a column with more "
        "than 1,000 different values is refused with BAD_USER_INPUT.",
    )
    history = page(TypeOf[models.revisions.Revision], revisions.list_history, "Revisions, newest first.")
    proposals = list_of(
        TypeOf[models.proposals.Proposal],
        proposals.list_proposals_of_table,
        "The 50 newest proposals for the table, newest first.",
    )
    exports = page(
        TypeOf[models.exports.Export],
        exports.list_exports_of_table,
        "Exports of the table that you may see, newest first.",
    )
    sheet_links = list_of(
        SheetLink,
        sheet_links.links_of_table,
        "Sheets of Google that you may see and that are kept up to date with the table, oldest first.",
    )
    last_export_template = optional(
        TypeOf[models.export_templates.ExportTemplate],
        export_templates.last_used,
        "Template of your newest export of the table that had one; null without one.",
    )


@output_type
class CreateTablePayload(Shows[tables.CreateTableResult]):
    """Result of `createTable`."""

    table: Table = field("The new table.")
    table_edge: Edge[Table] = edge(Table, "table", "Edge of the table, for lists.")


@output_type
class UpdateTablePayload(Shows[TableChange]):
    """Result of `updateTable`."""

    table: Table = field("The table after the change.")
    revision: TypeOf[models.revisions.Revision] | None = field(
        "Revision that records the change; null when nothing changed."
    )


@output_type
class DeleteTablePayload(Shows[tables.DeleteTableResult]):
    """Result of `deleteTable`."""

    deleted_id: strawberry.ID = field("Id of the deleted table, for `restore`.")


@strawberry.type
class Query:
    table = optional(Table, tables.table, "A table by id; null when you may not see it.")
    tables = page(Table, tables.list_tables, "Tables that you may see, newest first.")


@strawberry.type
class Mutation:
    create_table = mutation(CreateTablePayload, tables.create_table, "Create a table.")
    update_table = mutation(
        UpdateTablePayload,
        tables.update_table,
        "Rename a table or change its visibility. Fields that are not sent keep their values.",
    )
    delete_table = mutation(DeleteTablePayload, tables.delete_table, "Delete a table with everything in it.")
