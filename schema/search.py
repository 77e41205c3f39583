"""Full-text search of messages."""

import strawberry

from resolvers.search import search
from schema.base import Shows, field, output_type, required
from schema.connections import Connection, page
from schema.messages import Message


@output_type
class MessageHit(Shows[search.Hit]):
    """A message that matches a search."""

    message: Message = field("The matching message.")
    snippet = required(
        str, search.snippet_of, "One line of its text, at most 160 characters, with the first match between « and »."
    )


@strawberry.type(description="A page of messages that match a search.")
class MessageSearchConnection(Connection[MessageHit]):
    pass


@strawberry.type
class Query:
    search_messages = page(
        MessageHit,
        search.search_messages,
        "Messages that match a search and that you may see, newest first.",
        connection=MessageSearchConnection,
    )
