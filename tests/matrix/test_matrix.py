"""Permissions for every type, list and root field of the schema, for every kind of person, on both databases.

`tests/matrix/rows.py` explains how to add a row. A refused operation must change nothing: the whole database is
compared with its state before. An allowed one runs in a transaction that is rolled back, so that one world serves all.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from graphql import get_named_type, is_leaf_type

from schema.core.scopes import SCOPES
from tests.matrix.asking import FORBIDDEN, NOT_FOUND, UNAUTHENTICATED, Stage, found, refusal, rehearsing
from tests.matrix.children import CHANGED, LISTED, SEEN
from tests.matrix.parts import ANSWERS, BY_ID, LISTS, MUTATION, NODES, QUERY, SUBSCRIPTION, TYPES, call, leaves, listing
from tests.matrix.rows import ANONYMOUS, DEACTIVATED, KEYS, READER_KEY, Asked, Caller, Change, Follow, In, Key, Person
from tests.matrix.strange import OTHERWISE, changes, lists, put
from tests.matrix.streams import FOLLOWED
from tests.matrix.views import ASKED

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("there", "rows", "where"),
    [
        (NODES, SEEN, "SEEN in tests/matrix/views.py"),
        (ANSWERS, ASKED, "ASKED in tests/matrix/views.py"),
        (LISTS, LISTED, "LISTED in tests/matrix/lists.py"),
        (MUTATION, CHANGED, "CHANGED in tests/matrix/changes.py"),
        (SUBSCRIPTION, FOLLOWED, "FOLLOWED in tests/matrix/streams.py"),
    ],
    ids=["types", "answers", "lists", "mutations", "subscriptions"],
)
async def test_the_table_has_rows_for_all_that_the_schema_has(there: Iterable[str], rows: Any, where: str) -> None:
    missing, left = sorted(set(there) - set(rows)), sorted(set(rows) - set(there))
    assert not missing, f"say who may do this: add {', '.join(missing)} to {where}, as tests/matrix/rows.py explains"
    assert not left, f"the schema has no {', '.join(left)}: take it out of {where}"
    assert [name for name in rows if not rows[name]] == []


CALLERS: list[Caller] = [*Person, *KEYS]
# A key without the scope ADMIN does not find these types by id, and these lists are refused to it.
ADMIN_TYPES, ADMIN_LISTS = {"ApiKey", "AuditEntry"}, {"User.apiKeys", "User.sessions"}


def person_of(caller: Caller) -> Person:
    return caller.person if isinstance(caller, Key) else caller


def lacks_scope(caller: Caller, root: str) -> bool:
    """Return whether an API key may not select a root field, such as `Query.items`."""
    return isinstance(caller, Key) and SCOPES.get(root) not in caller.scopes


def lasting(displayed: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the view without its link, which is signed again each second."""
    return displayed and {name: value for name, value in displayed.items() if name != "url"}


SHOWN = [(type_, name) for type_, names in SEEN.items() for name in names]


@pytest.mark.parametrize(("type_", "name"), SHOWN, ids=[f"{type_}-{name}" for type_, name in SHOWN])
async def test_a_thing_is_seen_the_same_in_every_way_by_those_who_may(stage: Stage, type_: str, name: str) -> None:
    fields = leaves(TYPES[type_])
    displayed = f"... on {type_} {{ {fields} }}"
    document = f"query ($id: ID!, $ids: [ID!]!) {{ node(id: $id) {{ {displayed} }} nodes(ids: $ids) {{ {displayed} }}"
    document += f" one: {BY_ID[type_]}(id: $id) {{ {fields} }} }}" if type_ in BY_ID else "}"
    id_, wrong = stage.scene.ids[name], dict[Caller, Any]()
    for caller in CALLERS:
        person = person_of(caller)
        data, code = await stage.ask(caller, document, id=id_, ids=["bad", id_])
        ways = [] if data is None else [data["node"], data["nodes"][1], *([data["one"]] if "one" in data else [])]
        views = [lasting(way) for way in ways]
        seen = code is None and all(view is not None and view["id"] == id_ and view == views[0] for view in views)
        hidden = code is None and all(view is None for view in views) and data["nodes"][0] is None
        if person in {ANONYMOUS, DEACTIVATED}:
            hidden = code == UNAUTHENTICATED
        may_see = person in SEEN[type_][name] and not (caller is READER_KEY and type_ in ADMIN_TYPES)
        if not (seen if may_see else hidden):
            wrong[caller] = (code, views)
    assert wrong == {}


