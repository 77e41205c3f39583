"""A schema with every kind of field."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Annotated, Any

import strawberry
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.types.base_scalars import DecimalDefinition

from execution.plans import BATCH

Info = strawberry.Info[Any, None]


def of_decimal(value: Decimal) -> str | None:
    """Serialize a number; refuse negative ones, and return None for zero, which no scalar may."""
    if value < 0:
        raise ValueError("negative")
    return str(value) if value else None


@strawberry.enum
class Color(StrEnum):
    RED = "red"
    BLUE = "blue"


@strawberry.enum
class Size(Enum):
    SMALL = 1
    LARGE = 2


@strawberry.interface
class Named:
    name: str

    @classmethod
    def resolve_type(cls, value: Any, *_: Any) -> str:
        return str(value.kind)


def shout(root: strawberry.Parent[Any]) -> str:
    return str(root.name.upper())


def whisper(root: strawberry.Parent[Any]) -> str | None:
    if root.whisper is None:
        raise RuntimeError("silence")
    return str(root.whisper)


def later_or_now(root: strawberry.Parent[Any]) -> str | None:
    """Return a value or sometimes a coroutine, without being a coroutine function."""
    result: Any = _soon(root.text) if root.is_late else root.text
    return result  # type: ignore[no-any-return]  # awaited by whoever calls it


async def _soon(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


async def soon(root: strawberry.Parent[Any]) -> str:
    return str(await _soon(root.text))


def sized(root: strawberry.Parent[Any], size: int = 1) -> str:
    return str(root.text)[:size]


def located(root: strawberry.Parent[Any], info: Info) -> str:
    return f"{root.text} at {info.path.key}"


async def ranks(roots: Sequence[Any], info: Info) -> list[int | None]:
    info.context.append(len(roots))
    await asyncio.sleep(0)
    if any(root.rank is None for root in roots):
        raise RuntimeError("one has no rank")
    return [root.rank for root in roots]


async def rank(root: strawberry.Parent[Any], info: Info) -> int | None:
    (value,) = await ranks([root], info)
    return value


@strawberry.type
class Thing(Named):
    id: strawberry.ID
    text: str
    note: str | None
    number: int
    ratio: float | None
    flag: bool
    color: Color
    size: Size | None
    moment: datetime
    price: Decimal | None
    data: JSON | None
    tags: list[str]
    maybe_tags: list[str | None] | None
    shout: str = strawberry.field(resolver=shout)
    whisper: str | None = strawberry.field(resolver=whisper)
    late: str | None = strawberry.field(resolver=later_or_now)
    soon: str = strawberry.field(resolver=soon)
    sized: str = strawberry.field(resolver=sized)
    located: str = strawberry.field(resolver=located)
    rank: int | None = strawberry.field(resolver=rank, metadata={BATCH: ranks})
    child: "Thing | None"
    things: list["Thing"]
    maybe_things: list["Thing | None"] | None
    named: Named | None
    box: "Box | None"
    any: "Annotated[Thing | Other, strawberry.union('Any')] | None"

    @classmethod
    def is_type_of(cls, value: Any, _: Any) -> bool:
        return bool(value.kind == "Thing")


@strawberry.type
class Other(Named):
    text: str | None
    thing: Thing | None

    @classmethod
    def is_type_of(cls, value: Any, _: Any) -> bool:
        return bool(value.kind == "Other")


@strawberry.type
class Box:
    """A type that says of no value whether it is its own."""

    things: list[Thing]
    first: Thing | None


@strawberry.type
class Query:
    things: list[Thing]
    maybe: Thing | None
    box: Box | None


schema = strawberry.Schema(
    Query, config=StrawberryConfig(scalar_map={Decimal: replace(DecimalDefinition, serialize=of_decimal)})
)
