"""Usage of models: a row for each call with its tokens and cost, which outlives its conversation."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import func, select

from db.core.session import Session
from db.models.usage import NANOS, Tokens, Usage, UsageKind

MILLION = 10**6
EPOCH, FAR_FUTURE = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text: one for four bytes of UTF-8, rounded up."""
    return -(-len(text.encode(errors="replace")) // 4)


@dataclass(frozen=True)
class ModelTerms:
    """Limits of a model in tokens, and its current prices for a million tokens."""

    context_window: int
    max_output: int
    input: Decimal = Decimal(0)
    cached: Decimal = Decimal(0)
    output: Decimal = Decimal(0)
    reasoning: Decimal = Decimal(0)

    def cost(self, tokens: Tokens) -> int:
        """Return the cost in nanos (billionths of the currency unit), rounded half to even."""
        cached, reasoning = min(tokens.cached, tokens.input), min(tokens.reasoning, tokens.output)
        price = (tokens.input - cached) * self.input + cached * self.cached
        price += (tokens.output - reasoning) * self.output + reasoning * self.reasoning
        return int((price * NANOS / MILLION).to_integral_value(ROUND_HALF_EVEN))


# Terms by model name, the server's default model first; a model that costs nothing has None.
Models: TypeAlias = Mapping[str, ModelTerms | None]


def spent_since(session: Session, organization_id: UUID, moment: datetime) -> tuple[int, int]:
    """Return the tokens and nanos that an organization has settled since a moment; only admins see them."""
    total = func.coalesce(func.sum(Usage.input_tokens + Usage.output_tokens), 0)
    query = select(total, func.coalesce(func.sum(Usage.cost_nanos), 0)).select_from(Usage)
    row = session.execute(query.where(Usage.organization_id == organization_id, Usage.settled_at >= moment)).one()
    return int(row[0]), int(row[1])


def reserved_now(session: Session, organization_id: UUID) -> tuple[int, int]:
    """Return the tokens and nanos that an organization has reserved and not settled; only admins see them."""
    sums = func.coalesce(func.sum(Usage.reserved_tokens), 0), func.coalesce(func.sum(Usage.reserved_nanos), 0)
    query = select(*sums).select_from(Usage)
    row = session.execute(query.where(Usage.organization_id == organization_id, Usage.settled_at.is_(None))).one()
    return int(row[0]), int(row[1])


def last_context_tokens(session: Session, conversation_id: UUID) -> int:
    """Return the tokens that a conversation's last reply read and wrote, to estimate what the next one reads."""
    query = select(Usage).where(Usage.conversation_id == conversation_id, Usage.settled_at.is_not(None))
    query = query.where(Usage.kind == UsageKind.REPLY)
    last = session.scalars(query.order_by(Usage.settled_at.desc()).limit(1)).one_or_none()
    return 0 if last is None else last.input_tokens + last.output_tokens
