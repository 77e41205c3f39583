"""Proposals of a reply that is still being written: they grow, and end with it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from db.core.session import Session
from db.models.proposals import Proposal, ProposalStatus
from db.proposals.proposals import ProposedTable, Source, fill, show

NO_TABLE = "The rest of the reply showed that this is not a table."


def stream(
    session: Session, id_: UUID, sources: Sequence[Source], proposed: ProposedTable, *, is_complete: bool
) -> Proposal:
    """Put what is read by now into a proposal that was shown, unless somebody has put it aside meanwhile."""
    proposal = session.get(Proposal, id_)
    if proposal.status is ProposalStatus.PENDING:
        proposal.table_name = proposed.name
        put = fill if is_complete else show
        put(session, proposal, sources, proposed)
    proposal.is_complete = is_complete
    return proposal


def keep(session: Session, id_: UUID, sources: Sequence[Source], proposed: ProposedTable) -> None:
    """Complete what was shown of a reply that was broken off, with rows that were not shown yet."""
    if len(proposed.rows) >= len(session.get(Proposal, id_).changes["rows"]):
        stream(session, id_, sources, proposed, is_complete=True)


def empty(session: Session, id_: UUID, *, is_complete: bool) -> None:
    """Take back what does not look like a table any more; it may again, until that is the end of it."""
    proposal = session.get(Proposal, id_)
    if proposal.changes["rows"]:
        proposal.columns, proposal.changes = [], {"sources": proposal.changes["sources"], "rows": [], "keys": []}
    if is_complete:
        _complete(proposal)


def complete(session: Session, message_id: UUID) -> None:
    """Nobody reads on: what a reply has proposed so far is all."""
    query = select(Proposal).where(Proposal.message_id == message_id, Proposal.is_complete.is_(False))
    for proposal in session.scalars(query):
        _complete(proposal)


def _complete(proposal: Proposal) -> None:
    proposal.is_complete = True
    if not proposal.changes["rows"]:
        proposal.status, proposal.problem = ProposalStatus.REJECTED, NO_TABLE
