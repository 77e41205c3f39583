"""Search over messages."""

import strawberry

from resolvers.search import search
from schema.base import Connection, Paged, field, output_type, required
from schema.messages import Message


@output_type
class MessageHit:
    """A message in which something was found."""

    message: Message = field("The message.")
    snippet = required(
        str, search.snippet_of, "One line of its text, at most 160 characters, the first hit between « and »."
    )


@strawberry.type(description="A page of messages in which something was found.")
class MessageSearchConnection(Connection[MessageHit]):
    pass


@strawberry.type
class Query:
    search_messages = strawberry.field(
        resolver=search.search_messages,
        graphql_type=MessageSearchConnection,
        description="Messages that you may see and that have what you look for, newest first.",
        extensions=[Paged()],
    )
