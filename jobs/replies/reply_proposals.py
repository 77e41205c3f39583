"""Proposals of one reply; each stays the same row while the reply is written."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from assistant.reading.extraction import ProposedTable, Source
from db.conversations import titles
from db.core.engine import Database
from db.core.events import ReplyProposed
from db.core.session import Session
from db.jobs import jobs
from db.jobs.jobs import LeaseLost
from db.models.proposals import Proposal, ProposalStatus
from db.proposals import apply, proposals, streaming
from errors import ProductError
from jobs.runner.job_run import JobContext

MAX_DISPLAYED_ROWS = 500  # of a table that is still being read

logger = logging.getLogger("sheetgpt.replies")


@dataclass(frozen=True)
class FoundTable:
    """Table and the texts that its cells were read in."""

    sources: Sequence[Source]
    table: ProposedTable

    def is_where(self, other: "FoundTable") -> bool:
        """Return whether both tables are at one place in the text.

        A table pieced together has no place and matches any other.
        """
        mine, its = self.table, other.table
        if not mine.end or not its.end:
            return True
        return self.sources[0] == other.sources[0] and mine.start <= its.end and its.start <= mine.end


@dataclass(frozen=True)
class Found:
    """Tables that were read in an exchange; `is_applied` when they are applied and not only proposed."""

    conversation_id: UUID
    tables: Sequence[FoundTable]
    is_applied: bool


@dataclass(frozen=True)
class _DisplayedTable:
    """Table as its proposal has it; without rows when the text does not look like a table any more."""

    id: UUID
    table: FoundTable


class ReplyProposals:
    """Writer of the proposals of one attempt at a reply."""

    def __init__(self, database: Database, context: JobContext, reply_id: UUID, table_id: UUID | None) -> None:
        self._database, self._context = database, context
        self._reply_id, self._table_id = reply_id, table_id
        self._displayed: list[_DisplayedTable] = []

    async def show(self, result: Found) -> bool:
        """Propose the tables found so far. Return False when nothing changed or they cannot be written."""
        tables = [_first_rows(table) for table in result.tables]
        if tables == [displayed.table for displayed in self._displayed if displayed.table.table.rows]:
            return False

        def unit(session: Session) -> list[_DisplayedTable]:
            jobs.renew_lease(session, self._context.job.id, self._context.attempt)
            session.emit(ReplyProposed(self._reply_id))
            return self._put(session, result.conversation_id, tables, is_complete=False)

        try:
            self._displayed = await self._database.write(unit, self._context.viewer)
        except (LeaseLost, ProductError):
            return False  # the end of the reply says why
        except Exception:
            logger.exception("Rows of the reply %s could not be shown; the next parse tries again", self._reply_id)
            return False
        return True

    async def show_read(self, conversation_id: UUID, sources: Sequence[Source], table: ProposedTable) -> None:
        """Show the rows that a model has read, once they are as many as the reply itself has shown."""
        if len(table.rows) >= sum(len(displayed.table.table.rows) for displayed in self._displayed):
            await self.show(Found(conversation_id, [FoundTable(sources, table)], is_applied=False))

    def keep(self, session: Session, result: Found) -> None:
        """Complete the proposals at the end: those found in the whole exchange, and no others that were shown."""
        completed = self._put(session, result.conversation_id, result.tables, is_complete=True)
        if result.tables:
            table = result.tables[0].table
            names = [column.name for column in table.columns]
            titles.name_after_table(session, result.conversation_id, table.name, names)
        for displayed in completed[: len(result.tables)]:
            proposal = session.get(Proposal, displayed.id)
            if result.is_applied and proposal.status is ProposalStatus.PENDING:
                apply.apply_without_overwriting(session, proposal)

    def keep_part(self, session: Session, result: Found) -> None:
        """Complete the proposals of a reply that broke off, and leave them to be decided."""
        remaining = list(self._displayed)
        for table in result.tables:
            if same := _take_matching(remaining, table):
                streaming.complete_interrupted(session, same.id, table.sources, table.table)
            else:
                arguments = result.conversation_id, self._reply_id, table.sources, table.table
                proposals.propose(session, *arguments, table_id=self._table_id)

    async def take_up(self) -> None:
        """Load the proposals that a previous attempt has shown."""
        stored = await self._database.read(proposals.of_messages, self._context.viewer, ids=[self._reply_id])
        self._displayed = [_DisplayedTable(proposal.id, _found_in(proposal)) for proposal in stored]

    def _put(
        self, session: Session, conversation_id: UUID, tables: Sequence[FoundTable], *, is_complete: bool
    ) -> list[_DisplayedTable]:
        """Write proposals for these tables, and empty those that were shown but found no more; return all of them."""
        remaining, current = list(self._displayed), []
        for found_table in tables:
            same = _take_matching(remaining, found_table)
            if same is None:
                arguments = conversation_id, self._reply_id, found_table.sources, found_table.table
                proposal = proposals.propose(session, *arguments, table_id=self._table_id, is_complete=is_complete)
                current.append(_DisplayedTable(proposal.id, found_table))
                continue
            if is_complete or same.table != found_table:
                streaming.update(session, same.id, found_table.sources, found_table.table, is_complete=is_complete)
            current.append(_DisplayedTable(same.id, found_table))
        for displayed in remaining:
            streaming.clear(session, displayed.id, is_complete=is_complete)
            current.append(
                _DisplayedTable(displayed.id, replace(displayed.table, table=replace(displayed.table.table, rows=())))
            )
        return current


def _take_matching(remaining: list[_DisplayedTable], table: FoundTable) -> _DisplayedTable | None:
    """Remove and return the proposal at the same place as a table, if there is one."""
    same = next((displayed for displayed in remaining if displayed.table.is_where(table)), None)
    if same is not None:
        remaining.remove(same)
    return same


def _found_in(proposal: Proposal) -> FoundTable:
    """Return the place of a proposal's rows, without the rows. Rows read in several texts have no place."""
    sources = [
        Source(
            UUID(source["message"]),
            UUID(source["attachment"]) if "attachment" in source else None,
            is_assistant="origin" in source,
        )
        for source in proposal.changes["sources"]
    ]
    cells = [cell for row in proposal.changes["rows"] for cell in row if cell] if len(sources) == 1 else []
    start, end = min((cell[1] for cell in cells), default=0), max((cell[2] for cell in cells), default=0)
    return FoundTable(sources, ProposedTable(proposal.table_name, (), (), start=start, end=end))


def _first_rows(table: FoundTable) -> FoundTable:
    return replace(table, table=replace(table.table, rows=table.table.rows[:MAX_DISPLAYED_ROWS]))
