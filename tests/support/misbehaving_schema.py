"""A small schema that misbehaves on request, and an authentication to go with it."""

import asyncio
import secrets
import threading
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig

from errors import BadUserInput, Conflict, NotFound, Unauthenticated
from transport.core.callers import Authenticate, Caller

Anything = NewType("Anything", object)


@dataclass(frozen=True)
class Received:
    """File that the schema was given."""

    name: str
    size: int
    content: bytes


def received(value: Any) -> Received:
    if not hasattr(value, "file"):
        raise GraphQLError("Send a file.")
    value.file.seek(0)
    return Received(value.name, value.size, value.file.read())


Upload = NewType("Upload", object)


@dataclass
class World:
    """Record of events on the server; read by tests in another thread."""

    begun: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    mutations: int = 0
    revoked: bool = False
    callers: list[Caller] = field(default_factory=list)


@dataclass
class Viewer:
    world: World
    viewer_id: str | None
    expires_at: datetime | None = None
    set_cookies: tuple[str, ...] = ()
    request_id: str = ""


Info = strawberry.Info[Viewer, None]


def authentication(world: World) -> Authenticate:
    """`Bearer good`, `Bearer short` (ends after 0.4 s), `Bearer bug`; all others are refused."""

    async def authenticate(caller: Caller) -> Viewer:
        world.callers.append(caller)
        known = {
            None: Viewer(world, None),
            "Bearer good": Viewer(world, "viewer-1"),
            "Bearer short": Viewer(world, "viewer-2", datetime.now(UTC) + timedelta(seconds=0.4)),
        }
        if caller.authorization == "Bearer bug":
            raise RuntimeError("secret of the database")
        if world.revoked or caller.authorization not in known:
            raise Unauthenticated("The token was revoked: log in again.")
        viewer = known[caller.authorization]
        viewer.request_id = caller.request_id
        return viewer

    return authenticate


@strawberry.type
class Row:
    id: int
    name: str

    @strawberry.field
    def rows(self, first: int = 20) -> list["Row"]:
        return []


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"Hello {name}"

    @strawberry.field
    def viewer(self, info: Info) -> str | None:
        return info.context.viewer_id

    @strawberry.field
    def request_id(self, info: Info) -> str:
        return info.context.request_id

    @strawberry.field
    def rows(self, first: int = 20) -> list[Row]:
        return [Row(id=n, name=f"row {n}") for n in range(first)]

    @strawberry.field
    def anything(self) -> Anything:
        deep: object = 2**80
        for _ in range(300):
            deep = [deep]
        return Anything(deep)

    @strawberry.field
    def bug(self) -> str:
        raise RuntimeError("secret of the database")

    @strawberry.field
    def missing(self) -> str | None:
        raise NotFound

    @strawberry.field
    def refused(self) -> str | None:
        raise BadUserInput.of("name", "Names have letters.")

    @strawberry.field
    def conflict(self) -> str | None:
        raise Conflict(current={"value": 3})

    @strawberry.field
    async def slow(self, info: Info, seconds: float = 5) -> str:
        info.context.world.begun.set()
        await asyncio.sleep(seconds)
        return "done"

    @strawberry.field
    def bugs(self) -> list["Bug"]:
        return [Bug() for _ in range(50)]


@strawberry.type
class Bug:
    @strawberry.field
    def bug(self) -> str | None:
        raise BadUserInput("x" * 1000)


@strawberry.input
class FilesInput:
    files: list[Upload | None] = strawberry.field(default_factory=list)
    one: Upload | None = None


def shown(file: Any) -> str:
    return f"{file.name} {file.size} {sha256(file.content).hexdigest()[:8]}" if file else "nothing"


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def keep(self, info: Info, input: FilesInput, seconds: float = 0) -> list[str]:
        info.context.world.begun.set()
        await asyncio.sleep(seconds)
        info.context.world.mutations += 1
        return [shown(file) for file in [*input.files, input.one]]

    @strawberry.mutation
    async def bump(self, info: Info, seconds: float = 0) -> int:
        info.context.world.begun.set()
        await asyncio.sleep(seconds)
        info.context.world.mutations += 1
        return info.context.world.mutations


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int = 3) -> AsyncGenerator[int, None]:
        for n in range(to):
            yield n

    @strawberry.subscription
    async def forever(self, info: Info, large: bool = False) -> AsyncGenerator[str, None]:
        world = info.context.world
        world.begun.set()
        try:
            yield "first"
            while True:
                await asyncio.sleep(0 if large else 3600)
                yield secrets.token_hex(50_000)  # a compressed socket would hardly feel anything else
        finally:
            world.ended.set()

    @strawberry.subscription
    async def broken(self) -> AsyncGenerator[int, None]:
        yield 1
        raise RuntimeError("secret of the database")

    @strawberry.subscription
    async def absent(self, id: int) -> AsyncGenerator[int, None]:
        if id:
            raise NotFound
        yield 1


schema = strawberry.Schema(
    Query,
    Mutation,
    Subscription,
    config=StrawberryConfig(
        scalar_map={
            Anything: strawberry.scalar(name="Anything", serialize=lambda v: v),
            Upload: strawberry.scalar(name="Upload", parse_value=received),
        }
    ),
)
