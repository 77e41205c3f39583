"""Full-text search in messages and conversations."""

import asyncio
from dataclasses import dataclass, replace
from typing import Annotated, Any

import strawberry
from strawberry import argument

from db.core.pagination import Listing
from db.core.validation import checked_text
from db.models.messages import Message
from db.search import search
from db.search.full_text import FullTextQuery
from db.search.query_parser import SearchQuery
from db.search.snippets import snippet
from errors import BadUserInput
from resolvers.core.context import Context, Info
from resolvers.core.pages import MAX_SEARCH, KeysetPage, PageArguments, Slice, encode_cursor

MAX_INLINE = 20_000  # characters of a text whose snippet is made on the event loop


@dataclass(frozen=True)
class Hit:
    """Message that matches a search."""

    message: Message
    search_query: SearchQuery


class HitPage:
    """Page of hits; the cursor is the message's id."""

    def __init__(self, messages: KeysetPage[Message], search_query: SearchQuery) -> None:
        self._messages, self._search_query = messages, search_query

    async def load(self, page: PageArguments) -> Slice[Hit]:
        messages = await self._messages.load(replace(page, attributes=None))  # those are of the hits
        hits = [Hit(message, self._search_query) for message in messages.rows]
        return Slice(hits, lambda hit: encode_cursor(hit.message.id), messages.has_next, messages.has_previous)

    async def total(self) -> int:
        return await self._messages.total()


async def search_messages(
    info: Info,
    query: Annotated[
        str,
        argument(
            description='Words that must all be there, "phrases in quotes", and of the last word its beginning. '
            "Case and accents do not matter. At most 200 characters."
        ),
    ],
) -> HitPage:
    search_query = SearchQuery.parse(checked_text(query, "query", MAX_SEARCH))
    if search_query is None:
        raise BadUserInput.of("query", "The query has no letter or digit. Enter at least one word.")
    return HitPage(await search_page(info.context, search.messages_matching, search_query), search_query)


async def search_page(
    context: Context, listing: Listing[Any], search_query: SearchQuery, **arguments: Any
) -> KeysetPage[Any]:
    """Return a page of a listing, filtered by a full-text query."""
    # Unbounded, because a word may be in very many messages.
    terms = FullTextQuery(search_query, await _scopes(context))
    return context.page(listing, unbounded=True, terms=terms, phrases=search_query.required_substrings, **arguments)


async def _scopes(context: Context) -> list[str]:
    """Return the scopes of the viewer's organizations; for a superuser an empty list, which means all."""
    if context.viewer.is_superuser:
        return []
    organizations = await context.read(search.organizations_of_user, user_id=context.viewer.user_id)
    return [search.scope_of(row.organization_id) for row in organizations]


async def snippet_of(root: strawberry.Parent[Any]) -> str:
    hit: Hit = root
    if len(hit.message.text) <= MAX_INLINE:
        return snippet(hit.message.text, hit.search_query)
    return await asyncio.to_thread(snippet, hit.message.text, hit.search_query)
