"""Readings of modules: record, list and aggregate them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import argument

from auth.viewer import Viewer
from db.core.engine import Database
from db.models.modules import Module
from db.models.readings import Reading
from db.sites import readings
from db.sites.readings import Aggregate, Bucket, NewReading, checked_moment
from errors import BadUserInput
from resolvers.core.context import IdempotencyKey, Info
from resolvers.core.ids import decode_or_none
from resolvers.core.pages import PageArguments, Slice, invalid_cursor, slice_of

NO_MODULE = UUID(int=0)


@strawberry.input(description="Value measured by a module.")
class ReadingInput:
    module_id: strawberry.ID = strawberry.field(description="Id of the module.")
    metric: str = strawberry.field(description="Measured quantity, such as `temperature`: 1 to 100 characters.")
    value: float = strawberry.field(description="Measured value: a finite number between -1e100 and 1e100.")
    at: datetime = strawberry.field(description="Time of the measurement; without an offset it is UTC.")


@dataclass(frozen=True)
class RecordReadingsResult:
    modules: list[Module]
    count: int


class ReadingPage:
    """Page of the readings of a module by time; the cursor is the time and the id of a reading."""

    def __init__(self, database: Database, viewer: Viewer, module_id: UUID, limits: dict[str, Any]) -> None:
        self._database, self._viewer = database, viewer
        self._shape = frozenset(limits)
        self._arguments = {"module_id": module_id, **limits}

    async def load(self, page: PageArguments) -> Slice[Reading]:
        cursor = {} if page.cursor is None else _decode(page.cursor, page.cursor_name)
        query = readings.page(self._shape, is_first=page.cursor is None, backwards=page.backwards)
        arguments = {**self._arguments, **cursor, "limit": page.size + 1}
        rows = await self._database.read(query, self._viewer, **arguments)
        return slice_of(rows, _encode, page)

    async def total(self) -> int:
        (row,) = await self._database.read(readings.total(self._shape), self._viewer, **self._arguments)
        return int(row.total)


def _encode(row: Reading) -> str:
    cursor = row.id.bytes + row.at.astimezone(UTC).isoformat().encode()
    return urlsafe_b64encode(cursor).decode().rstrip("=")


def _decode(cursor: str, field: str) -> dict[str, Any]:
    try:
        # No valid cursor has 200 characters, and decoding megabytes takes time.
        decoded = urlsafe_b64decode(cursor[:200] + "=" * (-len(cursor[:200]) % 4))
        at = checked_moment(datetime.fromisoformat(decoded[16:].decode()), field)
        return {"cursor_id": UUID(bytes=decoded[:16]), "cursor_at": at}
    except (Error, ValueError, BadUserInput):
        raise invalid_cursor(field) from None


def list_readings(
    root: strawberry.Parent[Any],
    info: Info,
    metric: Annotated[str | None, argument(description="Only readings of this metric.")] = None,
    from_: Annotated[datetime | None, argument(name="from", description="Start of the period, inclusive.")] = None,
    to: Annotated[datetime | None, argument(description="End of the period, exclusive.")] = None,
) -> ReadingPage:
    limits = {
        "metric": None if metric is None else readings.checked_metric(metric, "metric"),
        "start": None if from_ is None else checked_moment(from_, "from"),
        "end": None if to is None else checked_moment(to, "to"),
    }
    arguments = {name: value for name, value in limits.items() if value is not None}
    return ReadingPage(info.context.backend.database, info.context.viewer, root.id, arguments)


async def list_aggregates(
    root: strawberry.Parent[Any],
    info: Info,
    metric: Annotated[str, argument(description="Metric, such as `temperature`.")],
    from_: Annotated[datetime, argument(name="from", description="Start of the period, inclusive.")],
    to: Annotated[datetime, argument(description="End of the period, exclusive.")],
    bucket: Annotated[Bucket, argument(description="Length of each interval; the period has at most 10,000 of them.")],
) -> list[Aggregate]:
    start, end = checked_moment(from_, "from"), checked_moment(to, "to")
    readings.check_span(bucket, start, end)
    arguments: dict[str, Any] = {"metric": readings.checked_metric(metric, "metric"), "since": start, "until": end}
    database, viewer = info.context.backend.database, info.context.viewer
    # Streamed off the event loop: the intervals are limited, the readings in them are not.
    batches = database.stream(readings.summary(bucket), viewer, module_id=root.id, **arguments)
    return [readings.aggregate(row) async for rows in batches for row in rows]


async def record_readings(
    info: Info,
    readings_: Annotated[
        list[ReadingInput], argument(name="readings", description="1 to 1,000 readings; all are recorded, or none.")
    ],
    idempotency_key: IdempotencyKey = None,
) -> RecordReadingsResult:
    # An invalid id becomes one that no module has, and is reported together with the other invalid readings.
    measured = [
        NewReading(decode_or_none(r.module_id, Module) or NO_MODULE, r.metric, r.value, r.at) for r in readings_
    ]
    return RecordReadingsResult(await info.context.write(readings.record, measured, idempotency_key), len(measured))
