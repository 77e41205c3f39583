"""One table read by a model: what it may cost is reserved, its rows are shown as they come, what it cost is settled."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from uuid import UUID

from assistant.prompt.model_terms import terms_of
from assistant.reading.column_discovery import discover
from assistant.reading.extraction import ProposedTable
from assistant.reading.passages import Passages
from assistant.reading.row_reader import Reading, Unstructured
from assistant.reading.structured_call import instructions
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
from tables.types.types import Column

SHOWN_SECONDS = 1.0
UNSTRUCTURED = "The model gave no rows in the form that was asked for, so they were read without it."

Show = Callable[[ProposedTable], Awaitable[None]]


class Extracting:
    """Reads one table for a job. `problem` says why not all of it was read, if so."""

    def __init__(
        self, database: Database, model: ModelRouter, offer: Offer, held: JobContext, conversation_id: UUID
    ) -> None:
        self._database, self._model, self._offer, self._held = database, model, offer, held
        self._conversation_id = conversation_id
        self._terms = terms_of(offer, now().date())
        self._tokens = Tokens()
        self.problem: str | None = None

    async def read(
        self, name: str, columns: Sequence[Column], keys: Sequence[str], passages: Passages, show: Show
    ) -> ProposedTable | None:
        """The rows; None when the model cannot tell any, and the readers are to try."""
        most = most_of(passages, columns, self._offer)
        given = self._held.job.id, self._conversation_id, self._offer.name, self._terms, most
        try:
            await self._database.write(spending.reserve_extraction, self._held.viewer, *given)
        except BudgetExceeded as error:
            self.problem = error.message
            return None
        try:
            return await self._read(name, columns, keys, passages, show, most)
        except ModelFailure as failure:
            self.problem = failure.message
            return None
        except Unstructured:
            self.problem = UNSTRUCTURED
            return None
        finally:
            await asyncio.shield(self._settle())

    async def _read(
        self, name: str, columns: Sequence[Column], keys: Sequence[str], passages: Passages, show: Show, most: Tokens
    ) -> ProposedTable | None:
        if not columns:
            found = await discover(self._model, self._offer.name, passages.pieces()[0], self._offer.named_output)
            columns, name, self._tokens = found.columns, found.name or name, found.tokens
        if not columns:
            return None
        reading = Reading(
            self._model,
            self._offer.name,
            columns,
            passages,
            keys,
            most=most,
            max_tokens=self._offer.named_output,
            spent=self._tokens,
        )
        showing = asyncio.create_task(_show_each_second(reading, name, show))
        try:
            await reading.run()
        finally:
            self._tokens = reading.tokens
            showing.cancel()
            await asyncio.wait([showing])
        self.problem = reading.problem
        return reading.table(name)

    async def _settle(self) -> None:
        cost = self._terms.cost(self._tokens)
        given = self._held.job.id, self._tokens, cost
        try:
            await self._database.write(spending.settle_extraction, self._held.viewer, *given)
        except (Forbidden, NotFound):  # who asked may not write there any more
            return


def most_of(passages: Passages, columns: Sequence[Column], offer: Offer) -> Tokens:
    """Tokens that are read and written when each piece is answered in one call."""
    pieces = passages.pieces()
    told = estimate_tokens(instructions(columns))
    return Tokens(sum(estimate_tokens(piece.text) + told for piece in pieces), len(pieces) * offer.max_output)


async def _show_each_second(reading: Reading, name: str, show: Show) -> None:
    shown = 0
    while True:
        await asyncio.sleep(SHOWN_SECONDS)
        if reading.count > shown:
            shown = reading.count
            with suppress(Forbidden, NotFound):
                await show(reading.table(name))
