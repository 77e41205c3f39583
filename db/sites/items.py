"""Items: tasks with an owner, optionally about a site or a conversation."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from db.core.base import Visibility, now
from db.core.idempotency import idempotent
from db.core.pagination import Listing
from db.core.prepared import bind
from db.core.session import Session
from db.core.sqlite_writer import short
from db.core.validation import checked_line, checked_text
from db.models.conversations import Conversation
from db.models.items import Item
from db.models.organizations import Organization
from db.models.sites import Site
from errors import BadUserInput, Mistakes

MAX_TITLE, MAX_DESCRIPTION = 200, 10_000


all_items = Listing(
    Item,
    newest_first=True,
    optional={
        "organization_id": Item.organization_id == bind("organization_id", Item.organization_id),
        "owner_id": Item.owner_id == bind("owner_id", Item.owner_id),
        "is_completed": Item.is_completed == bind("is_completed", Item.is_completed),
    },
)


@dataclass(frozen=True)
class NewItem:
    """Fields of an item to create."""

    title: str
    description: str | None = None
    is_completed: bool = False
    visibility: Visibility = Visibility.PRIVATE
    organization_id: UUID | None = None
    site_id: UUID | None = None
    conversation_id: UUID | None = None


@short
def create(session: Session, new: NewItem, idempotency_key: str | None = None) -> Item:
    """Create an item of the viewer, by default in the organization of its site or conversation.

    Without those it belongs to the viewer's personal organization. Raises BadUserInput for invalid fields.
    """
    return idempotent(
        session,
        "createItem",
        idempotency_key,
        create=lambda: _create(session, new),
        result_ids=lambda created: [created.id],
        load=lambda ids: session.get(Item, ids[0]),
    )


def _create(session: Session, new: NewItem) -> Item:
    about = {"site_id": new.site_id, "conversation_id": new.conversation_id}
    with Mistakes() as check:
        title = check(checked_line, new.title, "title", MAX_TITLE)
        description = check(_description, new.description)
        organization_id = check(_organization, session, new.organization_id, about)
    item = Item(
        title=title,
        description=description,
        is_completed=new.is_completed,
        visibility=new.visibility,
        owner_id=session.user_id,
        organization_id=organization_id,
        **about,
    )
    session.add(item)
    session.flush()
    return item


def _organization(session: Session, requested: UUID | None, about: dict[str, UUID | None]) -> UUID:
    """Return the requested organization, or that of the site or conversation, or the viewer's personal one."""
    organization_id = None if requested is None else session.get(Organization, requested).id
    models: tuple[tuple[str, str, type[Site | Conversation]], ...] = (
        ("site_id", "siteId", Site),
        ("conversation_id", "conversationId", Conversation),
    )
    for column, field, model in models:
        if (id_ := about.get(column)) is not None:
            expected = session.get(model, id_).organization_id
            if organization_id not in {None, expected}:
                raise BadUserInput.of(
                    field,
                    f"This {model.__name__} belongs to another organization than the item. Choose one of the same.",
                )
            organization_id = expected
    return organization_id or session.personal_organization_id


@short
def update(session: Session, id_: UUID, changes: dict[str, Any]) -> Item:
    """Set the given fields; only the description, the site and the conversation can be set to None."""
    item = session.get_for_update(Item, id_)
    about: dict[str, UUID | None] = {n: changes[n] for n in ("site_id", "conversation_id") if n in changes}
    with Mistakes() as check:
        check(_organization, session, item.organization_id, about)
        if changes.get("title") is not None:
            item.title = check(checked_line, changes["title"], "title", MAX_TITLE)
        if "description" in changes:
            item.description = check(_description, changes["description"])
    for name in ("is_completed", "visibility"):
        if changes.get(name) is not None:
            setattr(item, name, changes[name])
    for name, value in about.items():
        setattr(item, name, value)
    return item


def _description(description: str | None) -> str | None:
    return checked_text(description, "description", MAX_DESCRIPTION) or None if description else None


def delete(session: Session, id_: UUID) -> UUID:
    """Soft-delete an item."""
    session.get_for_update(Item, id_).deleted_at = now()
    return id_
