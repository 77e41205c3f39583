"""Conversations: lists, creation and settings."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func

from db.core.base import Visibility
from db.core.idempotency import idempotent
from db.core.pagination import Listing
from db.core.prepared import bind
from db.core.session import Session
from db.core.sqlite_writer import short
from db.models.conversations import Conversation, ExtractionMode
from db.models.organizations import Organization
from db.models.sites import Site
from errors import BadUserInput, Mistakes

SYSTEM_PROMPT = "You are a helpful assistant chatbot."
UNTITLED = "New conversation"
MAX_TITLE, MAX_PROMPT = 200, 20_000


all_conversations = Listing(
    Conversation,
    newest_first=True,
    optional={
        "organization_id": Conversation.organization_id == bind("organization_id", Conversation.organization_id),
        "site_id": Conversation.site_id == bind("site_id", Conversation.site_id),
        "owner_id": Conversation.owner_id == bind("owner_id", Conversation.owner_id),
        # REPLACE changes the title only if it contains the search term; LIKE would read % and _ as wildcards.
        "search": func.replace(func.lower(Conversation.title), func.lower(bind("search", Conversation.title)), "")
        != func.lower(Conversation.title),
    },
)


@dataclass(frozen=True)
class NewConversation:
    """Fields of a conversation to create; `is_named` is True if a person chose the title."""

    model: str
    title: str | None = None
    system_prompt: str | None = None
    organization_id: UUID | None = None
    site_id: UUID | None = None
    visibility: Visibility = Visibility.PRIVATE
    extraction: ExtractionMode = ExtractionMode.AUTO
    temperature: float | None = None
    max_tokens: int | None = None
    is_named: bool = True


@short
def create(session: Session, new: NewConversation, idempotency_key: str | None = None) -> Conversation:
    """Create a conversation of the viewer, by default in the site's or the viewer's personal organization.

    Raises BadUserInput if the site belongs to another organization than the requested one.
    """
    return idempotent(
        session,
        "createConversation",
        idempotency_key,
        create=lambda: _create(session, new),
        result_ids=lambda created: [created.id],
        load=lambda ids: session.get(Conversation, ids[0]),
    )


def _create(session: Session, new: NewConversation) -> Conversation:
    with Mistakes() as check:
        title = check(checked_title, new.title or UNTITLED)
        prompt = check(checked_prompt, new.system_prompt or SYSTEM_PROMPT)
        organization_id = check(_organization, session, new)
    conversation = Conversation(
        title=title,
        is_named=new.is_named and bool(new.title),
        system_prompt=prompt,
        model=new.model,
        temperature=new.temperature,
        max_tokens=new.max_tokens,
        owner_id=session.user_id,
        organization_id=organization_id,
        site_id=new.site_id,
        visibility=new.visibility,
        extraction=new.extraction,
    )
    session.add(conversation)
    session.flush()
    return conversation


def _organization(session: Session, new: NewConversation) -> UUID:
    if new.site_id is None:
        requested = new.organization_id
        return session.personal_organization_id if requested is None else session.get(Organization, requested).id
    site = session.get(Site, new.site_id)
    if new.organization_id not in {None, site.organization_id}:
        raise BadUserInput.of("organizationId", "The site belongs to another organization. Leave organizationId out.")
    return site.organization_id


@short
def update(session: Session, id_: UUID, changes: dict[str, Any]) -> Conversation:
    """Set the given columns of a conversation. Raises Forbidden if the viewer may not change it."""
    conversation = session.get_for_update(Conversation, id_)
    for name, value in changes.items():
        setattr(conversation, name, value)
    conversation.is_named = conversation.is_named or "title" in changes
    return conversation


def checked_title(title: str) -> str:
    title = " ".join(title.split())
    if not 1 <= len(title) <= MAX_TITLE or "\x00" in title:
        raise BadUserInput.of("title", f"Invalid title. It must have 1 to {MAX_TITLE} characters and no NUL character.")
    return title


def checked_prompt(prompt: str) -> str:
    if len(prompt) > MAX_PROMPT or "\x00" in prompt:
        raise BadUserInput.of(
            "systemPrompt",
            f"Invalid system prompt. It must have at most {MAX_PROMPT:,} characters and no NUL character.",
        )
    return prompt
