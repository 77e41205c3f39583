"""Modules with their readings, and the mutations that change and record them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.models import modules as rows
from db.sites import readings
from resolvers.sites import modules, sites
from schema.base import Audited, Edge, Node, change, choice, edge, many, maybe, one, page, says, shows

if TYPE_CHECKING:
    from schema.sites import Site
else:  # a site lists its modules, and a module names its site
    Site = Annotated["Site", strawberry.lazy("schema.sites")]

choice(
    rows.ModuleStatus,
    ACTIVE="It works.",
    DEGRADED="It works badly.",
    OFFLINE="It is not heard of.",
    RETIRED="It is not used any more.",
)
choice(
    readings.Bucket,
    HOUR="From one full hour to the next.",
    DAY="From midnight to midnight.",
    MONTH="From the first of a month to the first of the next.",
)


@shows
class Reading:
    """A number that a module measured."""

    metric: str = says("What was measured.")
    value: float = says("How much.")
    at: datetime = says("When.")


@shows
class Aggregate:
    """What was measured in a stretch of time that has readings."""

    start: datetime = says("When the stretch begins, in UTC.")
    count: int = says("How many readings there are.")
    min: float = says("The smallest value.")
    max: float = says("The largest value.")
    mean: float = says("The mean of the values.")


@shows
class Module(Node, Audited, row=rows.Module):
    """A device at a site."""

    name: str = says("What it is called.")
    kind: str = says("What it is.")
    serial_number: str | None = says("Its number.")
    status: rows.ModuleStatus = says("How it is.")
    last_seen_at: datetime | None = says("The newest moment that it sent a reading of; null before the first.")
    site = one(Site, sites.site_of, "Where it is.")
    readings = page(Reading, modules.list_readings, "What it measured, by time.")
    aggregates = many(Aggregate, modules.list_aggregates, "What it measured, summed up; only where there are readings.")


@shows
class CreateModulePayload:
    """The new module."""

    module: Module = says("The new module.")
    module_edge: Edge[Module] = edge(Module, "module", "Its edge, for a list of them.")


@shows
class UpdateModulePayload:
    """The changed module."""

    module: Module = says("As it is now.")


@shows
class DeleteModulePayload:
    """The module that is gone."""

    deleted_id: strawberry.ID = says("The module that was deleted; restore brings it back.")


@shows
class RecordReadingsPayload:
    """The readings are kept."""

    modules: list[Module] = says("The modules, in the order in which you named them first.")
    count: int = says("How many readings were kept: all that you sent.")


@strawberry.type
class Query:
    module = maybe(Module, modules.module, "A module that you may see.")


@strawberry.type
class Mutation:
    create_module = change(CreateModulePayload, modules.create_module, "Add a module to a site.")
    update_module = change(
        UpdateModulePayload, modules.update_module, "Change a module; what is not named stays as it is."
    )
    delete_module = change(DeleteModulePayload, modules.delete_module, "Delete a module with its readings.")
    record_readings = change(
        RecordReadingsPayload, modules.record_readings, "Keep what modules measured: all of it, or nothing."
    )
