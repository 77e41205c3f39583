"""What the assistant would put into a table, each cell with its source, until somebody decides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Index, and_, func, select
from sqlalchemy.orm import Mapped, mapped_column

from db.adoption import Adding, origin
from db.base import Base, Child, Json, Recorded, key_to
from db.conversations import Conversation
from db.edits import Edit, Origin, check_size
from db.prepared import OneOf, Prepared
from db.revisions import ChangeSource, Revision, numbered
from db.session import Session
from db.structure import Beginning, begin
from db.tables import Table
from errors import BadUserInput, Conflict
from tables.changes import ChangeKind, column_of, definition
from tables.types import Column, Value


class ProposalStatus(StrEnum):
    """What became of a proposal, or of one of its changes."""

    PENDING = "PENDING"
    APPLIED = "APPLIED"
    REJECTED = "REJECTED"


class Proposal(Recorded, Child, Base):
    """Rows to add, to a new table or to one that is there.

    `columns` are definitions as `tables.changes.definition` writes them; their keys are the proposal's own.
    `changes` are {"message": the source's id, "rows": [[[value, start, end, quote] or null, …], …]}, and
    "attachment" when they were read in a file of that message; applied, also "row_ids": the row that each
    became or null, and "problems": why a cell ("2.c1") or a row ("2") was left out.
    """

    __tablename__ = "proposals"
    __table_args__ = (Index(None, "message_id", "id"), Index(None, "table_id", "id"))
    parent = Conversation
    parent_key = "conversation_id"
    unrecorded = frozenset({"columns", "changes"})

    conversation_id: Mapped[UUID] = mapped_column(key_to("conversations.id"), index=True)
    message_id: Mapped[UUID] = mapped_column(key_to("messages.id"))
    table_id: Mapped[UUID | None] = mapped_column(key_to("tables.id"))
    status: Mapped[ProposalStatus] = mapped_column(default=ProposalStatus.PENDING)
    table_name: Mapped[str]
    columns: Mapped[Json] = mapped_column()
    changes: Mapped[Json] = mapped_column()


MAX_OF_TABLE = 50

of_messages: Prepared[Proposal] = Prepared(
    select(Proposal).where(OneOf(Proposal.message_id)).order_by(Proposal.message_id, Proposal.id)
)
_newest = (
    select(
        Proposal.id.label("id"),
        func.row_number().over(partition_by=Proposal.table_id, order_by=Proposal.id.desc()).label("place"),
    )
    .where(OneOf(Proposal.table_id))
    .subquery()
)
of_tables: Prepared[Proposal] = Prepared(
    select(Proposal)
    .join(_newest, and_(_newest.c.id == Proposal.id, _newest.c.place <= MAX_OF_TABLE))
    .order_by(Proposal.id.desc())
)


class ProposedCell(Protocol):
    """A value and its quote: the source's text[start:end]."""

    @property
    def value(self) -> Value: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def quote(self) -> str: ...


class ProposedTable(Protocol):
    """What was read out of a text; rows are as wide as the columns."""

    @property
    def name(self) -> str: ...
    @property
    def attachment_id(self) -> UUID | None: ...
    @property
    def columns(self) -> tuple[Column, ...]: ...
    @property
    def rows(self) -> Sequence[Sequence[ProposedCell | None]]: ...


@dataclass(frozen=True)
class ProposedChange:
    """One change of a proposal: ROW_ADDED for a row with its values, then CELL_CHANGED for each of its cells.

    `id` counts them through. `row` is the id of the row's ROW_ADDED, `row_id` the row that it became.
    """

    id: str
    kind: ChangeKind
    row: str
    column: str | None
    new: Any
    origin: Origin | None
    row_id: UUID | None
    status: ProposalStatus
    problem: str | None


@dataclass(frozen=True)
class Applied:
    table: Table
    proposal: Proposal
    revision: Revision


def changes_of(proposal: Proposal) -> Iterator[ProposedChange]:
    """What a proposal would change, or has changed, in its order."""
    columns, changes = proposal.columns, proposal.changes
    keys = [column["key"] for column in columns]
    row_ids, problems = changes.get("row_ids") or [], changes.get("problems") or {}
    ids = map(str, count(1))
    status = ProposalStatus(proposal.status)
    for number, cells in enumerate(changes["rows"]):
        row_id = UUID(row_ids[number]) if number < len(row_ids) and row_ids[number] else None
        row, problem = next(ids), problems.get(str(number))
        values = {key: cell[0] for key, cell in zip(keys, cells, strict=True) if cell}
        mine = ProposalStatus.REJECTED if problem else status
        yield ProposedChange(row, ChangeKind.ROW_ADDED, row, None, values, None, row_id, mine, problem)
        for key, cell in zip(keys, cells, strict=True):
            if not cell:
                continue
            why = problem or problems.get(f"{number}.{key}")
            source = origin(changes, cell)
            mine = ProposalStatus.REJECTED if why else status
            yield ProposedChange(next(ids), ChangeKind.CELL_CHANGED, row, key, cell[0], source, row_id, mine, why)


def propose(
    session: Session,
    conversation_id: UUID,
    message_id: UUID,
    source_message_id: UUID,
    proposed: ProposedTable,
    *,
    table_id: UUID | None,
    apply: bool,
) -> Proposal:
    """Keep a proposal of the message `message_id`, whose quotes are from the source message, and apply it.

    One that the table has no room for is kept PENDING all the same.
    """
    rows = [[cell and [cell.value, cell.start, cell.end, cell.quote] for cell in row] for row in proposed.rows]
    proposal = Proposal(
        conversation_id=conversation_id,
        message_id=message_id,
        table_id=table_id,
        status=ProposalStatus.PENDING,
        table_name=proposed.name,
        columns=[definition(column) for column in proposed.columns],
        changes={"message": source_message_id.hex, **_attachment(proposed), "rows": rows},
    )
    session.add(proposal)
    if apply and _fits(session, proposal):
        _apply(session, proposal)
    return proposal


def _attachment(proposed: ProposedTable) -> dict[str, str]:
    return {"attachment": proposed.attachment_id.hex} if proposed.attachment_id else {}


def _fits(session: Session, proposal: Proposal) -> bool:
    """Asked before anything is written, for the proposal is kept even when the table cannot be."""
    try:
        if proposal.table_id is None:
            check_size(len(proposal.changes["rows"]), len(proposal.columns), "id")
        else:
            _check_room(Edit.of(session, proposal.table_id), proposal)
    except BadUserInput:
        return False
    return True


def _check_room(edit: Edit, proposal: Proposal) -> None:
    names = {column.name.casefold() for column in edit.columns.values()}
    missing = [column for column in proposal.columns if column["name"].casefold() not in names]
    edit.check_room(rows=len(proposal.changes["rows"]), columns=len(missing), field="id")


def apply(session: Session, proposal_id: UUID) -> Applied:
    """Add the rows as one revision, to the proposal's table or to a new one of the viewer's.

    Columns are matched by name, and added where there is none. A value that does not fit its column is left
    out, and the proposal says why.
    """
    proposal = session.obtain_to_change(Proposal, proposal_id)
    if proposal.status is not ProposalStatus.PENDING:
        raise Conflict(f"This proposal was {proposal.status.lower()} already.")
    return _apply(session, proposal)


def _apply(session: Session, proposal: Proposal) -> Applied:
    edit = Edit.of(session, proposal.table_id) if proposal.table_id else _new_table(session, proposal)
    _check_room(edit, proposal)
    columns = [column_of(column) for column in proposal.columns]
    adding = Adding(edit, columns, proposal.changes["rows"], proposal.changes)
    adding.run()
    revision = edit.finish(ChangeSource.ASSISTANT)
    proposal.status, proposal.table_id = ProposalStatus.APPLIED, edit.table.id
    proposal.changes = {**proposal.changes, "row_ids": adding.row_ids, "problems": adding.problems}
    return Applied(edit.table, proposal, revision or numbered(session, edit.table.id, edit.table.revision))


def _new_table(session: Session, proposal: Proposal) -> Edit:
    conversation = session.obtain(Conversation, proposal.conversation_id)
    name = proposal.table_name
    return begin(session, Beginning(name, (), conversation.id, visibility=conversation.visibility))


def reject(session: Session, proposal_id: UUID) -> Proposal:
    """Put a proposal aside; one that was put aside before stays so."""
    proposal = session.obtain_to_change(Proposal, proposal_id)
    if proposal.status is ProposalStatus.APPLIED:
        raise Conflict("This proposal was applied already: take it back with undoRevision, or delete the table.")
    proposal.status = ProposalStatus.REJECTED
    return proposal
