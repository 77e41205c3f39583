"""Replies with a named table: after the prose, a model extracts rows for the table's columns."""

from collections.abc import Sequence

from assistant.reading.extraction import Source
from assistant.reading.passages import Passage, Passages
from db.core.engine import Database
from db.models.conversations import Conversation, ExtractionMode
from db.models.messages import Message
from db.models.tables import Table
from db.tables import tables
from db.tables.tables import column_of
from integrations.llm.catalog import Offer
from integrations.llm.routing import ModelRouter
from jobs.extraction.attachments import Attached
from jobs.extraction.table_extraction import ExtractionRequest, ReadTable, TableExtraction
from jobs.replies.reply_proposals import Found, FoundTable
from jobs.replies.reply_writer import ReplyWriter
from jobs.runner.job_run import JobContext


async def read_named(
    database: Database,
    model: ModelRouter,
    offer: Offer,
    context: JobContext,
    writer: ReplyWriter,
    conversation: Conversation,
    texts: Sequence[Passages],
) -> Found | None:
    """Return the rows for the table's columns, shown as they arrive; None when the readers should try instead."""
    table = await database.find(Table, context.viewer, writer.table_id) if writer.table_id else None
    if table is None or not offer.capabilities.json_schema:
        return None
    columns = [column_of(row) for row in await database.read(tables.columns_of, context.viewer, ids=[table.id])]
    if not columns:
        return None

    async def show(read: ReadTable) -> None:
        await writer.proposals.show_read(conversation.id, read.texts.sources, read.table)

    extraction = TableExtraction(database, model, offer, context, conversation.id)
    tables_read = await extraction.read(ExtractionRequest(table.name, columns), texts, show)
    if tables_read is None:
        return None
    tables_found = [FoundTable(read.texts.sources, read.table) for read in tables_read]
    return Found(conversation.id, tables_found, conversation.extraction is ExtractionMode.AUTO)


def texts_of(message: Message, attached: Sequence[Attached], reply: Message, text: str) -> tuple[Passages, Passages]:
    """Return what the person gave, and the reply: it is read only when the person gave no row."""
    files = [Passage(Source(message.id, file.id), file.text) for file in attached]
    passages = Passages([Passage(Source(message.id), message.text), *files])
    return passages, Passages([Passage(Source(reply.id, is_assistant=True), text)])
