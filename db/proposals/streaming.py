"""Proposals of a reply that is still being written; they grow with it and are completed with it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from db.core.session import Session
from db.models.proposals import Proposal, ProposalStatus
from db.proposals.proposals import ProposedTable, Source, replace_partial_rows, replace_rows

NO_TABLE = "The rest of the reply showed that this is not a table."


def update(
    session: Session, id_: UUID, sources: Sequence[Source], proposed: ProposedTable, *, is_complete: bool
) -> Proposal:
    """Replace the rows of a proposal by those read so far, unless a person has rejected it meanwhile."""
    proposal = session.get(Proposal, id_)
    if proposal.status is ProposalStatus.PENDING:
        proposal.table_name = proposed.name
        put = replace_rows if is_complete else replace_partial_rows
        put(session, proposal, sources, proposed)
    proposal.is_complete = is_complete
    return proposal


def complete_interrupted(session: Session, id_: UUID, sources: Sequence[Source], proposed: ProposedTable) -> None:
    """Complete the proposal of an interrupted reply with the rows read last."""
    if len(proposed.rows) >= len(session.get(Proposal, id_).changes["rows"]):
        update(session, id_, sources, proposed, is_complete=True)


def clear(session: Session, id_: UUID, *, is_complete: bool) -> None:
    """Remove the rows of a proposal whose text no longer reads as a table; later text may turn it into one again."""
    proposal = session.get(Proposal, id_)
    if proposal.changes["rows"]:
        proposal.columns, proposal.changes = [], {"sources": proposal.changes["sources"], "rows": [], "keys": []}
    if is_complete:
        _complete(proposal)


def complete(session: Session, message_id: UUID) -> None:
    """Complete all proposals of a reply as they are."""
    query = select(Proposal).where(Proposal.message_id == message_id, Proposal.is_complete.is_(False))
    for proposal in session.scalars(query):
        _complete(proposal)


def _complete(proposal: Proposal) -> None:
    proposal.is_complete = True
    if not proposal.changes["rows"]:
        proposal.status, proposal.problem = ProposalStatus.REJECTED, NO_TABLE
