"""Mapped classes of proposals."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, true
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import AuditedRow, Base, Child, Json, key_to
from db.models.conversations import Conversation


class ProposalStatus(StrEnum):
    """Decision on a proposal or on one of its changes."""

    PENDING = "PENDING"
    APPLIED = "APPLIED"
    REJECTED = "REJECTED"


class Proposal(AuditedRow, Child, Base):
    """Rows to add and cells to change, in a new table or in one that is there.

    It is of a reply, or of the job that reads what somebody chose; until it `is_complete`, rows are still read.
    `problem` says why not all was read.

    `columns` are definitions as `tables.changes.column_to_json` writes them; their keys are the proposal's own.
    `changes` are
      "sources"   [{"message": id, "attachment": id, when it was read in a file of that message}]; or those keys
                  themselves, when there is only one
      "rows"      [[[value, start, end, quote, grounding, index of the source] or null, …], …]
      "keys"      keys of the columns that tell which row is which; the table's unique one when empty
      "places"    {name of a column without case: key of the table's column that it is, whatever that is called later}
      "matched"   {"2": the row of the table that the row means}
      "old"       {"2.c1": what stands in the cell of such a row, when that is something else}
      "human"     ["2.c1"], those of them that a person entered
      "problems"  {"2.c1" or "2": why the cell or the row does not fit}
      "edited"    ["2.c1"], whose value is a person's
      "row_ids"   [the row that each became, or null]
      "statuses"  {id of a change: what became of it, when that is not what became of the proposal}
    """

    __tablename__ = "proposals"
    __table_args__ = (Index(None, "message_id", "id"), Index(None, "table_id", "id"))
    parent = Conversation
    parent_key = "conversation_id"
    unaudited = frozenset({"columns", "changes", "job_id", "is_complete", "problem"})

    conversation_id: Mapped[UUID] = mapped_column(key_to("conversations.id"), index=True)
    message_id: Mapped[UUID | None] = mapped_column(key_to("messages.id"))
    table_id: Mapped[UUID | None] = mapped_column(key_to("tables.id"))
    status: Mapped[ProposalStatus] = mapped_column(default=ProposalStatus.PENDING)
    table_name: Mapped[str]
    columns: Mapped[Json] = mapped_column()
    changes: Mapped[Json] = mapped_column()
    job_id: Mapped[UUID | None] = mapped_column(index=True)
    is_complete: Mapped[bool] = mapped_column(default=True, server_default=true())
    problem: Mapped[str | None]
