"""Attributes that an operation reads of the nodes of a connection, so that no other columns need to be loaded."""

from collections.abc import Callable
from typing import TypeAlias, cast

from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_object_type
from graphql.execution.collect_fields import FieldDetails, FieldDetailsList, GroupedFieldSet
from strawberry.types.field import StrawberryField

from execution.plans import DEFINITION, attribute_of

# Key in a Strawberry field's metadata: the only attributes that its resolver reads of its parent.
READS = "reads"
# Key in the metadata of a connection, whose resolver asks its info for the attributes of the nodes.
CONNECTION = "connection"

Collect: TypeAlias = Callable[[GraphQLObjectType, FieldDetailsList], GroupedFieldSet]


def is_connection(definition: GraphQLField) -> bool:
    field = (definition.extensions or {}).get(DEFINITION)
    return isinstance(field, StrawberryField) and CONNECTION in field.metadata


def read_by_nodes(connection: GraphQLObjectType, details: FieldDetailsList, collect: Collect) -> frozenset[str] | None:
    """Return the attributes that a selection of a connection reads of its nodes; None if that is unknown.

    `collect` returns the fields that are selected of an object.
    """
    attributes: set[str] = set()
    for node, selected in _nodes(connection, details, collect):
        if not is_object_type(node):
            return None
        for field_details in collect(node, selected).values():
            read = _read_by(node, field_details[0])
            if read is None:
                return None
            attributes |= read
    return frozenset(attributes)


def _nodes(
    connection: GraphQLObjectType, details: FieldDetailsList, collect: Collect
) -> list[tuple[GraphQLObjectType, FieldDetailsList]]:
    """Return the type of the nodes with the fields `nodes` and `edges { node }`, as often as they are selected."""
    nodes = []
    for below in collect(connection, details).values():
        name = below[0].node.name.value
        if name == "nodes":
            nodes.append((connection.fields[name], below))
        elif name == "edges":
            edge = cast("GraphQLObjectType", get_named_type(connection.fields[name].type))
            nodes += [
                (edge.fields["node"], selected)
                for selected in collect(edge, below).values()
                if selected[0].node.name.value == "node"
            ]
    return [(cast("GraphQLObjectType", get_named_type(field.type)), selected) for field, selected in nodes]


def _read_by(node: GraphQLObjectType, details: FieldDetails) -> frozenset[str] | None:
    if details.node.name.value == "__typename":
        return frozenset()
    definition = node.fields[details.node.name.value]
    field = (definition.extensions or {}).get(DEFINITION)
    if isinstance(field, StrawberryField) and READS in field.metadata:
        return frozenset(field.metadata[READS])
    attribute = attribute_of(definition)
    return None if attribute is None else frozenset({attribute})
