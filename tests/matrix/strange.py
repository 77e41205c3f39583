"""Inputs with an id of another type, which must be refused for everyone, at every place that takes an id."""

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLInputField, get_named_type, is_input_object_type

from tests.matrix.children import CHANGED, LISTED
from tests.matrix.parts import LISTS, MUTATION
from tests.matrix.rows import Arguments, In

# Not ids of things: keys that a table gives to its columns.
COLUMN_KEYS = {"key", "keyColumns", "column", "groupBy"}
# What is one of many that are sent at once is refused in the words of its field; a subject is of any type.
OTHERWISE: dict[str, str | None] = {
    "applyProposal.changeIds": "BAD_USER_INPUT",
    "applyProposal.edits.changeId": "BAD_USER_INPUT",
    "recordReadings.readings.moduleId": "BAD_USER_INPUT",
    "Query.auditLog(subjectId)": None,
}

Path = tuple[str, ...]


def places(kind: Any, before: Path = ()) -> Iterator[Path]:
    """Yield the paths at which an input takes an id, through lists and nested inputs."""
    fields: dict[str, GraphQLInputField] = kind.fields
    for name, field in fields.items():
        inner = get_named_type(field.type)
        if is_input_object_type(inner):
            yield from places(inner, (*before, name))
        elif inner.name == "ID" and name not in COLUMN_KEYS:
            yield *before, name


def changes() -> Iterator[tuple[str, Arguments, Path]]:
    """Yield each mutation that takes an id, with an input for it and the path of the id."""
    for name, field in MUTATION.items():
        argument = field.args.get("input")
        for position in places(get_named_type(argument.type)) if argument else ():
            yield (
                name,
                next(
                    (row.arguments for row in CHANGED[name] if position[0] in row.arguments), CHANGED[name][0].arguments
                ),
                position,
            )


def lists() -> Iterator[tuple[str, In, str]]:
    """Yield each list that an id limits, with a row of it and the name of the argument."""
    for name, field in LISTS.items():
        for argument, definition in field.args.items():
            if get_named_type(definition.type).name == "ID" and argument not in COLUMN_KEYS:
                yield name, LISTED[name][0], argument


def put(value: Any, position: Path, id_: str) -> Any:
    """Return the value with another id at a path, which need not exist in it."""
    if not position:
        return [id_] if isinstance(value, list) else id_
    if isinstance(value, list):
        return [put(each, position, id_) for each in value]
    return {**(value or {}), position[0]: put((value or {}).get(position[0]), position[1:], id_)}
