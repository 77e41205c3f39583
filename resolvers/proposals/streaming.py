"""Proposals of messages, which grow while a reply is written."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from datetime import datetime
from time import monotonic
from typing import Any
from uuid import UUID

import strawberry

from db.core.events import ReplyProposed
from db.models.proposals import Proposal
from db.proposals import proposals
from resolvers.core.context import Context, Info

PAUSE_FACTOR = 4  # the pause after sending proposals, as a multiple of the time that it took


async def list_proposals(root: strawberry.Parent[Any], info: Info) -> list[Proposal]:
    return await proposals_of(info.context, root.id)


async def proposals_of(context: Context, message_id: UUID) -> list[Proposal]:
    return await context.children(proposals.of_messages, message_id, "message_id")


class ProposalStream:
    """Proposals of a reply for one subscriber; the event `changed` is set when they may have changed."""

    def __init__(self, context: Context, message_id: UUID, changed: asyncio.Event) -> None:
        self._context, self._message_id, self._changed = context, message_id, changed
        self._seen: dict[UUID, datetime] = {}
        self._next = 0.0

    @classmethod
    @contextmanager
    def of(cls, context: Context, message_id: UUID) -> Iterator["ProposalStream"]:
        with context.backend.hub.subscribe(ReplyProposed(message_id)) as changed:
            yield cls(context, message_id, changed)

    @property
    def is_due(self) -> bool:
        """Return True when proposals may have changed and the pause after the last sending is over."""
        return self._changed.is_set() and monotonic() >= self._next

    async def changed_proposals(self) -> AsyncGenerator[Proposal, None]:
        """Yield the proposals that changed since the last call."""
        started = monotonic()
        # Cleared before the read, so that a change during it is not missed.
        self._changed.clear()
        for proposal in await proposals_of(self._context.fresh(), self._message_id):
            if self._seen.get(proposal.id) != proposal.updated_at:
                self._seen[proposal.id] = proposal.updated_at
                yield proposal
        self._next = monotonic() + PAUSE_FACTOR * (monotonic() - started)
