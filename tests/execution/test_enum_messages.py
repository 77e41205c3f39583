"""Values that an enum does not have: the message lists those that it has."""

from enum import Enum
from typing import Any

import pytest
import strawberry
from graphql import GraphQLError

from execution.errors import OperationError
from execution.executor import Executor
from execution.operations import Operation, Request


@strawberry.enum
class Colour(Enum):
    RED = "red"
    GREEN = "green"


@strawberry.input
class Paint:
    colour: Colour


@strawberry.type
class Query:
    @strawberry.field
    def mix(self, colour: Colour = Colour.RED, paint: Paint | None = None) -> str:
        return colour.value


SCHEMA = strawberry.Schema(Query)
BY_VARIABLE = "query($colour: Colour!) { mix(colour: $colour) }"


async def message_of(query: str, *, hide_suggestions: bool = False, **variables: Any) -> str:
    def format_error(error: GraphQLError, _: object) -> dict[str, Any]:
        assert isinstance(error, OperationError)
        return {"message": error.message}

    executor = Executor(SCHEMA, format_error=format_error, hide_suggestions=hide_suggestions)
    prepared = executor.prepare(Request(query, variables=variables), None)
    result = await executor.execute(prepared, None) if isinstance(prepared, Operation) else prepared
    (error,) = result.errors
    text: str = error["message"]
    return text


@pytest.mark.parametrize("value", ["BLUE", "GREN", "red", 5, None, "in 'Query' enum."])
async def test_an_unknown_value_in_a_variable_is_answered_with_the_allowed_ones(value: object) -> None:
    message = await message_of(BY_VARIABLE, colour=value)
    assert "Did you mean" not in message
    assert message.endswith(" Choose one of: RED, GREEN.") or value is None  # null is refused by the variable itself


async def test_an_unknown_value_in_an_input_object_is_answered_with_the_allowed_ones() -> None:
    message = await message_of("query($paint: Paint!) { mix(paint: $paint) }", paint={"colour": "BLUE"})
    assert "paint" in message
    assert message.endswith("Value 'BLUE' does not exist in 'Colour' enum. Choose one of: RED, GREEN.")


@pytest.mark.parametrize("value", ["BLUE", "GREN", '"RED"', "5"])
async def test_an_unknown_value_in_the_document_is_answered_with_the_allowed_ones(value: str) -> None:
    message = await message_of(f"{{ mix(colour: {value}) }}")
    assert message.endswith(" Choose one of: RED, GREEN.")
    assert "Did you mean" not in message


async def test_other_mistakes_keep_their_message() -> None:
    message = await message_of("query($paint: Paint!) { mix(paint: $paint) }", paint={"colour": "RED", "coat": 2})
    assert "unknown field 'coat'" in message
    assert "Choose one of" not in message


async def test_the_values_are_not_listed_where_suggestions_are_hidden() -> None:
    assert "RED" not in await message_of(BY_VARIABLE, hide_suggestions=True, colour="BLUE")
    assert "GREEN" not in await message_of("{ mix(colour: BLUE) }", hide_suggestions=True)
