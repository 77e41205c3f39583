"""Admission of unauthenticated callers: they may use only the root fields that are declared public."""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    BooleanValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    OperationType,
    SelectionNode,
    VariableNode,
)
from strawberry.types.field import StrawberryField

from execution.operations import Operation
from execution.plans import DEFINITION

# Metadata of a Strawberry field that callers may use without signing in.
PUBLIC: Mapping[Any, Any] = {"public": True}
# The same, for a field that callers may use even with credentials that are refused elsewhere.
WITHOUT_CREDENTIALS: Mapping[Any, Any] = {**PUBLIC, "without_credentials": True}


class PublicFields:
    """Names of the public root fields of a schema; introspection is public too."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._names = {kind: frozenset(_names(schema, kind, "public")) for kind in OperationType}
        self._free = {kind: frozenset(_names(schema, kind, "without_credentials")) for kind in OperationType}

    def others(self, operation: Operation) -> list[FieldNode]:
        """Return the selected root fields that need a signed-in viewer, in the order of the document.

        Fields that `@skip` or `@include` leave out do not count. Variables are used as they were sent: an operation
        is judged before any of its input is coerced.
        """
        public = self._names[operation.kind]
        return [node for node in self.selected(operation) if node.name.value not in public]

    def selected(self, operation: Operation) -> list[FieldNode]:
        """Return the selected root fields in the order of the document, without introspection."""
        nodes = _selected(operation.node.selection_set.selections, _Sources(operation), set())
        return [node for node in nodes if not node.name.value.startswith("__")]

    def ignores_credentials(self, operation: Operation) -> bool:
        """Return whether every selected root field may be used with credentials that were refused."""
        free = self._free[operation.kind]
        nodes = _selected(operation.node.selection_set.selections, _Sources(operation), set())
        return all(node.name.value in free for node in nodes)


class _Sources:
    """Fragments and raw variables of an operation."""

    def __init__(self, operation: Operation) -> None:
        definitions = operation.document.node.definitions
        self.fragments = {node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)}
        defaults = {
            node.variable.name.value: node.default_value.value
            for node in operation.node.variable_definitions or ()
            if isinstance(node.default_value, BooleanValueNode)
        }
        self.variables: Mapping[str, Any] = {**defaults, **operation.request.variables}


def _names(schema: GraphQLSchema, kind: OperationType, key: str) -> Iterator[str]:
    root = schema.get_root_type(kind)
    for name, definition in root.fields.items() if root else ():
        field = (definition.extensions or {}).get(DEFINITION)
        if isinstance(field, StrawberryField) and field.metadata.get(key):
            yield name


def _selected(selections: tuple[SelectionNode, ...], sources: _Sources, seen: set[str]) -> Iterator[FieldNode]:
    for node in selections:
        if _is_left_out(node, sources.variables):
            continue
        if isinstance(node, FieldNode):
            yield node
        elif not isinstance(node, FragmentSpreadNode):
            inline: Any = node
            yield from _selected(inline.selection_set.selections, sources, seen)
        elif (name := node.name.value) not in seen:
            seen.add(name)
            yield from _selected(sources.fragments[name].selection_set.selections, sources, seen)


def _is_left_out(node: SelectionNode, variables: Mapping[str, Any]) -> bool:
    for directive in node.directives or ():
        if directive.name.value in {"skip", "include"}:
            (argument,) = directive.arguments or ()
            condition: Any = argument.value
            value = variables.get(condition.name.value) if isinstance(condition, VariableNode) else condition.value
            # Only what is certainly left out is: a value of another type is an error of the variable, found later.
            if value is (directive.name.value == "skip"):
                return True
    return False
