"""Tables, and everything about them in one place for the schema."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from db.core.base import Visibility
from db.models import tables as rows
from resolvers.conversations import conversations
from resolvers.exports import exports
from resolvers.organizations import organizations
from resolvers.proposals import proposals
from resolvers.tables import revisions, summaries, tables
from resolvers.tables import rows as table_rows
from schema import columns as column_types
from schema import proposals as proposal_types
from schema import revisions as revision_types
from schema import rows as row_types
from schema.base import Audited, Edge, Node, edge, field, list_of, mutation, optional, output_type, page, required
from schema.organizations import Organization
from schema.proposals import Proposal
from schema.revisions import Revision
from schema.rows import Column, Row, Summary
from schema.users import User

if TYPE_CHECKING:
    from schema.conversations import Conversation
    from schema.exports import Export
else:  # a conversation lists its tables and an export names its table
    Conversation = Annotated["Conversation", strawberry.lazy("schema.conversations")]
    Export = Annotated["Export", strawberry.lazy("schema.exports")]


@output_type
class Table(Node, Audited, row=rows.Table):
    """Rows with typed columns."""

    name: str = field("What it is called.")
    owner = required(User, organizations.owner_of, "Whose it is.")
    organization = required(Organization, organizations.organization_of, "The organization that it belongs to.")
    conversation = optional(
        Conversation, conversations.conversation_of, "Where it came from; null when you may not see."
    )
    visibility: Visibility = field("Who sees it besides its owner.")
    revision: int = field("Number of the newest revision.")
    columns = list_of(Column, tables.list_columns, "Its columns, in their order.")
    row_count: int = field("How many rows it has.")
    rows = page(Row, table_rows.list_rows, "Its rows, in its own order or sorted.")
    summary = list_of(
        Summary,
        summaries.summarize,
        "Count, sum, smallest, largest and mean of a column, in the order of the groups; a column with more than 1,000 "
        "different values makes no groups, and is BAD_USER_INPUT.",
    )
    history = page(Revision, revisions.list_history, "Its revisions, newest first.")
    proposals = list_of(Proposal, proposals.list_proposals_of_table, "The newest 50 proposals for it, newest first.")
    exports = page(Export, exports.list_exports_of_table, "Its exports that you may see, newest first.")


@output_type
class CreateTablePayload:
    """The new table."""

    table: Table = field("The new table.")
    table_edge: Edge[Table] = edge(Table, "table", "Its edge, for a list of them.")


@output_type
class UpdateTablePayload:
    """The changed table."""

    table: Table = field("The table, as it is now.")
    revision: Revision | None = field("What was done; null when nothing changed.")


@output_type
class DeleteTablePayload:
    """The table that is gone."""

    deleted_id: strawberry.ID = field("The table that was deleted.")


@strawberry.type
class Query:
    table = optional(Table, tables.table, "A table that you may see.")
    tables = page(Table, tables.list_tables, "The tables that you may see, newest first.")


@strawberry.type
class Mutation(column_types.Mutation, row_types.Mutation, revision_types.Mutation, proposal_types.Mutation):
    create_table = mutation(CreateTablePayload, tables.create_table, "Make a table.")
    update_table = mutation(
        UpdateTablePayload, tables.update_table, "Rename or share a table; what is not named stays as it is."
    )
    delete_table = mutation(DeleteTablePayload, tables.delete_table, "Delete a table with everything in it.")


@strawberry.type
class Subscription(revision_types.Subscription):
    pass


__all__ = ["Column", "Proposal", "Revision", "Row"]
