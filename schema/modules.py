"""Modules with their readings, and the mutations that change and record them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.models import modules as rows
from db.sites import readings
from resolvers.sites import modules, sites
from resolvers.sites.readings import list_aggregates, list_readings, record_readings
from schema.base import Audited, Edge, Node, edge, enum, field, list_of, mutation, optional, output_type, page, required

if TYPE_CHECKING:
    from schema.sites import Site
else:  # a site lists its modules, and a module names its site
    Site = Annotated["Site", strawberry.lazy("schema.sites")]

enum(
    rows.ModuleStatus,
    ACTIVE="It works.",
    DEGRADED="It works badly.",
    OFFLINE="It is not heard of.",
    RETIRED="It is not used any more.",
)
enum(
    readings.Bucket,
    HOUR="From one full hour to the next.",
    DAY="From midnight to midnight.",
    MONTH="From the first of a month to the first of the next.",
)


@output_type
class Reading:
    """A number that a module measured."""

    metric: str = field("What was measured.")
    value: float = field("How much.")
    at: datetime = field("When.")


@output_type
class Aggregate:
    """What was measured in a stretch of time that has readings."""

    start: datetime = field("When the stretch begins, in UTC.")
    count: int = field("How many readings there are.")
    min: float = field("The smallest value.")
    max: float = field("The largest value.")
    mean: float = field("The mean of the values.")


@output_type
class Module(Node, Audited, row=rows.Module):
    """A device at a site."""

    name: str = field("What it is called.")
    kind: str = field("What it is.")
    serial_number: str | None = field("Its number.")
    status: rows.ModuleStatus = field("How it is.")
    last_seen_at: datetime | None = field("The newest moment that it sent a reading of; null before the first.")
    site = required(Site, sites.site_of, "Where it is.")
    readings = page(Reading, list_readings, "What it measured, by time.")
    aggregates = list_of(Aggregate, list_aggregates, "What it measured, summed up; only where there are readings.")


@output_type
class CreateModulePayload:
    """The new module."""

    module: Module = field("The new module.")
    module_edge: Edge[Module] = edge(Module, "module", "Its edge, for a list of them.")


@output_type
class UpdateModulePayload:
    """The changed module."""

    module: Module = field("As it is now.")


@output_type
class DeleteModulePayload:
    """The module that is gone."""

    deleted_id: strawberry.ID = field("The module that was deleted; restore brings it back.")


@output_type
class RecordReadingsPayload:
    """The readings are kept."""

    modules: list[Module] = field("The modules, in the order in which you named them first.")
    count: int = field("How many readings were kept: all that you sent.")


@strawberry.type
class Query:
    module = optional(Module, modules.module, "A module that you may see.")


@strawberry.type
class Mutation:
    create_module = mutation(CreateModulePayload, modules.create_module, "Add a module to a site.")
    update_module = mutation(
        UpdateModulePayload, modules.update_module, "Change a module; what is not named stays as it is."
    )
    delete_module = mutation(DeleteModulePayload, modules.delete_module, "Delete a module with its readings.")
    record_readings = mutation(
        RecordReadingsPayload, record_readings, "Keep what modules measured: all of it, or nothing."
    )
