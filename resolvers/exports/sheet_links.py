"""Resolvers of links that keep sheets up to date."""

from typing import Any
from uuid import UUID

import strawberry

from db.exports import sheet_links
from db.models.jobs import JobStatus
from db.models.sheet_links import SheetLink
from db.models.tables import Table
from errors import NotFound
from resolvers.core.context import Context, Info
from resolvers.exports.exports import Failure


async def links_of_table(root: strawberry.Parent[Any], info: Info) -> list[SheetLink]:
    return await info.context.children(sheet_links.links_of_tables, root.id, "table_id")


async def table_of(root: strawberry.Parent[Any], info: Info) -> Table:
    table = await info.context.by_id(Table, root.table_id)
    if table is None:
        raise NotFound("The table of this link was deleted, or you may not see it any more.")
    return table


async def status_of(root: strawberry.Parent[Any], info: Info) -> JobStatus:
    """Return the status of the link's job; FAILED while the link is paused."""
    state = await _state(info.context, root.id)
    return JobStatus.FAILED if state.paused_at is not None else JobStatus(state.status)


async def error_of(root: strawberry.Parent[Any], info: Info) -> Failure | None:
    state = await _state(info.context, root.id)
    if state.error_code is None:
        return None
    return Failure(state.error_code, state.error_message, state.error_retryable)


async def _state(context: Context, id_: UUID) -> Any:
    async def load(ids: list[UUID]) -> list[Any]:
        states = {state.id: state for state in await context.read(sheet_links.link_states, ids=ids)}
        return [states.get(id_) for id_ in ids]

    state = await context.loader(_state, load).load(id_)
    if state is None:
        raise NotFound("There is no such link, or you may not see it any more.")
    return state
