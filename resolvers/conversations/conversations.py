"""Conversations: create, update, list, delete and fork them."""

from dataclasses import dataclass
from typing import Annotated, Any

import strawberry
from strawberry import UNSET, argument

from assistant.prompt import model_terms
from db.billing.usage import Models
from db.conversations import conversation_deletion, conversations, forks
from db.conversations.conversations import NewConversation
from db.core.base import Visibility, now
from db.models.conversations import Conversation, ExtractionMode
from db.models.messages import Message
from db.models.organizations import Organization
from db.models.sites import Site
from db.models.tables import Table
from db.search.query_parser import SearchQuery
from db.search.search import conversations_matching
from errors import BadUserInput, Mistakes
from resolvers.core.context import IdempotencyKey, Info
from resolvers.core.ids import MAX_QUOTED, decode_id, decode_optional_id, global_id
from resolvers.core.pages import IncludeDeleted, KeysetPage, checked_search
from resolvers.search.search import search_page

TEMPERATURES, REPLY_TOKENS = (0, 2), (1, 1_000_000)
NAMED_MODELS = 20  # models that a message lists

Title = Annotated[
    str | None, argument(description="Title of 1 to 200 characters; taken from the first message when omitted.")
]
Prompt = Annotated[
    str | None,
    argument(
        description="Instructions that the model reads before the conversation: at most 20,000 characters; the "
        "server's default when omitted.",
    ),
]
Model = Annotated[
    str | None, argument(description="Name of a model from `serverInfo.models`; the server's default when omitted.")
]

Temperature = Annotated[
    float | None, argument(description="Sampling temperature from 0 to 2; null uses the default of the model.")
]
MaxTokens = Annotated[
    int | None,
    argument(description="Maximum length of a reply in tokens, 1 to 1,000,000; null uses the default of the model."),
]


async def conversation(
    info: Info, id: Annotated[strawberry.ID, argument(description="Id of the conversation.")]
) -> Conversation | None:
    return await info.context.find(Conversation, id)


async def list_conversations(
    info: Info,
    search: Annotated[
        str | None,
        argument(
            description="Only those whose title contains this text, or with a message that `searchMessages` finds "
            "by it; at most 200 characters.",
        ),
    ] = None,
    organization_id: Annotated[strawberry.ID | None, argument(description="Only those of this organization.")] = None,
    site_id: Annotated[strawberry.ID | None, argument(description="Only those about this site.")] = None,
    include_deleted: IncludeDeleted = False,
) -> KeysetPage[Conversation]:
    arguments: dict[str, Any] = {
        "site_id": decode_optional_id(site_id, Site),
        "organization_id": decode_optional_id(organization_id, Organization),
    }
    search_text = checked_search(search)
    # A search without a letter or digit is no full-text query, and is only looked for in titles.
    search_query = None if search_text is None else SearchQuery.parse(search_text)
    listing = conversations.all_conversations if search_query is None else conversations_matching
    listing = listing.with_deleted if include_deleted else listing
    if search_query is None:
        return info.context.page(listing, search=search_text, **arguments)
    return await search_page(info.context, listing, search_query, search=search_text, **arguments)


async def conversation_of(root: strawberry.Parent[Any], info: Info) -> Conversation | None:
    return await info.context.by_id(Conversation, root.conversation_id)


@dataclass(frozen=True)
class ConversationResult:
    conversation: Conversation


async def create_conversation(
    info: Info,
    title: Title = None,
    system_prompt: Prompt = None,
    model: Model = None,
    organization_id: Annotated[
        strawberry.ID | None,
        argument(description="Id of the organization that owns it; your personal organization when omitted."),
    ] = None,
    site_id: Annotated[strawberry.ID | None, argument(description="Id of the site that it is about.")] = None,
    visibility: Annotated[Visibility, argument(description="Visibility to other users.")] = Visibility.PRIVATE,
    extraction: Annotated[
        ExtractionMode,
        argument(
            description="Handling of tables found in replies: OFF ignores, REVIEW proposes, AUTO also applies them."
        ),
    ] = ExtractionMode.AUTO,
    temperature: Temperature = None,
    max_tokens: MaxTokens = None,
    idempotency_key: IdempotencyKey = None,
) -> ConversationResult:
    with Mistakes() as check:
        name = check(checked_model, info, model)
        check(conversations.checked_title, title or conversations.UNTITLED)
        check(conversations.checked_prompt, system_prompt or "")
        check(_within, "temperature", temperature, *TEMPERATURES)
        check(_within, "maxTokens", max_tokens, *REPLY_TOKENS)
    new_conversation = NewConversation(
        model=name,
        temperature=temperature,
        max_tokens=max_tokens,
        title=title,
        system_prompt=system_prompt,
        organization_id=decode_optional_id(organization_id, Organization),
        site_id=decode_optional_id(site_id, Site),
        visibility=visibility,
        extraction=extraction,
    )
    return ConversationResult(await info.context.write(conversations.create, new_conversation, idempotency_key))


