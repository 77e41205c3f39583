"""Positions of the events of a subscription, after which a client can resume it."""

from collections.abc import Callable
from typing import Any, TypeAlias

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, GraphQLSchema, OperationType
from strawberry.types.field import StrawberryField

from execution.operations import Operation
from execution.plans import DEFINITION

# Metadata of a Strawberry subscription: a function that returns the position of an event, or None.
POSITION = "position"

Position: TypeAlias = Callable[[Any], str | None]


class Positions:
    """Position functions of the subscriptions of a schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        root = schema.get_root_type(OperationType.SUBSCRIPTION)
        self._by_field: dict[str, Position] = {}
        for name, definition in root.fields.items() if root else ():
            field = (definition.extensions or {}).get(DEFINITION)
            if isinstance(field, StrawberryField) and (position := field.metadata.get(POSITION)) is not None:
                self._by_field[name] = position

    def of(self, operation: Operation) -> Position:
        """Return the function of the one root field of a subscription."""
        return self._by_field.get(_root_field(operation), _no_position)


def _no_position(_: object) -> None:
    return None


def _root_field(operation: Operation) -> str:
    definitions = operation.document.node.definitions
    fragments = {node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)}
    selections = operation.node.selection_set.selections
    while not isinstance(node := selections[0], FieldNode):
        owner: Any = fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
        selections = owner.selection_set.selections
    return node.name.value
