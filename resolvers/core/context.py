"""Request context of the resolvers: the viewer and access to the data."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any, ParamSpec, TypeVar
from uuid import UUID

import strawberry
from strawberry import argument
from strawberry.dataloader import DataLoader

from assistant.reply_log.log import Log
from assistant.reply_log.watchers import Watchers
from auth.api_keys import ApiScope
from auth.encryption import Cipher
from auth.fair_pool import FairPool
from auth.limits import Attempts
from auth.passwords import PasswordHasher
from auth.quotas import Quotas
from auth.viewer import Viewer
from db.core.base import Base
from db.core.engine import Database, Unit
from db.core.events import Hub
from db.core.pagination import Listing
from db.core.prepared import Prepared
from db.tables.history.snapshot_cache import SnapshotCache
from errors import Forbidden, Unauthenticated
from integrations.blobs import Blobs
from integrations.documents.reader import DocumentReader
from integrations.google.access import Google
from integrations.llm.catalog import Catalog
from integrations.oidc.client import OIDCClient
from integrations.webhooks import PublicRequests
from resolvers.core.ids import decode_or_none, model_of
from resolvers.core.pages import KeysetPage
from settings.settings import Settings

# One task of a person at a time: four looping uploads of one account delay another's no more than one does.
FILE_THREADS, FILE_THREADS_OF_ONE = 4, 1
# Threads that wait for Google: a Google that hangs delays neither files nor the health check.
GOOGLE_THREADS, GOOGLE_THREADS_OF_ONE = 8, 2

MAX_DIGITS = 15

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", bound=Base)


@dataclass(frozen=True)
class Backend:
    """Services of the process, shared by all requests."""

    settings: Settings
    database: Database
    hub: Hub
    log: Log
    watchers: Watchers
    passwords: PasswordHasher
    secrets: tuple[bytes, ...]
    catalog: Catalog
    attempts: Attempts
    blobs: Blobs
    documents: DocumentReader
    quotas: Quotas = field(default_factory=Quotas)
    google: Google = field(default_factory=Google)
    requests: PublicRequests = field(default_factory=PublicRequests)
    sign_in_clients: Mapping[str, OIDCClient] = field(default_factory=dict)
    sign_in_cipher: Cipher = field(default_factory=lambda: Cipher((), "sign-ins"))
    snapshots: SnapshotCache = field(default_factory=SnapshotCache)
    file_work: FairPool = field(
        default_factory=lambda: FairPool("files", threads=FILE_THREADS, per_person=FILE_THREADS_OF_ONE)
    )
    google_work: FairPool = field(
        default_factory=lambda: FairPool("google", threads=GOOGLE_THREADS, per_person=GOOGLE_THREADS_OF_ONE)
    )
    # By IP address, since nobody is signed in yet.
    sign_in_work: FairPool = field(
        default_factory=lambda: FairPool("sign-in", threads=GOOGLE_THREADS, per_person=GOOGLE_THREADS_OF_ONE)
    )


@dataclass(frozen=True)
class Origin:
    """Origin of a request, for the audit log and rate limits; `last_event_id` is sent by an event source."""

    request_id: str = ""
    ip_address: str | None = None
    user_agent: str | None = None
    last_event_id: str | None = None


@dataclass(frozen=True)
class Context:
    """Context of one operation or one subscription event; loaded rows live as long as it does.

    `preloaded` holds rows that were just read and that the viewer may see, by model and id. `set_cookies` are headers
    of the response, for a request by HTTP.
    """

    backend: Backend
    signed_in: Viewer | None
    origin: Origin = Origin()
    preloaded: dict[tuple[type[Base], UUID], Any] = field(default_factory=dict)
    set_cookies: list[str] = field(default_factory=list)
    _loaders: dict[Any, DataLoader[Any, Any]] = field(default_factory=dict)

    def fresh(self) -> "Context":
        return replace(self, preloaded={}, _loaders={})

    @property
    def viewer(self) -> Viewer:
        if self.signed_in is None:
            raise Unauthenticated
        return self.signed_in

    @property
    def viewer_id(self) -> UUID | None:
        return self.signed_in.user_id if self.signed_in else None

    @property
    def expires_at(self) -> datetime | None:
        return self.signed_in.expires_at if self.signed_in else None

    def resumed_after(self, after: str | None) -> str | None:
        """Return the position to resume a subscription after: that of the last event, or else the argument."""
        return self.origin.last_event_id or after

    def resumed_after_number(self, after: int | None) -> int | None:
        """Return the same for a position that is a number. An id that is not one is not ours, and is ignored."""
        id_ = self.origin.last_event_id or ""
        return int(id_) if id_.isascii() and id_.isdigit() and len(id_) <= MAX_DIGITS else after

    def require_scope(self, scope: ApiScope, name: str) -> None:
        """Raise Forbidden if the request came with an API key without this scope; `name` is the field."""
        scopes = None if self.signed_in is None else self.signed_in.scopes
        if scopes is not None and scope not in scopes:
            raise Forbidden(
                f"`{name}` needs the scope {scope}, and this API key has {', '.join(sorted(scopes))}. Send a key with "
                "that scope."
            )

    async def read(self, query: Prepared[R], **arguments: Any) -> list[R]:
        return await self.backend.database.read(query, self.viewer, **arguments)

    async def read_one(self, query: Prepared[R], **arguments: Any) -> R | None:
        return await self.backend.database.read_one(query, self.viewer, **arguments)

    async def write(self, unit: Unit[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        written = await self.backend.database.write(unit, self.viewer, *args, **kwargs)
        # Rows loaded for an earlier mutation of the same operation are stale after a write.
        self.preloaded.clear()
        self._loaders.clear()
        return written

    def page(self, listing: Listing[R], *, unbounded: bool = False, **arguments: Any) -> KeysetPage[R]:
        """Return a page of a list; optional parameters that are None are left out of the query."""
        arguments = {k: v for k, v in arguments.items() if v is not None or k not in listing.optional}
        return KeysetPage(self.backend.database, self.viewer, listing, arguments, unbounded=unbounded)

    async def by_id(self, model: type[R], id_: UUID | None) -> R | None:
        """Return a row, loaded in one batch with the other rows of its table that the operation requests."""
        if id_ is None:
            return None
        preloaded: R | None = self.preloaded.get((model, id_))
        return preloaded if preloaded is not None else await self._loader(model).load(id_)

    async def find(self, model: type[R], id_: str) -> R | None:
        """Return the row of a global id; None for another type, an unknown or an invisible row."""
        return await self.by_id(model, decode_or_none(id_, model))

    async def children(self, query: Prepared[R], parent_id: UUID, key: str | None = None, **arguments: Any) -> list[R]:
        """Return the rows of a parent, read by one `query(ids=...)` for all parents in this operation.

        `key` is the attribute that holds the parent's id; by default the `parent_key` of the rows' model.
        """

        async def load(ids: list[UUID]) -> list[list[R]]:
            children: dict[UUID, list[R]] = {id_: [] for id_ in ids}
            for row in await self.read(query, ids=ids, **arguments):
                model: Any = model_of(row)
                children[getattr(row, key or model.parent_key)].append(row)
            return [children[id_] for id_ in ids]

        rows: list[R] = await self.loader((query, key, *arguments.items()), load).load(parent_id)
        return rows

    def _loader(self, model: type[R]) -> DataLoader[UUID, R | None]:
        async def load(ids: list[UUID]) -> list[R | None]:
            rows = await self.backend.database.by_ids(model, self.viewer, ids)
            return [rows.get(id_) for id_ in ids]

        return self.loader(model, load)

    def loader(self, key: Any, load: Any) -> DataLoader[Any, Any]:
        """Return the operation's loader for `key`; `load(keys)` returns the values in the order of the keys."""
        if key not in self._loaders:
            self._loaders[key] = DataLoader(load, max_batch_size=500)
        return self._loaders[key]


Info = strawberry.Info[Context, None]
IdempotencyKey = Annotated[
    str | None,
    argument(
        description="Any string; a repeated request with the same key within 24 hours returns the first result and "
        "has no second effect.",
    ),
]
