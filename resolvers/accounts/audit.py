"""Audit log, as clients read it."""

import re
from datetime import datetime
from functools import cache
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import argument
from strawberry.utils.str_converters import to_camel_case

from db.accounts import audit
from db.core.base import Base
from db.models.audit import AuditEntry
from db.models.organizations import Organization
from db.models.users import User
from errors import NotFound
from resolvers.core.context import Info
from resolvers.core.ids import decode, decode_optional_id, global_id_of_type
from resolvers.core.pages import KeysetPage

# References are stored as `Model:id`.
REFERENCE = re.compile(r"([A-Z]\w*):([0-9a-f]{32})")


def list_entries(
    info: Info,
    organization_id: Annotated[strawberry.ID | None, argument(description="Only those of this organization.")] = None,
    actor_id: Annotated[strawberry.ID | None, argument(description="Id of a user: only entries of this actor.")] = None,
    subject_id: Annotated[
        strawberry.ID | None, argument(description="Id of any object: only entries about it.")
    ] = None,
    action: Annotated[
        str | None, argument(description="Name of a mutation, such as `updateSite`, or of a job: only its entries.")
    ] = None,
) -> KeysetPage[AuditEntry]:
    return info.context.page(
        audit.all_entries,
        organization_id=decode_optional_id(organization_id, Organization),
        actor_id=decode_optional_id(actor_id, User),
        subject_id=_subject(subject_id),
        action=action,
    )


def _subject(id_: str | None) -> UUID | None:
    if id_ is None:
        return None
    # The subject may be of any type or erased, so only the form of the id is checked.
    decoded = decode(id_)
    if decoded is None:
        raise NotFound("No object has this id, or you may not see it.")
    return decoded[1]


def at(root: strawberry.Parent[Any]) -> datetime:
    moment: datetime = root.created_at
    return moment


async def actor(root: strawberry.Parent[Any], info: Info) -> User | None:
    return await info.context.by_id(User, root.created_by_id)


async def organization_of(root: strawberry.Parent[Any], info: Info) -> Organization | None:
    return await info.context.by_id(Organization, root.organization_id)


def subject_id(root: strawberry.Parent[Any]) -> strawberry.ID | None:
    return _global_id(root.subject_type, root.subject_id)


def before(root: strawberry.Parent[Any]) -> Any:
    return _for_clients(root.before)


def after(root: strawberry.Parent[Any]) -> Any:
    return _for_clients(root.after)


def _for_clients(values: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the values under the names of GraphQL fields, with global ids for references."""
    if values is None:
        return None
    return {to_camel_case(name): _value(name, value) for name, value in values.items()}


def _value(name: str, value: Any) -> Any:
    reference = REFERENCE.fullmatch(value) if name.endswith("_id") and isinstance(value, str) else None
    return value if reference is None else _global_id(reference[1], UUID(reference[2]))


def _global_id(model_name: str, id_: UUID) -> strawberry.ID | None:
    model = _models().get(model_name)
    return None if model is None else global_id_of_type(model, id_)


@cache
def _models() -> dict[str, type[Base]]:
    return {mapper.class_.__name__: mapper.class_ for mapper in Base.registry.mappers}
