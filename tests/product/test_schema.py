"""The schema as clients see it: descriptions, conventions, and the snapshot for reviews."""

import re
from collections.abc import Iterator

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    is_introspection_type,
    is_specified_scalar_type,
)

from schema import schema
from schema.__main__ import SNAPSHOT

TYPES = {
    name: kind
    for name, kind in schema._schema.type_map.items()
    if not is_introspection_type(kind) and not is_specified_scalar_type(kind)
}

WITHOUT_INPUT = {"disconnectGoogle", "logOutEverywhere", "requestEmailVerification"}


def _descriptions() -> Iterator[tuple[str, str | None]]:
    """Yield the name of each type, field, argument and enum value with its description."""
    for name, kind in TYPES.items():
        yield name, kind.description
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for field_name, field in kind.fields.items():
                yield f"{name}.{field_name}", field.description
                for argument_name, argument in getattr(field, "args", {}).items():
                    yield f"{name}.{field_name}({argument_name}:)", argument.description
        if isinstance(kind, GraphQLEnumType):
            yield from ((f"{name}.{value_name}", value.description) for value_name, value in kind.values.items())


def test_everything_carries_a_description() -> None:
    assert [name for name, description in _descriptions() if not description] == []


def test_descriptions_are_no_relative_clauses() -> None:
    """A description names the thing: "Name of the table.", not "What it is called."."""
    clause = re.compile(r"(What|Who|Whose|Whether|Where|Which|How|That)\b")
    assert [f"{name}: {text}" for name, text in _descriptions() if clause.match(text or "")] == []


def test_the_input_of_a_mutation_states_its_purpose() -> None:
    inputs = {name: kind.description for name, kind in TYPES.items() if name == "CreateItemInput"}
    assert inputs == {"CreateItemInput": "Input of `createItem`: create an item."}


def test_the_schema_has_a_description() -> None:
    displayed = schema.execute_sync("{ __schema { description } }")
    assert displayed.data is not None
    assert displayed.data["__schema"]["description"].startswith("SheetGPT: conversations")


def test_the_snapshot_equals_the_schema_of_the_code() -> None:
    assert SNAPSHOT.read_text(encoding="utf-8") == schema.as_str() + "\n", "run `make schema` and review the difference"


def test_every_mutation_takes_one_input_and_returns_one_payload() -> None:
    mutation = schema._schema.mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        title = name[0].upper() + name[1:]
        inputs = [str(argument.type).rstrip("!") for argument in field.args.values()]
        assert inputs == ([] if name in WITHOUT_INPUT else [f"{title}Input"]), name
        payload = "LogIn" if name == "exchangeSignInCode" else title  # another way to log in
        assert str(field.type) == f"{payload}Payload!", name


def test_every_audited_type_is_a_node() -> None:
    for name, kind in TYPES.items():
        if isinstance(kind, GraphQLObjectType) and "createdBy" in kind.fields:
            assert {i.name for i in kind.interfaces} == {"Node", "Audited"}, name


def test_every_connection_takes_the_arguments_of_a_page() -> None:
    for name, kind in TYPES.items():
        if isinstance(kind, GraphQLObjectType):
            for field_name, field in kind.fields.items():
                if str(field.type).rstrip("!").endswith("Connection"):
                    assert isinstance(field.type, GraphQLNonNull), f"{name}.{field_name}"
                    assert {"first", "after", "last", "before"} <= set(field.args), f"{name}.{field_name}"
