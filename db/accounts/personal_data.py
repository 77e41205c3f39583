"""Everything that the database has of one person, model by model: own rows, and the children of these."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, or_, select
from sqlalchemy.sql import ColumnElement

from db.core.base import Base, Child, NotAudited
from db.core.idempotency import IdempotencyKey
from db.core.policy_rules import SystemOnly
from db.core.session import INSIDE, Session
from db.core.validation import normalized_email
from db.models.audit import AuditEntry
from db.models.jobs import Job
from db.models.memberships import Membership
from db.models.messages import Message
from db.models.organizations import Organization
from db.models.users import User
from errors import NotFound

BATCH = 500
OWNER_COLUMNS = ("owner_id", "user_id")
BOOKKEEPING: frozenset[type[Base]] = frozenset({Job, IdempotencyKey})  # arguments of mails are tokens
# Things that a person does in those of others: questions in a shared conversation, entries of the audit log.
WRITTEN: frozenset[type[Base]] = frozenset({Message, AuditEntry})


def models() -> Iterator[type[Base]]:
    """Yield the models with data of people, in the order of the names of their tables.

    The product's own bookkeeping is left out.
    """
    mapped: list[type[Base]] = [mapper.class_ for mapper in Base.registry.mappers]
    for model in sorted(mapped, key=lambda model: model.__tablename__):
        is_internal = model in BOOKKEEPING or (issubclass(model, SystemOnly) and issubclass(model, NotAudited))
        if (model in WRITTEN or not is_internal) and _conditions(model, UUID(int=0)):
            yield model


def person_id(session: Session, email: str) -> UUID:
    """Return the id of the account with an address. Raises NotFound."""
    user = session.scalars(select(User).where(User.email == normalized_email(email))).one_or_none()
    if user is None:
        raise NotFound(f"There is no account with the address {email.strip()}. List the accounts with `users list`.")
    return user.id


def batch_of(session: Session, model: type[Base], user_id: UUID, after: UUID | None) -> list[dict[str, Any]]:
    """Return the next BATCH rows of a model that are of a person, also deleted ones, without secrets."""
    columns = {column.key: getattr(model, column.key) for column in model.__mapper__.column_attrs}
    readable = {key: column for key, column in columns.items() if not _is_secret(key, column)}
    query = select(*readable.values()).where(or_(*_conditions(model, user_id))).order_by(model.id).limit(BATCH)
    if after is not None:
        query = query.where(model.id > after)
    rows = session.execute(query, execution_options=INSIDE)
    return [dict(zip(readable, row, strict=True)) for row in rows]


def _is_secret(key: str, column: Any) -> bool:
    """Return True for hashes of passwords, and for digests and encrypted tokens, which alone are binary."""
    return key.endswith("_hash") or isinstance(column.type, LargeBinary)


def _conditions(model: Any, user_id: UUID) -> list[ColumnElement[bool]]:
    """Return the conditions of which one holds for a person's rows; none for a model without such rows."""
    own_memberships = select(Membership.organization_id).where(Membership.user_id == user_id)
    if model is User:
        return [User.id == user_id]
    if model is Organization:
        return [Organization.id.in_(own_memberships)]
    columns = model.__mapper__.columns
    conditions = [getattr(model, name) == user_id for name in OWNER_COLUMNS if name in columns]
    if "organization_id" in columns:
        personal = select(Organization.id).where(Organization.is_personal, Organization.id.in_(own_memberships))
        conditions.append(model.organization_id.in_(personal))
    if issubclass(model, Child) and (parent := _conditions(model.parent, user_id)):
        conditions.append(getattr(model, model.parent_key).in_(select(model.parent.id).where(or_(*parent))))
    if model in WRITTEN:
        conditions.append(model.created_by_id == user_id)
    return conditions
