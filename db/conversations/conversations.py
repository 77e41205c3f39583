"""Conversations: who talks about what, where."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func

from db.core.base import Visibility
from db.core.idempotency import idempotent
from db.core.pagination import Listing
from db.core.prepared import bind
from db.core.session import Session
from db.models.conversations import Conversation, ExtractionMode
from db.models.organizations import Organization
from db.models.sites import Site
from errors import BadUserInput

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
        # What is looked for is taken out of the title: LIKE would read % and _ in it as wildcards.
        "search": func.replace(func.lower(Conversation.title), func.lower(bind("search", Conversation.title)), "")
        != func.lower(Conversation.title),
    },
)


@dataclass(frozen=True)
class NewConversation:
    """What a conversation begins with; the model is the one that answers in it.

    `is_named` says whether the title, if there is one, was chosen by a person.
    """

    model: str
    title: str | None = None
    system_prompt: str | None = None
    organization_id: UUID | None = None
    site_id: UUID | None = None
    visibility: Visibility = Visibility.PRIVATE
    extraction: ExtractionMode = ExtractionMode.AUTO
    is_named: bool = True


def create(session: Session, new: NewConversation, idempotency_key: str | None = None) -> Conversation:
    """A conversation of the viewer's, in their personal organization if no other is named."""
    return idempotent(
        session,
        "createConversation",
        idempotency_key,
        create=lambda: _create(session, new),
        result_ids=lambda made: [made.id],
        load=lambda ids: session.get(Conversation, ids[0]),
    )


def _create(session: Session, beginning: NewConversation) -> Conversation:
    conversation = Conversation(
        title=checked_title(beginning.title or UNTITLED),
        is_named=beginning.is_named and bool(beginning.title),
        system_prompt=checked_prompt(beginning.system_prompt or SYSTEM_PROMPT),
        model=beginning.model,
        owner_id=session.user_id,
        organization_id=_organization(session, beginning),
        site_id=beginning.site_id,
        visibility=beginning.visibility,
        extraction=beginning.extraction,
    )
    session.add(conversation)
    session.flush()
    return conversation


def _organization(session: Session, beginning: NewConversation) -> UUID:
    if beginning.site_id is None:
        asked = beginning.organization_id
        return session.personal_organization_id if asked is None else session.get(Organization, asked).id
    site = session.get(Site, beginning.site_id)
    if beginning.organization_id not in {None, site.organization_id}:
        raise BadUserInput.of("organizationId", "The site is in another organization: leave this out.")
    return site.organization_id


def update(session: Session, id_: UUID, changes: dict[str, Any]) -> Conversation:
    """Set the named columns of a conversation that the viewer may change."""
    conversation = session.get_for_update(Conversation, id_)
    for name, value in changes.items():
        setattr(conversation, name, value)
    conversation.is_named = conversation.is_named or "title" in changes
    return conversation


def checked_title(title: str) -> str:
    title = " ".join(title.split())
    if not 1 <= len(title) <= MAX_TITLE or "\x00" in title:
        raise BadUserInput.of("title", f"A title has 1 to {MAX_TITLE} characters, and no NUL character.")
    return title


def checked_prompt(prompt: str) -> str:
    if len(prompt) > MAX_PROMPT or "\x00" in prompt:
        raise BadUserInput.of(
            "systemPrompt", f"A system prompt has at most {MAX_PROMPT:,} characters, and no NUL character."
        )
    return prompt
