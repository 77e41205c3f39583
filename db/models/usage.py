"""Usage of language models."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ColumnElement, or_

from db.core.base import Base, NotAudited, key_to, now
from db.core.policy import visible_by_id
from db.core.policy_rules import UserOwned
from db.core.policy_scopes import VIEWER, administered_organizations
from db.models.conversations import Conversation


class UsageKind(StrEnum):
    """Purpose of a call."""

    REPLY = "REPLY"
    TITLE = "TITLE"
    EXTRACTION = "EXTRACTION"


@dataclass(frozen=True)
class Tokens:
    """Token counts of a call; cached tokens are part of the input, reasoning tokens of the output."""

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0
    is_estimated: bool = False

    @property
    def total(self) -> int:
        return self.input + self.output


class Usage(NotAudited, UserOwned, Base):
    """One call. It counts from `settled_at` on; before, it is a reservation of its maximum cost.

    Visible to the user, to the admins of the organization, and with the conversation.
    """

    __tablename__ = "usages"
    __table_args__ = (
        Index(None, "organization_id", "settled_at"),
        Index(None, "user_id", "settled_at"),
        Index(None, "conversation_id", "settled_at"),
        Index(None, "message_id", unique=True),
    )

    organization_id: Mapped[UUID] = mapped_column(key_to("organizations.id"))
    user_id: Mapped[UUID] = mapped_column(key_to("users.id"))
    conversation_id: Mapped[UUID]
    message_id: Mapped[UUID | None]
    kind: Mapped[UsageKind]
    model: Mapped[str]
    reserved_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    reserved_nanos: Mapped[int] = mapped_column(BigInteger, default=0)
    input_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    cached_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    output_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    reasoning_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    cost_nanos: Mapped[int] = mapped_column(BigInteger, default=0)
    is_estimated: Mapped[bool] = mapped_column(default=False)
    settled_at: Mapped[datetime | None]

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        return or_(
            row.user_id == VIEWER,
            row.organization_id.in_(administered_organizations()),
            visible_by_id(Conversation, row.conversation_id),
        )

    def settle(self, tokens: Tokens, cost_nanos: int) -> None:
        """Count the call from now on."""
        self.input_tokens, self.output_tokens = tokens.input, tokens.output
        self.cached_tokens, self.reasoning_tokens = tokens.cached, tokens.reasoning
        self.is_estimated, self.cost_nanos, self.settled_at = tokens.is_estimated, cost_nanos, now()


NANOS = 10**9  # money is stored in billionths of the currency's unit, so that sums are exact
