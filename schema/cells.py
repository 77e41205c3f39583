"""Cells of rows, the sources of their values, and the mutation that changes them."""

import strawberry
from strawberry.scalars import JSON

from db import models
from db.tables.editing.cell_updates import UpdateCellsResult
from resolvers.tables import cell_values, cells
from schema.base import Shows, TypeOf, enum, field, optional, output_type, required
from schema.columns import Column
from schema.operations import mutation

enum(
    cell_values.Grounding,
    EXACT="The quote is the text of the message or attachment from `start` to `end`.",
    FUZZY="The text from `start` to `end` is similar to the quote.",
    MISMATCH="The text from `start` to `end` is the quote, but it says something else than the value.",
    NONE="The quote was not found.",
)
enum(
    cell_values.SourceOrigin,
    PERSON="A person wrote the words in a message.",
    FILE="The words are in an attachment.",
    ASSISTANT="Only the assistant said the value.",
)


@output_type
class Source(Shows[cell_values.Source]):
    """Passage of a message or attachment from which the assistant read a value."""

    message = optional(
        TypeOf[models.messages.Message], cell_values.message_of, "Message of the passage; null when you may not see it."
    )
    attachment = optional(
        TypeOf[models.attachments.Attachment],
        cell_values.attachment_of,
        "Attachment whose `text` contains the passage; null when the message itself contains it.",
    )
    start: int = field("Start of the quote in the text, in code points.")
    end: int = field("End of the quote in the text, in code points.")
    quote: str = field("Quoted passage.")
    grounding: cell_values.Grounding = field("Result of searching the quote in the text.")
    origin = required(
        cell_values.SourceOrigin,
        cell_values.origin_of,
        "Author of the words. Beside cells of PERSON or FILE, a cell of ASSISTANT is never applied by itself.",
    )


@output_type
class Cell(Shows[cell_values.Cell]):
    """Value of a row in one column."""

    id: strawberry.ID = field(
        "Opaque id for caches, unique among all objects and never changing. `node` does not load it."
    )
    column: Column = field("Column of the cell.")
    value: JSON | None = field("Value; null when the cell is empty.")
    text: str = field("Value formatted for display.")
    source: Source | None = field("Passage from which the assistant read the value; null when a user entered it.")
    edited_by = optional(
        TypeOf[models.users.User], cell_values.editor_of, "User who entered the value; null when no user did."
    )


@output_type
class UpdateCellsPayload(Shows[UpdateCellsResult]):
    """Result of `updateCells`."""

    table: TypeOf[models.tables.Table] = field("The table after the change.")
    rows: list[TypeOf[models.tables.Row]] = field("Changed rows, in the order in which the input first names them.")
    revision: TypeOf[models.revisions.Revision] | None = field(
        "Revision that records the change; null when nothing changed."
    )


@strawberry.type
class Mutation:
    update_cells = mutation(
        UpdateCellsPayload,
        cells.update_cells,
        "Change cells. Simultaneous changes of different cells of a row do not conflict.",
    )