def cases(table: dict[str, list[Any]]) -> list[Any]:
    rows = [(name, row, number) for name, of_name in table.items() for number, row in enumerate(of_name)]
    return [pytest.param(name, row, id=f"{name}-{number}" if number else name) for name, row, number in rows]


@pytest.mark.parametrize(("name", "row"), cases(ASKED))
async def test_a_question_is_answered_to_those_who_may(stage: Stage, name: str, row: Asked) -> None:
    declared, field = call(name, QUERY[name], row.arguments)
    wrong: dict[Caller, Any] = {}
    for caller in CALLERS:
        selection = "" if is_leaf_type(get_named_type(QUERY[name].type)) else "{ __typename }"
        document = f"query {declared} {{ {field} {selection} }}"
        data, code = await stage.ask(caller, document, **stage.named(row.arguments))
        may_ask = person_of(caller) in row.by and not lacks_scope(caller, f"Query.{name}")
        if (code is None and data[name] is not None) is not may_ask:
            wrong[caller] = (code, data)
    assert wrong == {}


@pytest.mark.parametrize(("name", "row"), cases(LISTED))
async def test_a_list_has_what_its_reader_may_see(stage: Stage, name: str, row: In) -> None:
    type_, _, field = name.partition(".")
    document, arguments = listing(type_, field, LISTS[name], row), stage.named(row.arguments)
    wrong: dict[Caller, Any] = {}
    for caller in CALLERS:
        person = person_of(caller)
        of = {"of": stage.scene.ids[row.of]} if row.of else {}
        data, code = await stage.ask(caller, document, **of, **arguments)
        listed = found(data, field)
        is_in = bool(listed) if row.name is None else stage.scene.ids[row.name] in [each.get("id") for each in listed]
        is_refused = lacks_scope(caller, name) if type_ == "Query" else caller is READER_KEY and name in ADMIN_LISTS
        if is_refused and row.of is not None and person not in row.by:
            is_refused = code == FORBIDDEN  # a hidden parent is null before its list is asked
        strangers = {ANONYMOUS, DEACTIVATED} - row.by  # a public list is for people without a token, too
        expected = UNAUTHENTICATED if person in strangers else FORBIDDEN if is_refused else code
        if is_in is not (person in row.by and not is_refused) or code != expected:
            wrong[caller] = (code, data)
    assert wrong == {}


@pytest.mark.parametrize(("name", "row"), cases(CHANGED))
async def test_a_change_is_made_by_those_who_may_and_nothing_happens_otherwise(
    stage: Stage, name: str, row: Change
) -> None:
    argument = MUTATION[name].args.get("input")
    field = f"{name}(input: $input)" if argument else name
    declared = f"($input: {argument.type})" if argument else ""
    document = f"mutation {declared} {{ {field} {{ __typename }} }}"
    arguments = {"input": stage.named(row.arguments)} if argument else {}
    wrong: dict[Caller, Any] = {}
    tried: list[Caller] = [*sorted(row.tried), *(key for key in KEYS if key.person in row.tried)]
    for caller in tried:
        person = person_of(caller)
        if lacks_scope(caller, f"Mutation.{name}"):
            _, code = await stage.ask(caller, document, **arguments)
            expected = FORBIDDEN
        elif person in row.by and row.meets is None:
            with rehearsing(stage.backend.database) as written:
                _, code = await stage.ask(caller, document, **arguments)
            assert written or code, f"{name} by {caller} is allowed and writes nothing"
            expected = None
        else:
            _, code = await stage.ask(caller, document, **arguments)
            refused = None if person in row.idle else row.codes.get(person, refusal(person, row.arguments))
            expected = row.meets if person in row.by else refused
        unchanged = await stage.is_unchanged()
        if code != expected or not unchanged:
            wrong[caller] = (code, expected, unchanged)
    assert wrong == {}


