"""Restoration of deleted rows."""

from dataclasses import dataclass
from typing import Annotated

import strawberry
from strawberry import argument

from auth.api_keys import ApiScope
from db.core.base import Base
from db.models.organizations import Organization
from db.retention import restoring
from errors import NotFound
from resolvers.core.context import Info
from resolvers.core.ids import decode_or_none


@dataclass(frozen=True)
class RestoreResult:
    node: Base


async def restore(
    info: Info,
    id: Annotated[
        strawberry.ID,
        argument(
            description="Id of a deleted organization, site, module, item, conversation, table, template or webhook."
        ),
    ],
) -> RestoreResult:
    for model in restoring.RESTORABLE:
        id_ = decode_or_none(id, model)
        if id_ is not None:
            if model is Organization:
                info.context.require_scope(ApiScope.ADMIN, "restore of an organization")
            return RestoreResult(await info.context.write(restoring.restore, model, id_))
    raise NotFound("No deleted object that can be restored has this id, or you may not restore it.")
