"""Idempotency keys: a request that is repeated with the same key returns the first result."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import Base, Json, NotAudited, now
from db.core.policy_rules import UserOwned
from db.core.session import Session
from errors import BadUserInput

T = TypeVar("T")

RETENTION = timedelta(hours=24)
MAX_LENGTH = 255


class IdempotencyKey(NotAudited, UserOwned, Base):
    """Key of a user for one operation, with the ids of the rows that the first call created."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        UniqueConstraint("user_id", "operation", "key", name="uq_idempotency_keys"),
        Index(None, "created_at"),
    )

    user_id: Mapped[UUID]
    operation: Mapped[str]
    key: Mapped[str]
    result: Mapped[Json] = mapped_column()


def idempotent(
    session: Session,
    operation: str,
    key: str | None,
    create: Callable[[], T],
    result_ids: Callable[[T], list[UUID]],
    load: Callable[[list[UUID]], T],
) -> T:
    """Create a result, or load the result that the same key created before.

    `result_ids` returns the ids to store; `load` reads the result back from them.
    """
    if key is None:
        return create()
    check_key(key)
    stored = session.scalars(
        select(IdempotencyKey)
        .where(
            IdempotencyKey.user_id == session.user_id,
            IdempotencyKey.operation == operation,
            IdempotencyKey.key == key,
        )
        .with_for_update()
    ).one_or_none()
    if stored is not None and stored.created_at > now() - RETENTION:
        return load([UUID(id_) for id_ in stored.result])
    if stored is None:
        stored = remember(session, session.user_id, operation, key, [])
        # Insert before creating anything: a concurrent request with this key then waits here and finds the result.
        session.flush()
    created = create()
    stored.result, stored.created_at = [str(id_) for id_ in result_ids(created)], now()
    return created


def remember(session: Session, user_id: UUID, operation: str, key: str, ids: list[UUID]) -> IdempotencyKey:
    """Store the ids that a key created."""
    check_key(key)
    stored = IdempotencyKey(user_id=user_id, operation=operation, key=key, result=[str(id_) for id_ in ids])
    session.add(stored)
    return stored


def check_key(key: str) -> None:
    """Raise BadUserInput unless the key is valid."""
    if not 1 <= len(key) <= MAX_LENGTH or "\x00" in key:
        raise BadUserInput.of(
            "idempotencyKey", f"Send a key of 1 to {MAX_LENGTH} characters without a NUL character, or none."
        )
