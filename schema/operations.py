"""Mutations with one input and one payload, subscriptions, and unions of their events."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from inspect import Parameter, signature
from typing import Annotated, Any, TypeVar, Union

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.extensions import FieldExtension
from strawberry.field_extensions import InputMutationExtension
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from db.core.audit_context import AuditContext, audit_context
from execution.access import PUBLIC, WITHOUT_CREDENTIALS
from execution.positions import POSITION
from schema.base import Shows

R = TypeVar("R")
R1 = TypeVar("R1")
R2 = TypeVar("R2")
R3 = TypeVar("R3")


class OneInput(InputMutationExtension):
    """Extension that turns a resolver's arguments, if it has any, into the fields of one argument `input`.

    The argument may be left out when each of the fields may be.
    """

    def apply(self, field: StrawberryField) -> None:
        if not field.arguments:
            return
        super().apply(field)
        (argument,) = field.arguments
        input_type: Any = argument.type_annotation.annotation
        definition = input_type.__strawberry_definition__
        argument.description = definition.description = _input_description(field)
        resolver: Any = field.base_resolver
        declared = signature(resolver.wrapped_func).parameters
        if all(declared[part.python_name].default is not Parameter.empty for part in definition.fields):
            argument.type_annotation = StrawberryAnnotation(input_type | None)

    def map_arguments(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        if kwargs.get("input") is not None:
            return super().map_arguments(kwargs)
        kwargs.pop("input", None)
        return kwargs


def _input_description(field: StrawberryField) -> str:
    """Return the first sentence of the mutation's description as the purpose of its input."""
    purpose = (field.description or "").partition(". ")[0].rstrip(".")
    name = to_camel_case(field.graphql_name or field.python_name)
    return f"Input of `{name}`: {purpose[:1].lower()}{purpose[1:]}."


class AuditedWrites(FieldExtension):
    """Extension that records the mutation as the cause of everything its resolver writes."""

    async def resolve_async(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Any:
        origin = info.context.origin
        with audit_context(AuditContext(info.field_name, origin.ip_address, origin.request_id or None)):
            return await next_(source, info, **kwargs)


def mutation(
    output: type[Shows[R]],
    resolver: Callable[..., Awaitable[R]],
    description: str,
    *,
    public: bool = False,
    ignores_credentials: bool = False,
) -> Any:
    """Declare a mutation; the resolver's arguments become the fields of its one `input`.

    Callers must be signed in, unless it is `public`. One that `ignores_credentials` is public, and works with an
    expired access token too.
    """
    return strawberry.mutation(
        resolver=resolver,
        graphql_type=output,
        description=description,
        extensions=[OneInput(), AuditedWrites()],
        metadata=WITHOUT_CREDENTIALS if ignores_credentials else PUBLIC if public else None,
    )


def subscription(
    output: type[Shows[R]],
    resolver: Callable[..., AsyncGenerator[R, None]],
    description: str,
    *,
    position: Callable[[R], str | None] | None = None,
) -> Any:
    """Declare a subscription.

    `position` returns where an event is, so that an event source which reconnects can resume after it; the resolver
    then takes the position from `Context.resumed_after`.
    """
    metadata = None if position is None else {POSITION: position}
    return strawberry.subscription(resolver=resolver, graphql_type=output, description=description, metadata=metadata)


def union(
    name: str, first: type[Shows[R1]], second: type[Shows[R2]], third: type[Shows[R3]], description: str
) -> type[Shows[R1 | R2 | R3]]:
    """Declare a union of three output types; each needs `is_type_of`."""
    members: Any = Union[first, second, third]  # noqa: UP007  # types known at run time only
    output: Any = Annotated[members, strawberry.union(name, description=description)]
    return output  # type: ignore[no-any-return]
