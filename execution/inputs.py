"""Limit on the input objects of an operation, which cost far more to convert than their bytes suggest.

Each field of each object takes about 30 µs, whether or not it is given: 10,000 columns of a table, 500 kB, would keep
every other client waiting for seconds before a resolver could count them.
"""

from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    type_from_ast,
)

from execution.errors import Code, OperationError


def check_inputs(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, Any], limit: int
) -> None:
    """Raise OperationError if the variables have more fields of input objects than the limit, given or not.

    Objects that are written in the document are bounded by its tokens.
    """
    count = _Count(limit)
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        count.add(type_from_ast(schema, definition.type), variables.get(name), name)


class _Count:
    """Number of the fields of input objects so far; stops at the limit."""

    def __init__(self, limit: int) -> None:
        self._limit, self._left = limit, limit

    def add(self, type_: Any, value: Any, name: str) -> None:
        """Add a value of a type, with everything in it."""
        pending = [(type_, value)]
        while pending:
            type_, value = pending.pop()
            while isinstance(type_, GraphQLNonNull):
                type_ = type_.of_type
            if isinstance(type_, GraphQLList):
                # A single value stands for a list of one.
                pending += [(type_.of_type, each) for each in (value if isinstance(value, list) else [value])]
            elif isinstance(type_, GraphQLInputObjectType) and isinstance(value, Mapping):
                self._take(len(type_.fields), name)
                fields = type_.fields
                pending += [(fields[key].type, each) for key, each in value.items() if key in fields]

    def _take(self, count: int, name: str) -> None:
        self._left -= count
        if self._left < 0:
            raise OperationError(
                Code.TOO_COMPLEX,
                f"The variable `${name}` has too many objects: an operation may have {self._limit:,} fields of input "
                "objects, those left out included. Split it into several requests.",
            )
