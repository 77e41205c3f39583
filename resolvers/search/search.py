"""Search: messages by their words, and conversations by theirs."""

import asyncio
from dataclasses import dataclass
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

SHORT = 20_000  # characters of a text that are gone through in a moment


@dataclass(frozen=True)
class Hit:
    """A message in which something was found."""

    message: Message
    search_query: SearchQuery


class HitPage:
    """A page of hits; the cursor is the message's id."""

    def __init__(self, messages: KeysetPage[Message], wanted: SearchQuery) -> None:
        self._messages, self._wanted = messages, wanted

    async def load(self, asked: PageArguments) -> Slice[Hit]:
        found = await self._messages.load(asked)
        hits = [Hit(message, self._wanted) for message in found.rows]
        return Slice(hits, lambda hit: encode_cursor(hit.message.id), found.has_next, found.has_previous)

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
    wanted = SearchQuery.parse(checked_text(query, "query", MAX_SEARCH))
    if wanted is None:
        raise BadUserInput.of("query", "Write a word to look for: there is no letter and no digit in this.")
    return HitPage(await search_page(info.context, search.messages_matching, wanted), wanted)


async def search_page(context: Context, listing: Listing[Any], wanted: SearchQuery, **given: Any) -> KeysetPage[Any]:
    """A page of what somebody looks for in a listing by full text. Words may be in very many messages."""
    terms = FullTextQuery(wanted, await _scopes(context))
    return context.page(listing, unbounded=True, terms=terms, phrases=wanted.required_substrings, **given)


async def _scopes(context: Context) -> list[str]:
    """The organizations to look in; every one, for a superuser."""
    if context.viewer.is_superuser:
        return []
    mine = await context.read(search.organizations_of_user, user_id=context.viewer.user_id)
    return [search.scope_of(row.organization_id) for row in mine]


async def snippet_of(root: strawberry.Parent[Any]) -> str:
    hit: Hit = root
    if len(hit.message.text) <= SHORT:
        return snippet(hit.message.text, hit.search_query)
    return await asyncio.to_thread(snippet, hit.message.text, hit.search_query)
