"""Modules and their readings: make, change, record, sum up."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import UNSET

from auth.viewer import Viewer
from db.core.engine import Database
from db.models.modules import Module, ModuleStatus
from db.models.readings import Reading
from db.models.sites import Site
from db.sites import modules, readings
from db.sites.modules import Beginning
from db.sites.readings import Aggregate, Bucket, Measured, checked_moment
from errors import BadUserInput
from resolvers.core.context import IdempotencyKey, Info
from resolvers.core.ids import global_id, key, typed
from resolvers.core.pages import Asked, IncludeDeleted, KeysetPage, Slice, slice_of

says = strawberry.argument
ModuleId = Annotated[strawberry.ID, says(description="The module.")]
NOTHING = UUID(int=0)


@strawberry.input(description="A number that a module measured.")
class ReadingInput:
    module_id: strawberry.ID = strawberry.field(description="What measured it.")
    metric: str = strawberry.field(description="What was measured, as `temperature`: 1 to 100 characters.")
    value: float = strawberry.field(description="How much: a finite number of at most 1e100 either way.")
    at: datetime = strawberry.field(description="When; without a zone it is read as UTC.")


@dataclass(frozen=True)
class Changed:
    module: Module


@dataclass(frozen=True)
class Deleted:
    deleted_id: strawberry.ID


@dataclass(frozen=True)
class Recorded:
    modules: list[Module]
    count: int


class ReadingPage:
    """A page of the readings of a module by time; the cursor is the moment and the id of one."""

    def __init__(self, database: Database, viewer: Viewer, module_id: UUID, limits: dict[str, Any]) -> None:
        self._database, self._viewer = database, viewer
        self._shape = frozenset(limits)
        self._given = {"module_id": module_id, **limits}

    async def load(self, asked: Asked) -> Slice[Reading]:
        place = {} if asked.cursor is None else _decode(asked.cursor, asked.cursor_name)
        query = readings.page(self._shape, is_first=asked.cursor is None, backwards=asked.backwards)
        given = {**self._given, **place, "limit": asked.size + 1}
        found = await self._database.read(query, self._viewer, **given)
        return slice_of(found, _encode, asked)

    async def total(self) -> int:
        (row,) = await self._database.read(readings.total(self._shape), self._viewer, **self._given)
        return int(row.total)


def _encode(row: Reading) -> str:
    place = row.id.bytes + row.at.astimezone(UTC).isoformat().encode()
    return urlsafe_b64encode(place).decode().rstrip("=")


def _decode(cursor: str, name: str) -> dict[str, Any]:
    try:
        place = urlsafe_b64decode(cursor[:200] + "=" * (-len(cursor[:200]) % 4))
        at = checked_moment(datetime.fromisoformat(place[16:].decode()), name)
        return {"cursor_id": UUID(bytes=place[:16]), "cursor_at": at}
    except (Error, ValueError, BadUserInput):
        raise BadUserInput.of(
            name, "This is no cursor of this list: send an endCursor or startCursor as it came."
        ) from None


async def module(info: Info, id: Annotated[strawberry.ID, says(description="Which one.")]) -> Module | None:
    return await info.context.find(Module, id)


def list_modules_of_site(
    root: strawberry.Parent[Any], info: Info, include_deleted: IncludeDeleted = False
) -> KeysetPage[Module]:
    listing = modules.of_site
    return info.context.page(listing.with_deleted if include_deleted else listing, site_id=root.id)


def list_readings(
    root: strawberry.Parent[Any],
    info: Info,
    metric: Annotated[str | None, says(description="Only of one metric.")] = None,
    from_: Annotated[datetime | None, says(name="from", description="Only from this moment on.")] = None,
    to: Annotated[datetime | None, says(description="Only before this moment.")] = None,
) -> ReadingPage:
    limits = {
        "metric": None if metric is None else readings.checked_metric(metric, "metric"),
        "start": None if from_ is None else checked_moment(from_, "from"),
        "end": None if to is None else checked_moment(to, "to"),
    }
    given = {name: value for name, value in limits.items() if value is not None}
    return ReadingPage(info.context.backend.database, info.context.viewer, root.id, given)


async def list_aggregates(
    root: strawberry.Parent[Any],
    info: Info,
    metric: Annotated[str, says(description="What was measured.")],
    from_: Annotated[datetime, says(name="from", description="From this moment on.")],
    to: Annotated[datetime, says(description="Before this moment.")],
    bucket: Annotated[Bucket, says(description="How long each stretch is; at most 10,000 of them.")],
) -> list[Aggregate]:
    start, end = checked_moment(from_, "from"), checked_moment(to, "to")
    readings.check_span(bucket, start, end)
    given: dict[str, Any] = {"metric": readings.checked_metric(metric, "metric"), "start": start, "end": end}
    database, viewer = info.context.backend.database, info.context.viewer
    # Streamed, because what it goes through has no bound though what it answers has.
    batches = database.stream(readings.summary(bucket), viewer, module_id=root.id, **given)
    return [readings.aggregate(row) async for rows in batches for row in rows]


async def create_module(
    info: Info,
    site_id: Annotated[strawberry.ID, says(description="Where it is.")],
    name: Annotated[str, says(description="What it is called: 1 to 100 characters.")],
    kind: Annotated[str, says(description="What it is, as `pump`: 1 to 100 characters.")],
    serial_number: Annotated[str | None, says(description="Its number: at most 100 characters.")] = None,
    status: Annotated[ModuleStatus, says(description="How it is.")] = ModuleStatus.ACTIVE,
    idempotency_key: IdempotencyKey = None,
) -> Changed:
    beginning = Beginning(key(site_id, Site), name, kind, serial_number, status)
    return Changed(await info.context.write(modules.create, beginning, idempotency_key))


async def update_module(
    info: Info,
    id: ModuleId,
    name: Annotated[str | None, says(description="A new name.")] = UNSET,
    kind: Annotated[str | None, says(description="What it is.")] = UNSET,
    serial_number: Annotated[str | None, says(description="Its number; null for none.")] = UNSET,
    status: Annotated[ModuleStatus | None, says(description="How it is.")] = UNSET,
) -> Changed:
    given = {"name": name, "kind": kind, "serial_number": serial_number, "status": status}
    changes = {name: value for name, value in given.items() if value is not UNSET}
    return Changed(await info.context.write(modules.update, key(id, Module), changes))


async def delete_module(info: Info, id: ModuleId) -> Deleted:
    return Deleted(global_id(Module, await info.context.write(modules.delete, key(id, Module))))


async def record_readings(
    info: Info,
    readings_: Annotated[
        list[ReadingInput], says(name="readings", description="1 to 1,000 readings: all are kept, or none.")
    ],
    idempotency_key: IdempotencyKey = None,
) -> Recorded:
    # An id of nothing is found out with all other mistakes.
    measured = [Measured(typed(r.module_id, Module) or NOTHING, r.metric, r.value, r.at) for r in readings_]
    return Recorded(await info.context.write(readings.record, measured, idempotency_key), len(measured))