async def update_conversation(
    info: Info,
    id: Annotated[strawberry.ID, argument(description="Id of the conversation.")],
    title: Annotated[str | None, argument(description="New title: 1 to 200 characters.")] = UNSET,
    system_prompt: Prompt = UNSET,
    model: Model = UNSET,
    visibility: Annotated[Visibility | None, argument(description="Visibility to other users.")] = UNSET,
    extraction: Annotated[
        ExtractionMode | None,
        argument(
            description="Handling of tables found in replies: OFF ignores, REVIEW proposes, AUTO also applies them."
        ),
    ] = UNSET,
    temperature: Temperature = UNSET,
    max_tokens: MaxTokens = UNSET,
) -> ConversationResult:
    changes: dict[str, Any] = {}
    with Mistakes() as check:
        if title is not UNSET:
            changes["title"] = check(conversations.checked_title, title or "")
        if system_prompt is not UNSET:
            changes["system_prompt"] = check(conversations.checked_prompt, system_prompt or conversations.SYSTEM_PROMPT)
        if model is not UNSET:
            changes["model"] = check(checked_model, info, model)
        if temperature is not UNSET:
            changes["temperature"] = check(_within, "temperature", temperature, *TEMPERATURES)
        if max_tokens is not UNSET:
            changes["max_tokens"] = check(_within, "maxTokens", max_tokens, *REPLY_TOKENS)
    # null leaves visibility and extraction unchanged, since neither has an empty state.
    changes |= {"visibility": visibility} if visibility else {}
    changes |= {"extraction": extraction} if extraction else {}
    return ConversationResult(await info.context.write(conversations.update, decode_id(id, Conversation), changes))


@dataclass(frozen=True)
class DeleteConversationResult:
    deleted_id: strawberry.ID
    deleted_table_ids: list[strawberry.ID]


async def delete_conversation(
    info: Info,
    id: Annotated[strawberry.ID, argument(description="Id of the conversation.")],
    with_tables: Annotated[
        bool, argument(description="Also delete the tables of the conversation that you may change.")
    ] = False,
) -> DeleteConversationResult:
    deleted = await info.context.write(
        conversation_deletion.delete, decode_id(id, Conversation), with_tables=with_tables
    )
    tables = [global_id(Table, table_id) for table_id in deleted.table_ids]
    return DeleteConversationResult(global_id(Conversation, deleted.conversation_id), tables)


async def fork_conversation(
    info: Info,
    id: Annotated[strawberry.ID, argument(description="Id of a conversation that you can see.")],
    message_id: Annotated[
        strawberry.ID | None, argument(description="Id of the last message to copy; the newest message when omitted.")
    ] = None,
    title: Annotated[str | None, argument(description="Title of the copy; the same title when omitted.")] = None,
    idempotency_key: IdempotencyKey = None,
) -> ConversationResult:
    last_id = decode_optional_id(message_id, Message)
    return ConversationResult(
        await info.context.write(forks.fork, decode_id(id, Conversation), last_id, title, idempotency_key)
    )


def checked_model(info: Info, model: str | None) -> str:
    """Return the name of an offered model, by default the server's own. Raises BadUserInput for an unknown one."""
    catalog = info.context.backend.catalog
    if model is None or (catalog.is_offline and model == catalog.names[0]):
        return catalog.names[0]
    if (offer := catalog.find(model)) is None:
        suffix = "" if len(catalog.names) <= NAMED_MODELS else ", …; serverInfo.models lists them all"
        names = f"{', '.join(catalog.names[:NAMED_MODELS])}{suffix}"
        raise BadUserInput.of("model", f"This server has no model {model[:MAX_QUOTED]!r}. Choose one of: {names}.")
    return offer.name


def models_of(info: Info, chosen: str | None = None) -> Models:
    """Return the models that may write a reply, or only the chosen one, with their present prices."""
    name = None if chosen is None else checked_model(info, chosen)
    return model_terms.models_of(info.context.backend.catalog, now().date(), name)


def _within(field: str, value: float | None, low: float, high: float) -> float | None:
    if value is not None and not low <= value <= high:
        raise BadUserInput.of(field, f"Choose a number from {low} to {high:,}.")
    return value
