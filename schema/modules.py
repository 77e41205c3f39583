"""Modules (devices at a site) and the mutations that change them."""

from datetime import datetime

import strawberry

from db import models
from resolvers.sites import modules, sites
from resolvers.sites.readings import list_aggregates, list_readings
from schema.base import Audited, Node, Shows, TypeOf, enum, field, list_of, optional, output_type, required
from schema.connections import Edge, edge, page
from schema.operations import mutation
from schema.readings import Aggregate

enum(
    models.modules.ModuleStatus,
    ACTIVE="Works.",
    DEGRADED="Works with problems.",
    OFFLINE="Not reachable.",
    RETIRED="No longer in use.",
)


@output_type
class Module(Node, Audited, Shows[models.modules.Module]):
    """A device at a site, which records readings."""

    name: str = field("Name of the module.")
    kind: str = field("Kind of device, for example `pump`.")
    serial_number: str | None = field("Serial number.")
    status: models.modules.ModuleStatus = field("Operating state.")
    last_seen_at: datetime | None = field("Time of the module's newest reading; null before the first.")
    site = required(TypeOf[models.sites.Site], sites.site_of, "Site at which the module is installed.")
    readings = page(TypeOf[models.readings.Reading], list_readings, "Readings in the order of time.")
    aggregates = list_of(
        Aggregate, list_aggregates, "Readings summed up per hour, day or month; periods without readings are left out."
    )


@output_type
class CreateModulePayload(Shows[modules.ModuleResult]):
    """Result of `createModule`."""

    module: Module = field("The new module.")
    module_edge: Edge[Module] = edge(Module, "module", "Edge of the module, for lists.")


@output_type
class UpdateModulePayload(Shows[modules.ModuleResult]):
    """Result of `updateModule`."""

    module: Module = field("The module after the change.")


@output_type
class DeleteModulePayload(Shows[modules.DeleteModuleResult]):
    """Result of `deleteModule`."""

    deleted_id: strawberry.ID = field("Id of the deleted module, for `restore`.")


@strawberry.type
class Query:
    module = optional(Module, modules.module, "A module by id; null when you may not see it.")


@strawberry.type
class Mutation:
    create_module = mutation(CreateModulePayload, modules.create_module, "Add a module to a site.")
    update_module = mutation(
        UpdateModulePayload, modules.update_module, "Change a module. Fields that are not sent keep their values."
    )
    delete_module = mutation(DeleteModulePayload, modules.delete_module, "Delete a module with its readings.")
