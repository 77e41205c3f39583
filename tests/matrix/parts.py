"""Parts of the schema that need rows in the matrix, and the documents that ask for them."""

from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLField,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
    is_object_type,
    is_union_type,
)

from schema import schema
from tests.matrix.rows import Arguments, In

TYPES: dict[str, Any] = schema._schema.type_map
QUERY, MUTATION, SUBSCRIPTION = (TYPES[name].fields for name in ("Query", "Mutation", "Subscription"))
NODES = {name for name, kind in TYPES.items() if is_object_type(kind) and TYPES["Node"] in kind.interfaces}
BY_ID = {str(field.type): name for name, field in QUERY.items() if list(field.args) == ["id"] and name != "node"}
ANY_BY_ID = {"node", "nodes"}


def call(name: str, field: GraphQLField, values: Arguments) -> tuple[str, str]:
    """Return the definitions of the variables, and the field with its arguments."""
    declared = ", ".join(f"${key}: {field.args[key].type}" for key in values)
    arguments = ", ".join(f"{key}: ${key}" for key in values)
    return f"({declared})" if declared else "", f"{name}({arguments})" if arguments else name


def leaves(type_: Any) -> str:
    """Return the fields of a type that need no selection and no argument."""
    fields = getattr(type_, "fields", {})
    plain = [name for name, field in fields.items() if not field.args and not is_composite_type(bare(field))]
    return " ".join(["__typename", *plain])


def bare(field: GraphQLField) -> Any:
    """Return the type of a field without lists and exclamation marks."""
    return get_named_type(field.type)


def is_connection(field: GraphQLField) -> bool:
    return str(bare(field)).endswith("Connection")


def is_list(field: GraphQLField) -> bool:
    """Return True for a list of objects, paged or whole."""
    return is_connection(field) or (is_list_type(get_nullable_type(field.type)) and is_composite_type(bare(field)))


def row_type(field: GraphQLField) -> Any:
    """Return the type of a list's objects."""
    return bare(bare(field).fields["nodes"]) if is_connection(field) else bare(field)


def reachable() -> Iterator[Any]:
    """Yield Query and every type it can return, without connections and edges."""
    waiting, seen = [TYPES["Query"], *(TYPES[name] for name in NODES)], set()
    while waiting:
        kind = waiting.pop()
        if kind.name in seen:
            continue
        seen.add(kind.name)
        waiting += kind.types if is_union_type(kind) else map(bare, getattr(kind, "fields", {}).values())
        if is_object_type(kind) and not kind.name.endswith(("Connection", "Edge")):
            yield kind


LISTS = {
    f"{kind.name}.{name}": field
    for kind in reachable()
    for name, field in kind.fields.items()
    if is_list(field) and name not in ANY_BY_ID
}
ANSWERS = {name for name in QUERY if f"Query.{name}" not in LISTS and name not in {*BY_ID.values(), *ANY_BY_ID}}


def listing(type_: str, name: str, field: GraphQLField, row: In) -> str:
    """Return a document that reads a list of the object `$of`, or of the root."""
    declared, called = call(name, field, row.arguments)
    plain = leaves(row_type(field))
    requested = f"{called} {{ nodes {{ {plain} }} totalCount }}" if is_connection(field) else f"{called} {{ {plain} }}"
    if type_ == "Query":
        return f"query {declared} {{ {requested} }}"
    declared = declared.replace("(", "($of: ID!, ") if declared else "($of: ID!)"
    selection = (row.inside or f"... on {type_} {{ … }}").replace("…", requested)
    return f"query {declared} {{ node(id: $of) {{ {selection} }} }}"
