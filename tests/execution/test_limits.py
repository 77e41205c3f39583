import time

import pytest
from graphql import OperationDefinitionNode, build_schema, get_introspection_query, parse

from execution.errors import OperationError
from execution.inputs import check_inputs
from execution.limits import Limits, measure
from execution.weights import Weights

PAGED = Weights(frozenset({"users", "messages"}))


def refusal(text: str, variables: dict[str, object] | None = None, limits: Limits | None = None) -> str:
    with pytest.raises(OperationError) as caught:
        measure(parse(text), limits or Limits(), PAGED, variables)
    assert caught.value.extensions == {"code": "DOCUMENT_TOO_COMPLEX"}
    return caught.value.message


def nested(depth: int) -> str:
    return "{" + "a{" * (depth - 1) + "a" + "}" * (depth - 1) + "}"


def test_a_document_of_800_bytes_whose_fragments_double_twenty_times_is_refused_in_ten_milliseconds() -> None:
    steps = "".join(f"fragment f{n} on Q{{q{{...f{n + 1} ...f{n + 1}}}}}" for n in range(21))
    bomb = parse("{...f0 ...f0}" + steps + "fragment f21 on Q{a}")
    started = time.process_time()
    with pytest.raises(OperationError):
        measure(bomb, Limits(), PAGED)
    assert time.process_time() - started < 0.01


def test_what_doubling_fragments_return_is_counted_and_not_only_their_depth() -> None:
    steps = "".join(f"fragment f{n} on Q{{...f{n + 1} ...f{n + 1}}}" for n in range(40))
    message = refusal("{q{...f0 ...f0}}" + steps + "fragment f40 on Q{a b c}")
    assert message == (
        "The document may cost far too many; at most 25000 units of cost are allowed. "
        "Ask for less, or split it into several requests."
    )


def test_fields_may_nest_fifteen_deep_and_no_deeper() -> None:
    assert measure(parse(nested(15)), Limits(), PAGED).vary is False
    assert refusal(nested(16)).startswith("The document nests 16 fields deep; at most 15 ")


def test_a_fragment_counts_toward_the_depth_where_it_is_spread() -> None:
    fragment = "fragment f on Q {" + nested(10)[1:]
    measure(parse("{a{a{a{a{a{...f}}}}}}" + fragment), Limits(), PAGED)
    assert "nests 16 fields deep" in refusal("{a{a{a{a{a{a{...f}}}}}}}" + fragment)


def test_a_selection_nested_past_the_recursion_limit_is_refused_and_not_an_error_of_the_server() -> None:
    chain = "".join(f"fragment f{n} on Q{{... {{ ...f{n + 1} }}}}" for n in range(3000))
    assert "nests too deep" in refusal("{...f0}" + chain + "fragment f3000 on Q{a}")


def test_fragments_that_spread_each_other_are_left_to_validation() -> None:
    assert measure(parse("{...a} fragment a on Q{x ...b} fragment b on Q{y ...a}"), Limits(), PAGED).vary is False


def test_thirty_aliases_are_allowed_in_a_document() -> None:
    def aliases(count: int) -> str:
        return "{q{" + " ".join(f"a{n}:a" for n in range(count)) + "}}"

    measure(parse(aliases(30)), Limits(), PAGED)
    assert "has too many aliases; at most 30" in refusal(aliases(31))


def test_five_hundred_fields_are_allowed_in_a_document_even_where_no_operation_reaches_them() -> None:
    def fields(count: int) -> str:
        return "{q} fragment f on Q {" + " ".join(f"f{n}" for n in range(count - 1)) + "}"

    measure(parse(fields(500)), Limits(), PAGED)
    assert "has too many fields; at most 500" in refusal(fields(501))


def test_twenty_root_fields_are_allowed_in_an_operation_and_fragments_do_not_hide_them() -> None:
    def roots(count: int) -> str:
        return "{...f} fragment f on Q {... {" + " ".join(f"f{n}" for n in range(count)) + "}}"

    measure(parse(roots(20)), Limits(), PAGED)
    assert "has 21 root fields; at most 20" in refusal(roots(21))


def test_one_response_name_may_stand_ten_times_in_a_selection() -> None:
    measure(parse("{q{" + "a " * 10 + "}}"), Limits(), PAGED)
    assert "repeats a 11 times" in refusal("{q{" + "a " * 11 + "}}")
    assert "repeats ...f 11 times" in refusal("{q{" + "...f " * 11 + "}} fragment f on Q{a}")
    assert "repeats b 11 times" in refusal("{q{" + "b:a " * 11 + "}}")


@pytest.mark.parametrize(
    "position",
    ["query @X {a}", "{a @X}", "{...f @X} fragment f on Q {a}", "{... @X {a}}", "{...f} fragment f on Q @X {a}"],
)
def test_four_directives_are_allowed_on_a_node(position: str) -> None:
    measure(parse(position.replace("@X", "@x" * 4)), Limits(), PAGED)
    assert "has 5 directives in one place; at most 4" in refusal(position.replace("@X", "@x" * 5))


