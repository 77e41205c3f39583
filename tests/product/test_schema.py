"""The schema as clients see it: described throughout, one habit for all, and the snapshot that is reviewed."""

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

WITHOUT_INPUT = {"logOutEverywhere", "requestEmailVerification"}


def _undescribed() -> Iterator[str]:
    for name, kind in TYPES.items():
        if not kind.description:
            yield name
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for field_name, field in kind.fields.items():
                if not field.description:
                    yield f"{name}.{field_name}"
                for argument_name, argument in getattr(field, "args", {}).items():
                    if not argument.description:
                        yield f"{name}.{field_name}({argument_name}:)"
        if isinstance(kind, GraphQLEnumType):
            yield from (f"{name}.{value_name}" for value_name, value in kind.values.items() if not value.description)


def test_everything_carries_a_description() -> None:
    assert list(_undescribed()) == []


def test_the_snapshot_is_what_the_code_says() -> None:
    assert SNAPSHOT.read_text(encoding="utf-8") == schema.as_str() + "\n", "run `make schema` and review the difference"


def test_every_mutation_takes_one_input_and_answers_with_one_payload() -> None:
    mutation = schema._schema.mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        title = name[0].upper() + name[1:]
        inputs = [str(argument.type).rstrip("!") for argument in field.args.values()]
        assert inputs == ([] if name in WITHOUT_INPUT else [f"{title}Input"]), name
        assert str(field.type) == f"{title}Payload!", name


def test_every_type_with_an_id_that_is_kept_is_a_node() -> None:
    for name, kind in TYPES.items():
        if isinstance(kind, GraphQLObjectType) and "createdBy" in kind.fields:
            assert {i.name for i in kind.interfaces} == {"Node", "Audited"}, name


def test_every_list_is_a_page_or_has_an_end() -> None:
    """A connection has the four arguments of a page, and its total is counted only when asked for."""
    for name, kind in TYPES.items():
        if isinstance(kind, GraphQLObjectType):
            for field_name, field in kind.fields.items():
                if str(field.type).rstrip("!").endswith("Connection"):
                    assert isinstance(field.type, GraphQLNonNull), f"{name}.{field_name}"
                    assert {"first", "after", "last", "before"} <= set(field.args), f"{name}.{field_name}"
