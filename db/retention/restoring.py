"""Restoration of deleted rows by users with the right to change them."""

from uuid import UUID

from db.conversations import conversation_deletion
from db.core.base import Base
from db.core.events import TableChanged
from db.core.session import Session
from db.models.conversations import Conversation
from db.models.export_templates import ExportTemplate
from db.models.items import Item
from db.models.modules import Module
from db.models.organizations import Organization
from db.models.sites import Site
from db.models.tables import Table
from db.models.webhooks import Webhook
from db.organizations import organization_deletion

RESTORABLE: tuple[type[Base], ...] = (Organization, Site, Module, Item, Conversation, Table, ExportTemplate, Webhook)


def restore(session: Session, model: type[Base], id_: UUID) -> Base:
    """Restore a deleted row of a restorable model. Raises NotFound unless the viewer may change it."""
    row = session.get_deleted_for_update(model, id_)
    if isinstance(row, Organization):
        organization_deletion.restore(session, row)
    if isinstance(row, Conversation):
        conversation_deletion.restore_tables(session, row)
    row.deleted_at = None
    if isinstance(row, Table):
        session.emit(TableChanged(id_))
    session.flush()
    return row
