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
from errors import Mistakes

MAX_NAME, MAX_KIND, MAX_SERIAL = 100, 100, 100


of_site = Listing(Module, of_parent=True)


@dataclass(frozen=True)
class NewModule:
    """Fields of a module to create."""

    site_id: UUID
    name: str
    kind: str
    serial_number: str | None = None
    status: ModuleStatus = ModuleStatus.ACTIVE


def create(session: Session, new: NewModule, idempotency_key: str | None = None) -> Module:
    """Create a module at a site. Raises Forbidden if the viewer may not change the site."""
    return idempotent(
        session,
        "createModule",
        idempotency_key,
        create=lambda: _create(session, new),
        result_ids=lambda created: [created.id],
        load=lambda ids: session.get(Module, ids[0]),
    )


def _create(session: Session, new: NewModule) -> Module:
    site = session.get_for_update(Site, new.site_id)
    with Mistakes() as check:
        name = check(checked_line, new.name, "name", MAX_NAME)
        kind = check(checked_line, new.kind, "kind", MAX_KIND)
        serial_number = check(_serial_number, new.serial_number)
    module = Module(site_id=site.id, name=name, kind=kind, serial_number=serial_number, status=new.status)
    session.add(module)
    session.flush()
    return module


def update(session: Session, id_: UUID, changes: dict[str, Any]) -> Module:
    """Set the given fields; only the serial number can be cleared, with None or an empty text."""
    module = session.get_for_update(Module, id_)
    with Mistakes() as check:
        for name, max_length in (("name", MAX_NAME), ("kind", MAX_KIND)):
            if changes.get(name) is not None:
                setattr(module, name, check(checked_line, changes[name], name, max_length))
        if "serial_number" in changes:
            module.serial_number = check(_serial_number, changes["serial_number"])
    if changes.get("status") is not None:
        module.status = changes["status"]
    return module


def _serial_number(number: str | None) -> str | None:
    return checked_line(number, "serialNumber", MAX_SERIAL) if number and number.strip() else None


def delete(session: Session, id_: UUID) -> UUID:
    """Soft-delete a module; its readings become invisible with it."""
    session.get_for_update(Module, id_).deleted_at = now()
    return id_
