"""The mutation that extracts a table from messages."""

import strawberry

from resolvers.conversations import extractions
from schema.base import Shows, field, output_type
from schema.operations import mutation
from schema.proposals import Proposal


@output_type
class ExtractTablePayload(Shows[extractions.ExtractTableResult]):
    """Result of `extractTable`."""

    proposal: Proposal = field("Proposal with the rows; not complete (`isComplete`) if reading takes over a minute.")
    proposals: list[Proposal] = field(
        "All proposals, `proposal` first: one for each table when no columns were given and the text has several."
    )


@strawberry.type
class Mutation:
    extract_table = mutation(
        ExtractTablePayload,
        extractions.extract_table,
        "Extract a table from a conversation, or from some of its messages and their attachments. The result is a "
        "proposal for a new table, or for an existing one, whose columns define what to read and whose rows are "
        "updated by key.",
    )
