import asyncio
import json
from datetime import datetime
from random import Random
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from graphql import ExecutionResult, parse, validate
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from execution.documents import Document, Documents
from execution.executor import is_awaitable
from execution.fields import Stored
from execution.limits import Limits
from execution.planned import PlannedExecution
from tests.support.random_selections import BELOW, LEAVES, Objects, Selections
from tests.support.thing_schema import Color, schema

Unplanned = StrawberryGraphQLCoreExecutionContext


async def run(execution: Any, document: Any, root: Any, plans: Any = None) -> tuple[str, list[Any], list[int]]:
    """Return the data as text, because order counts, the paths of the errors, and the sizes of batches."""
    batches: list[int] = []
    options = {"plans": {} if plans is None else plans} if issubclass(execution, PlannedExecution) else {}
    started = execution.build(
        schema._schema, document, root, context_value=batches, is_awaitable=is_awaitable, **options
    )
    result = started.execute_operation()
    if is_awaitable(result):
        result = await result
    while started.background_futures:
        await asyncio.wait(started.background_futures)
    assert isinstance(result, ExecutionResult)
    errors = [(error.path, error.message, error.locations) for error in result.errors or ()]
    return json.dumps(result.data, default=repr), sorted(errors, key=str), batches


def root(count: int) -> Any:
    """Things without faults."""
    objects = Objects(Random(0), 0)
    things = [objects.thing(1) for _ in range(count)]
    first = things[0] if things else None
    return SimpleNamespace(things=things, maybe=first, box=SimpleNamespace(things=things, first=first))


@pytest.mark.usefixtures("collected_at_the_end")
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.parametrize("faults", [0, 0.005, 0.05])
@pytest.mark.parametrize("directives", [False, True])
async def test_a_plan_gives_what_graphql_core_gives(faults: float, directives: bool) -> None:
    for seed in range(30):
        text = Selections(Random(seed), directives=directives).document()
        document = parse(text)
        assert validate(schema._schema, document) == []
        plans: dict[Any, Any] = {}
        for number in range(2):
            roots = [Objects(Random(f"{seed} {number}"), faults).root() for _ in range(2)]
            data, errors, _ = await run(Unplanned, document, roots[0])
            planned = await run(PlannedExecution, document, roots[1], plans=plans)
            assert planned[:2] == (data, errors), text


NAMES = {"maybeTags": "maybe_tags", "maybeThings": "maybe_things", "__typename": "kind", "late": "is_late"}


@pytest.mark.parametrize("field", [*LEAVES, *BELOW, "box"])
async def test_every_wrong_value_is_wrong_in_the_same_way(field: str) -> None:
    selected = field if field in LEAVES else f"{field} {{ __typename }}"
    text = f"{{ things {{ note {selected} }} box {{ things {{ {selected} id }} first {{ {selected} }} }} }}"
    document, plans = parse(text), dict[Any, Any]()
    for number in range(len(Objects(Random(), 0).wrong(None))):
        answers = []
        for execution in (Unplanned, PlannedExecution):
            things = root(3)
            wrong = Objects(Random(), 0).wrong("right")[number]
            setattr(things.things[1], NAMES.get(field, field), wrong)
            answers.append((await run(execution, document, things, plans))[:2])
        assert answers[0] == answers[1], (number, wrong)


async def test_every_wrong_object_is_wrong_in_the_same_way() -> None:
    document = parse("{ things { __typename } box { things { __typename } first { __typename } } }")
    for number in range(len(Objects(Random(), 0).wrong(None))):
        answers = []
        for execution in (Unplanned, PlannedExecution):
            things = root(3)
            things.things[1] = things.box.first = Objects(Random(), 0).wrong(things.things[2])[number]
            answers.append((await run(execution, document, things))[:2])
        assert answers[0] == answers[1], number


async def test_lists_of_other_kinds_and_with_gaps_are_the_same() -> None:
    document = parse("{ maybe { maybeThings { rank name } tags } things { name number } }")
    for kind in (list, tuple, iter, lambda things: (thing for thing in things), enumerate, dict.fromkeys, str):
        answers = []
        for execution in (Unplanned, PlannedExecution):
            things = root(3)
            things.maybe = Objects(Random(1), 0).thing(1)
            things.maybe.maybe_things = [things.maybe, None, things.things[0]]
            things.maybe.tags = kind(["a", "b"])
            things.things[2].number = "many"
            things.things = kind(map(Hashable, things.things))
            answers.append((await run(execution, document, things))[:2])
        assert answers[0] == answers[1], kind


class Hashable:
    """A thing that is a key of a dict too."""

    def __init__(self, thing: Any) -> None:
        vars(self).update(vars(thing))


class Counted(PlannedExecution):
    """Counts the fields that graphql-core executes itself."""

    fields: ClassVar[list[str]] = []

    def execute_field(self, parent_type: Any, source: Any, field_details_list: Any, *rest: Any) -> Any:
        self.fields.append(f"{parent_type.name}.{field_details_list[0].node.name.value}")
        return super().execute_field(parent_type, source, field_details_list, *rest)


