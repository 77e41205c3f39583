"""Extraction of tables by a model: the cost is reserved, rows are shown as they come, and the cost is settled."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from assistant.prompt.model_terms import terms_of
from assistant.prompt.tokens import added
from assistant.reading.column_discovery import DiscoveredTable, discover
from assistant.reading.extraction import ProposedTable, Source
from assistant.reading.passages import Passages
from assistant.reading.row_reader import RowReader, Unstructured
from assistant.reading.structured_call import NO_GUIDANCE, Guidance, instructions
from db.billing import spending
from db.billing.usage import estimate_tokens
from db.core.base import now
from db.core.engine import Database
from db.models.usage import Tokens
from errors import BudgetExceeded, Forbidden, NotFound
from integrations.llm.catalog import Offer
from integrations.llm.chat_completions import ModelFailure
from integrations.llm.routing import ModelRouter
from jobs.runner.job_run import JobContext
from jobs.runner.model_use import count_model_use
from tables.types.types import Column

SHOWN_SECONDS = 1.0
UNSTRUCTURED = "The model gave no rows in the form that was asked for, so they were read without it."


@dataclass(frozen=True)
class ExtractionRequest:
    """The table to read. Without columns the model finds the tables and their columns itself.

    `passes` is 1, or 2 to ask once more for rows that were missed; `images` are `data:` URLs for a model that sees.
    """

    name: str
    columns: Sequence[Column] = ()
    keys: Sequence[str] = ()
    guidance: Guidance = NO_GUIDANCE
    passes: int = 1
    images: Sequence[str] = ()


@dataclass(frozen=True)
class ReadTable:
    """A table, and the texts that its cells were read in."""

    texts: Passages
    table: ProposedTable

    @property
    def sources(self) -> Sequence[Source]:
        """Messages and files in the order in which the cells number them."""
        return self.texts.sources


Show = Callable[[ReadTable], Awaitable[None]]


class TableExtraction:
    """Reads tables for one job. `problem` says why not everything was read, if so."""

    def __init__(
        self, database: Database, model: ModelRouter, offer: Offer, context: JobContext, conversation_id: UUID
    ) -> None:
        self._database, self._model, self._offer, self._context = database, model, offer, context
        self._conversation_id = conversation_id
        self._terms = terms_of(offer, now().date())
        self._tokens = Tokens()
        self.problem: str | None = None

    async def read(self, request: ExtractionRequest, texts: Sequence[Passages], show: Show) -> list[ReadTable] | None:
        """Return the tables of the first of the texts that has rows; None when the readers are to try instead."""
        limit = max((tokens_to_read(text, request, self._offer) for text in texts), key=lambda tokens: tokens.total)
        usage = self._context.job.id, self._conversation_id, self._offer.name, self._terms, limit
        try:
            await self._database.write(spending.reserve_extraction, self._context.viewer, *usage)
        except BudgetExceeded as error:
            self.problem = error.message
            return None
        try:
            for text in texts:
                if table := await self._read(request, text, show, limit):
                    return table
            # Columns that a person named are answered, with nothing if need be; without any the readers may find some.
            return [] if request.columns else None
        except ModelFailure as failure:
            self.problem = failure.message
            return None
        except Unstructured:
            self.problem = UNSTRUCTURED
            return None
        finally:
            await asyncio.shield(self._settle())

    async def _read(self, request: ExtractionRequest, texts: Passages, show: Show, limit: Tokens) -> list[ReadTable]:
        tables = [DiscoveredTable(request.name, list(request.columns))]
        if not texts.text.strip() and not request.images:
            return []
        if not request.columns:
            discovered = await discover(
                self._model,
                self._offer.name,
                texts.text,
                self._offer.named_output,
                guidance=request.guidance,
                images=request.images,
            )
            tables, self._tokens = discovered.tables, added(self._tokens, discovered.tokens)
        read: list[ReadTable] = []
        for table in tables:
            try:
                read.append(await self._read_table(request, table, texts, show if not read else None, limit))
            except (ModelFailure, Unstructured) as error:
                if not any(other.table.rows for other in read):
                    raise
                self.problem = self.problem or getattr(error, "message", UNSTRUCTURED)
        return [table for table in read if table.table.rows]

    async def _read_table(
        self, request: ExtractionRequest, discovered: DiscoveredTable, texts: Passages, show: Show | None, limit: Tokens
    ) -> ReadTable:
        reading = RowReader(
            self._model,
            self._offer.name,
            discovered.columns,
            texts,
            request.keys,
            most=limit,
            max_tokens=self._offer.named_output,
            spent=self._tokens,
            guidance=request.guidance,
            passes=request.passes,
            images=request.images,
        )
        name = discovered.name or request.name
        display = asyncio.create_task(_show_each_second(reading, name, texts, show))
        try:
            await reading.run()
        finally:
            self._tokens = reading.tokens
            display.cancel()
            await asyncio.wait([display])
        self.problem = self.problem or reading.problem
        return ReadTable(texts, reading.table(name))

    async def _settle(self) -> None:
        cost = self._terms.cost(self._tokens)
        with suppress(Forbidden, NotFound):  # the person may not write there any more
            await self._database.write(
                spending.settle_extraction, self._context.viewer, self._context.job.id, self._tokens, cost
            )
            count_model_use(self._offer.name, self._tokens, cost)


def tokens_to_read(texts: Passages, request: ExtractionRequest, offer: Offer) -> Tokens:
    """Return the tokens of answering each piece in one call a pass, as input and output."""
    pieces = texts.pieces()
    instruction_tokens = estimate_tokens(instructions(request.columns, request.guidance))
    calls = len(pieces) * request.passes
    return Tokens(
        request.passes * sum(estimate_tokens(piece.text) + instruction_tokens for piece in pieces),
        calls * offer.max_output,
    )


async def _show_each_second(reading: RowReader, name: str, texts: Passages, show: Show | None) -> None:
    displayed = 0
    while show is not None:
        await asyncio.sleep(SHOWN_SECONDS)
        if reading.count > displayed:
            displayed = reading.count
            with suppress(Forbidden, NotFound):
                await show(ReadTable(texts, reading.table(name)))
