"""The proposals of one reply: shown while it is written, each the same one until its end."""

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

MAX_SHOWN_ROWS = 500  # of a table that is still read

logger = logging.getLogger("sheetgpt.replies")


@dataclass(frozen=True)
class FoundTable:
    """A table, and the texts that its cells were read in."""

    sources: Sequence[Source]
    table: ProposedTable

    def is_where(self, other: "FoundTable") -> bool:
        """Whether both were found at one place; what was pieced together has none, and takes any."""
        mine, its = self.table, other.table
        if not mine.end or not its.end:
            return True
        return self.sources[0] == other.sources[0] and mine.start <= its.end and its.start <= mine.end


@dataclass(frozen=True)
class Found:
    """Tables that were read in what was said, to apply or to propose only."""

    conversation_id: UUID
    tables: Sequence[FoundTable]
    is_applied: bool


@dataclass(frozen=True)
class _Shown:
    """A table as its proposal has it; while it does not look like one, without rows."""

    id: UUID
    found: FoundTable


class ReplyProposals:
    """What an attempt at a reply proposes."""

    def __init__(self, database: Database, held: JobContext, reply_id: UUID, table_id: UUID | None) -> None:
        self._database, self._held = database, held
        self._reply_id, self._table_id = reply_id, table_id
        self._shown: list[_Shown] = []

    async def show(self, found: Found) -> bool:
        """Propose what was found so far; False when it is shown already, or cannot be."""
        tables = [_first_rows(table) for table in found.tables]
        if tables == [shown.found for shown in self._shown if shown.found.table.rows]:
            return False

        def unit(session: Session) -> list[_Shown]:
            jobs.hold(session, self._held.job.id, self._held.attempt)
            session.emit(ReplyProposed(self._reply_id))
            return self._put(session, found.conversation_id, tables, is_complete=False)

        try:
            self._shown = await self._database.write(unit, self._held.viewer)
        except (LeaseLost, ProductError):
            return False  # the end of the reply says why
        except Exception:
            logger.exception("Rows of the reply %s could not be shown; it is tried again", self._reply_id)
            return False
        return True

    async def show_read(self, conversation_id: UUID, sources: Sequence[Source], table: ProposedTable) -> None:
        """Show what a model has read, once that is as much as the reply itself has shown."""
        if len(table.rows) >= sum(len(shown.found.table.rows) for shown in self._shown):
            await self.show(Found(conversation_id, [FoundTable(sources, table)], is_applied=False))

    def keep(self, session: Session, found: Found) -> None:
        """At the end: what was found in all that was said, and nothing else that was shown."""
        kept = self._put(session, found.conversation_id, found.tables, is_complete=True)
        if found.tables:
            table = found.tables[0].table
            names = [column.name for column in table.columns]
            titles.name_after_table(session, found.conversation_id, table.name, names)
        for shown in kept[: len(found.tables)]:
            proposal = session.get(Proposal, shown.id)
            if found.is_applied and proposal.status is ProposalStatus.PENDING:
                apply.apply_without_overwriting(session, proposal)

    def keep_part(self, session: Session, found: Found) -> None:
        """When the reply was broken off: what was shown, and what else was found in what was said, to be decided."""
        left = list(self._shown)
        for table in found.tables:
            if same := _taken(left, table):
                streaming.complete_interrupted(session, same.id, table.sources, table.table)
            else:
                given = found.conversation_id, self._reply_id, table.sources, table.table
                proposals.propose(session, *given, table_id=self._table_id)

    async def take_up(self) -> None:
        """Go on from what an attempt before has shown."""
        shown = await self._database.read(proposals.of_messages, self._held.viewer, ids=[self._reply_id])
        self._shown = [_Shown(proposal.id, _found_in(proposal)) for proposal in shown]

    def _put(
        self, session: Session, conversation_id: UUID, tables: Sequence[FoundTable], *, is_complete: bool
    ) -> list[_Shown]:
        """The proposals of these tables in their order, then those of what was shown and is none of them."""
        left, kept = list(self._shown), []
        for found in tables:
            same = _taken(left, found)
            if same is None:
                given = conversation_id, self._reply_id, found.sources, found.table
                proposal = proposals.propose(session, *given, table_id=self._table_id, is_complete=is_complete)
                kept.append(_Shown(proposal.id, found))
                continue
            if is_complete or same.found != found:
                streaming.update(session, same.id, found.sources, found.table, is_complete=is_complete)
            kept.append(_Shown(same.id, found))
        for shown in left:
            streaming.clear(session, shown.id, is_complete=is_complete)
            kept.append(_Shown(shown.id, replace(shown.found, table=replace(shown.found.table, rows=()))))
        return kept


def _taken(left: list[_Shown], found: FoundTable) -> _Shown | None:
    """The one that was shown at the same place, which is left no more."""
    same = next((shown for shown in left if shown.found.is_where(found)), None)
    if same is not None:
        left.remove(same)
    return same


def _found_in(proposal: Proposal) -> FoundTable:
    """Where a proposal's rows stand, without them; what was read in several texts has no place."""
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


def _first_rows(found: FoundTable) -> FoundTable:
    return replace(found, table=replace(found.table, rows=found.table.rows[:MAX_SHOWN_ROWS]))