async def executed(text: str, root: Any) -> tuple[Any, list[Any], list[int], list[str]]:
    Counted.fields = []
    data, errors, batches = await run(Counted, parse(text), root)
    return json.loads(data), errors, batches, Counted.fields


async def test_the_plain_fields_of_a_list_are_no_business_of_graphql_core() -> None:
    text = "{ box { things { __typename id text color moment tags shout child { name number } } } }"
    data, _, _, fields = await executed(text, root(50))
    assert fields == ["Query.box"]
    assert len(data["box"]["things"]) == 50


async def test_what_is_not_plain_is_executed_beside_what_is() -> None:
    data, _, _, fields = await executed("{ maybe { name soon number sized(size: 2) } }", root(1))
    assert fields == ["Query.maybe", "Thing.soon", "Thing.sized"]
    assert list(data["maybe"]) == ["name", "soon", "number", "sized"]


async def test_a_field_of_a_whole_list_is_resolved_once() -> None:
    things = root(50)
    data, _, batches, fields = await executed("{ things { rank name } }", things)
    assert (batches, fields) == ([50], ["Query.things"])
    assert data["things"] == [{"rank": thing.rank, "name": "Ann"} for thing in things.things]


async def test_a_field_that_fails_for_the_list_is_resolved_for_each() -> None:
    things = root(3)
    things.things[1].rank = None
    data, errors, batches, _ = await executed("{ things { rank name } }", things)
    assert [thing["rank"] for thing in data["things"]] == [things.things[0].rank, None, things.things[2].rank]
    assert [(error[0], error[1]) for error in errors] == [(["things", 1, "rank"], "one has no rank")]
    assert batches == [3, 1, 1, 1]


class StoredThing(tuple[Any, ...]):
    """A thing as a driver returns it: the name of its color, the text of its time."""

    __slots__ = ()
    kind, name = "Thing", "Ann"
    stored_values: ClassVar[dict[str, Any]] = {
        "color": Stored(0, Color, str),
        "moment": Stored(1, datetime, str, lambda text: f"{text}+00:00"),
        "text": Stored(2, datetime, str),  # the field is not a time, so its attribute is read
    }

    @property
    def color(self) -> Any:
        return self[0] and Color[self[0]]

    @property
    def moment(self) -> Any:
        return self[1] and datetime.fromisoformat(self[1] + "+00:00")

    @property
    def text(self) -> str:
        return f"text {self[2]}"


async def test_stored_values_are_serialized_as_the_attributes_that_they_stand_for() -> None:
    document, plans = parse("{ box { things { name color moment text } } maybe { color moment } }"), dict[Any, Any]()
    right = StoredThing(("BLUE", "2026-01-31T14:30:00.000001", 7))
    for wrong in (
        right,
        StoredThing((None, right[1], 7)),
        StoredThing(("RED", None, 7)),
        StoredThing((3, right[1], 7)),
    ):
        things = SimpleNamespace(box=SimpleNamespace(things=[right, wrong]), maybe=wrong, things=[])
        answers = [(await run(execution, document, things, plans))[:2] for execution in (Unplanned, PlannedExecution)]
        assert answers[0] == answers[1], wrong


async def test_a_stored_object_of_another_type_is_refused_by_graphql_core() -> None:
    class Other(StoredThing):
        kind = "Other"

    right, other = (kind(("RED", "2026-01-31T14:30:00.000001", 7)) for kind in (StoredThing, Other))
    document, plans = parse("{ box { things { color } } }"), dict[Any, Any]()
    for things in ([right, right], [other, other], [right, other], [right, None]):
        root = SimpleNamespace(box=SimpleNamespace(things=things))
        answers = [(await run(execution, document, root, plans))[:2] for execution in (Unplanned, PlannedExecution)]
        assert answers[0] == answers[1], things


async def test_nothing_is_resolved_for_an_empty_list() -> None:
    data, _, batches, _ = await executed("{ things { rank } }", root(0))
    assert (data, batches) == ({"things": []}, [])


async def test_the_one_object_that_is_wrong_is_done_over() -> None:
    things = root(10)
    things.things[3].number = "many"
    data, errors, _, fields = await executed("{ box { things { name note number } } maybe { name } }", things)
    assert data == {"box": None, "maybe": {"name": "Ann"}}
    assert [error[0] for error in errors] == [["box", "things", 3, "number"]]
    assert fields == ["Query.box", "Box.things", "Thing.name", "Thing.note", "Thing.number", "Query.maybe"]


async def test_plans_are_kept_with_the_document_when_no_directive_can_change_them() -> None:
    documents = Documents(schema._schema, Limits())
    plain, directed = (documents.read(text) for text in ("{ things { id } }", "{ things { id @skip(if: true) } }"))
    assert isinstance(plain, Document)
    assert isinstance(directed, Document)
    assert (plain.plans, directed.plans) == ({}, None)
    await run(PlannedExecution, plain.node, root(2), plans=plain.plans)
    stored = dict(plain.plans or {})
    assert len(stored) == 2
    await run(PlannedExecution, plain.node, root(2), plans=plain.plans)
    assert plain.plans == stored
