"""Bringing back what was deleted: allowed to who may change it."""

from uuid import UUID

from db import deleting, dissolving
from db.base import Base
from db.conversations import Conversation
from db.events import TableChanged
from db.items import Item
from db.modules import Module
from db.organizations import Organization
from db.session import Session
from db.sites import Site
from db.tables import Table

RESTORABLE: tuple[type[Base], ...] = (Organization, Site, Module, Item, Conversation, Table)


def restore(session: Session, model: type[Base], id_: UUID) -> Base:
    """Bring back a deleted row of a restorable model; NotFound unless the viewer could have deleted it."""
    row = session.obtain_deleted(model, id_)
    if isinstance(row, Organization):
        dissolving.restore(session, row)
    if isinstance(row, Conversation):
        deleting.restore_tables(session, row)
    row.deleted_at = None
    if isinstance(row, Table):
        session.emit(TableChanged(id_))
    session.flush()
    return row
