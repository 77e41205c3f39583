"""Modules: devices at a site."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from db.core.base import now
from db.core.idempotency import idempotent
from db.core.pagination import Listing
from db.core.session import Session
from db.core.validation import checked_line
from db.models.modules import Module, ModuleStatus
from db.models.sites import Site

MAX_NAME, MAX_KIND, MAX_SERIAL = 100, 100, 100


of_site = Listing(Module, of_parent=True)


@dataclass(frozen=True)
class NewModule:
    """What a module begins with."""

    site_id: UUID
    name: str
    kind: str
    serial_number: str | None = None
    status: ModuleStatus = ModuleStatus.ACTIVE


def create(session: Session, new: NewModule, idempotency_key: str | None = None) -> Module:
    """A module at a site that the viewer may change."""
    return idempotent(
        session,
        "createModule",
        idempotency_key,
        create=lambda: _create(session, new),
        result_ids=lambda made: [made.id],
        load=lambda ids: session.get(Module, ids[0]),
    )


def _create(session: Session, beginning: NewModule) -> Module:
    module = Module(
        site_id=session.get_for_update(Site, beginning.site_id).id,
        name=checked_line(beginning.name, "name", MAX_NAME),
        kind=checked_line(beginning.kind, "kind", MAX_KIND),
        serial_number=_serial_number(beginning.serial_number),
        status=beginning.status,
    )
    session.add(module)
    session.flush()
    return module


def update(session: Session, id_: UUID, changes: dict[str, Any]) -> Module:
    """Set what is named; an empty serial number is none, and nothing else can be empty."""
    module = session.get_for_update(Module, id_)
    for name, longest in (("name", MAX_NAME), ("kind", MAX_KIND)):
        if changes.get(name) is not None:
            setattr(module, name, checked_line(changes[name], name, longest))
    if "serial_number" in changes:
        module.serial_number = _serial_number(changes["serial_number"])
    if changes.get("status") is not None:
        module.status = changes["status"]
    return module


def _serial_number(number: str | None) -> str | None:
    return checked_line(number, "serialNumber", MAX_SERIAL) if number and number.strip() else None


def delete(session: Session, id_: UUID) -> UUID:
    """Hide a module with its readings."""
    session.get_for_update(Module, id_).deleted_at = now()
    return id_
