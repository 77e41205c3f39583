"""Proposals: changes of a table that wait for a decision."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, true
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import Announced, AuditedRow, Base, Child, Json, key_to
from db.models.conversations import Conversation


class ProposalStatus(StrEnum):
    """Decision on a proposal or on one of its changes."""

    PENDING = "PENDING"
    APPLIED = "APPLIED"
    REJECTED = "REJECTED"


class Proposal(Announced, AuditedRow, Child, Base):
    """Rows to add and cells to change, in a new or an existing table.

    It belongs to a reply, or to the job of an extraction; until it `is_complete`, more rows may come. `problem` says
    why not everything was read.

    `columns` are definitions as `tables.changes.column_to_json` writes them; their keys are the proposal's own.
    `changes` has
      "sources"   [{"message": id, "attachment": id of its file, "origin": "ASSISTANT" for a reply}]; older rows have
                  these keys themselves when there is a single source
      "rows"      [[[value, start, end, quote, grounding, index of the source] or null, …], …]
      "keys"      keys of the columns that identify a row; the table's unique column when empty
      "places"    {casefolded column name: key of the table's column, even if that is renamed later}
      "matched"   {"2": id of the table's row that this row matches}
      "old"       {"2.c1": value in the matched row, when it differs}
      "human"     ["2.c1"], cells among those that a person entered
      "problems"  {"2.c1" or "2": reason why the cell or the row does not fit}
      "edited"    ["2.c1"], cells whose value a person chose
      "row_ids"   [id of the row that each one became, or null]
      "statuses"  {id of a change: its status, when it differs from that of the proposal}
      "notes"     [remarks for the reader]
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
