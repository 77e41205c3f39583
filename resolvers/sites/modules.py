"""Modules: list, create, update and delete them."""

from dataclasses import dataclass
from typing import Annotated, Any

import strawberry
from strawberry import UNSET, argument

from db.models.modules import Module, ModuleStatus
from db.models.sites import Site
from db.sites import modules
from db.sites.modules import NewModule
from resolvers.core.context import IdempotencyKey, Info
from resolvers.core.ids import decode_id, global_id
from resolvers.core.pages import IncludeDeleted, KeysetPage

ModuleId = Annotated[strawberry.ID, argument(description="Id of the module.")]


@dataclass(frozen=True)
class ModuleResult:
    module: Module


@dataclass(frozen=True)
class DeleteModuleResult:
    deleted_id: strawberry.ID


async def module(info: Info, id: Annotated[strawberry.ID, argument(description="Id of the module.")]) -> Module | None:
    return await info.context.find(Module, id)


def list_modules_of_site(
    root: strawberry.Parent[Any], info: Info, include_deleted: IncludeDeleted = False
) -> KeysetPage[Module]:
    listing = modules.of_site
    return info.context.page(listing.with_deleted if include_deleted else listing, site_id=root.id)


async def create_module(
    info: Info,
    site_id: Annotated[strawberry.ID, argument(description="Id of the site where the module is.")],
    name: Annotated[str, argument(description="Name: 1 to 100 characters.")],
    kind: Annotated[str, argument(description="Kind of device, such as `pump`: 1 to 100 characters.")],
    serial_number: Annotated[str | None, argument(description="Serial number: at most 100 characters.")] = None,
    status: Annotated[ModuleStatus, argument(description="Operating status.")] = ModuleStatus.ACTIVE,
    idempotency_key: IdempotencyKey = None,
) -> ModuleResult:
    new_module = NewModule(decode_id(site_id, Site), name, kind, serial_number, status)
    return ModuleResult(await info.context.write(modules.create, new_module, idempotency_key))


async def update_module(
    info: Info,
    id: ModuleId,
    name: Annotated[str | None, argument(description="New name: 1 to 100 characters.")] = UNSET,
    kind: Annotated[str | None, argument(description="New kind, such as `pump`: 1 to 100 characters.")] = UNSET,
    serial_number: Annotated[
        str | None, argument(description="New serial number: at most 100 characters; null removes it.")
    ] = UNSET,
    status: Annotated[ModuleStatus | None, argument(description="Operating status.")] = UNSET,
) -> ModuleResult:
    arguments = {"name": name, "kind": kind, "serial_number": serial_number, "status": status}
    changes = {name: value for name, value in arguments.items() if value is not UNSET}
    return ModuleResult(await info.context.write(modules.update, decode_id(id, Module), changes))


async def delete_module(info: Info, id: ModuleId) -> DeleteModuleResult:
    return DeleteModuleResult(global_id(Module, await info.context.write(modules.delete, decode_id(id, Module))))