def test_directives_on_a_variable_are_counted() -> None:
    assert "10 directives" in refusal("query ($a: Int " + "@x " * 10 + ") {a}")


LIMITS = Limits(cost=1000)


def test_a_page_multiplies_what_is_asked_of_each_of_its_items() -> None:
    measure(parse("{users(first: 33) {messages(last: 10) {id a}}}"), LIMITS, PAGED)  # 1 + 33 × (1 + 10 × 2)
    assert "may cost 1,051" in refusal("{users(first: 50) {messages(last: 10) {id a}}}", None, LIMITS)


def test_a_paged_field_without_a_number_counts_as_a_page() -> None:
    measure(parse("{users {messages {id a}}}"), LIMITS, PAGED)  # 1 + 20 × (1 + 20 × 2) = 821
    assert "may cost 1,221" in refusal("{users {messages {id a b}}}", None, LIMITS)


def test_a_number_above_the_largest_page_counts_as_that_page_for_the_field_itself_refuses_it() -> None:
    measure(parse("{users(first: 1000000) {a b c d e f g h i}}"), LIMITS, PAGED)  # 1 + 100 × 9
    measure(parse("{users(first: " + "9" * 5000 + ") {a b c d e f g h i}}"), LIMITS, PAGED)
    assert "may cost 1,001" in refusal("{users(first: 101) {a b c d e f g h i j}}", None, LIMITS)


@pytest.mark.parametrize("size", [0, -5, "null"])
def test_no_page_counts_as_less_than_one_item(size: object) -> None:
    document = f"{{users(first: {size}) {{users(first: 100) {{a b c d e f g h i j}}}}}}"
    assert "may cost" in refusal(document, None, LIMITS)


def test_a_list_of_ids_counts_as_that_many_items() -> None:
    ids = ", ".join('"x"' for _ in range(150))
    assert "may cost 1,051" in refusal(f"{{nodes(ids: [{ids}]) {{a b c d e f g}}}}", None, LIMITS)


QUERY = "query Q($n: Int%s) {users(first: $n) {messages(first: $n) {id}}}"


def test_a_size_in_a_variable_is_known_only_with_the_request() -> None:
    document = parse(QUERY % "")
    assert measure(document, LIMITS, PAGED).vary is True
    measure(document, LIMITS, PAGED, {"n": 30})  # 1 + 30 × 31
    assert "may cost 1,641" in refusal(QUERY % "", {"n": 40}, LIMITS)
    assert "may cost 1,641" in refusal(QUERY % "", {"n": 40.0}, LIMITS)


def test_a_variable_that_is_not_sent_has_its_default_and_else_counts_as_a_page() -> None:
    assert "may cost 1,641" in refusal(QUERY % " = 40", {}, LIMITS)
    measure(parse(QUERY % ""), LIMITS, PAGED, {})  # 1 + 20 × 21
    assert "may cost" in refusal(QUERY % "", {}, Limits(cost=420))
    assert "may cost" in refusal(QUERY % "", {"n": None}, Limits(cost=420))


def test_a_list_in_a_variable_counts_as_its_items() -> None:
    query = "query ($ids: [ID!]!) {nodes(ids: $ids) {a b}}"
    assert "may cost 1,001" in refusal(query, {"ids": ["x"] * 500}, LIMITS)


def test_the_introspection_of_graphiql_is_within_the_limits_whatever_fields_of_the_schema_are_paged() -> None:
    query = get_introspection_query(
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
        one_of=True,
    )
    document = parse(query, max_lexical_tokens=Limits().tokens)
    assert measure(document, Limits(), PAGED.with_paged(PAGED.paged | {"fields", "types", "args"})).vary is False


def test_input_objects_are_counted_with_the_fields_they_leave_out() -> None:
    schema = build_schema(
        "input Thing { a: Int, b: [Int], things: [Thing!], rest: Anything } scalar Anything "
        "type Query { f(things: [[Thing!]!], one: Thing!): Int }"
    )
    (operation,) = parse("query($x: [[Thing!]!], $one: Thing!, $y: Int) { f(things: $x, one: $one) }").definitions
    assert isinstance(operation, OperationDefinitionNode)
    cases: list[tuple[dict[str, object], int]] = [
        ({"one": {}}, 4),
        ({"one": None, "y": {"a": {}}}, 0),
        ({"x": [[{}, {}], {}]}, 12),
        ({"one": {"things": [{"things": {"a": 1}}], "rest": [{}] * 100, "unknown": {}}}, 12),
        ({"one": [{}], "other": {}}, 0),
    ]
    for variables, fields in cases:
        check_inputs(schema, operation, variables, fields)
        if fields:
            with pytest.raises(OperationError, match="too many objects"):
                check_inputs(schema, operation, variables, fields - 1)