@pytest.mark.parametrize(("name", "row"), cases(FOLLOWED))
async def test_a_stream_begins_for_those_who_may(stage: Stage, name: str, row: Follow) -> None:
    declared, field = call(name, SUBSCRIPTION[name], row.arguments)
    document, arguments, wrong = (
        f"subscription {declared} {{ {field} {{ __typename }} }}",
        stage.named(row.arguments),
        dict[Caller, Any](),
    )
    for caller in CALLERS:
        person = person_of(caller)
        data, code = await stage.follow(caller, document, 0.1 if person in row.idle else 10, **arguments)
        expected = None if person in row.by | row.idle else refusal(person, row.arguments)
        if code != expected or (data is not None) is not (person in row.by):
            wrong[caller] = (code, expected)
    assert wrong == {}
    assert await stage.is_unchanged()


async def test_an_id_of_another_type_is_refused_wherever_one_is_sent(stage: Stage) -> None:
    """Superusers see everything, so that only the type of the id can be the reason."""
    codes: dict[str, str | None] = {}
    for name, arguments, position in changes():
        declared = f"($input: {MUTATION[name].args['input'].type})"
        sent = put(stage.named(arguments), position, stage.disguised(arguments, position))
        document = f"mutation {declared} {{ {name}(input: $input) {{ __typename }} }}"
        codes[".".join((name, *position))] = (await stage.ask(Person.SUPERUSER, document, input=sent))[1]
    for name, row, argument in lists():
        type_, _, field = name.partition(".")
        requested = replace(row, arguments={**row.arguments, argument: stage.scene.ids["audit_entry"]})
        sent = stage.named(requested.arguments) | ({"of": stage.scene.ids[row.of]} if row.of else {})
        document = listing(type_, field, LISTS[name], requested)
        codes[f"{name}({argument})"] = (await stage.ask(Person.SUPERUSER, document, **sent))[1]
    for name, follows in FOLLOWED.items():
        declared, field = call(name, SUBSCRIPTION[name], follows[0].arguments)
        ids = {key: stage.disguised(follows[0].arguments, (key,)) for key in follows[0].arguments if key.endswith("Id")}
        document, arguments = (
            f"subscription {declared} {{ {field} {{ __typename }} }}",
            stage.named(follows[0].arguments) | ids,
        )
        if ids:
            codes[name] = (await stage.follow(Person.SUPERUSER, document, 10, **arguments))[1]
    assert {name: code for name, code in codes.items() if code != NOT_FOUND} == OTHERWISE
    ids = {name: stage.disguised({"id": f"@{next(iter(SEEN[type_]))}"}, ("id",)) for type_, name in BY_ID.items()}
    document = " ".join(f'{name}(id: "{id_}") {{ id }}' for name, id_ in ids.items())
    assert await stage.ask(Person.SUPERUSER, f"{{ {document} }}") == (dict.fromkeys(ids), None)
    assert await stage.is_unchanged()


async def test_a_write_behind_the_back_of_the_application_is_noticed(stage: Stage) -> None:
    database = stage.backend.database
    assert await stage.is_unchanged()
    await database.define("UPDATE organizations SET name = name || '!'")
    assert not await stage.is_unchanged()
    await database.define("UPDATE organizations SET name = substr(name, 1, length(name) - 1)")
    assert await stage.is_unchanged()
