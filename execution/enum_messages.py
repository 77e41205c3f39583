"""Messages about values that an enum does not have, completed with the values that it has."""

import re

from graphql import GraphQLEnumType, GraphQLSchema

# graphql-core only suggests values of a similar spelling, and for most mistakes it suggests nothing.
_ENUM = re.compile(r"in '(\w+)' enum\.|Enum '(\w+)' cannot represent")
_SUGGESTION = re.compile(r" Did you mean [^?]*\?$")


def list_allowed_values(message: str, schema: GraphQLSchema) -> str:
    """Return graphql-core's message with the values of the enum that it names, and other messages unchanged."""
    mentions = _ENUM.findall(message)
    # The last one, because the text before may quote what the client sent.
    enum = schema.get_type("".join(mentions[-1])) if mentions else None
    if not isinstance(enum, GraphQLEnumType):
        return message
    return f"{_SUGGESTION.sub('', message)} Choose one of: {', '.join(enum.values)}."
