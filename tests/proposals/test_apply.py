"""Proposals against a table that has rows: what differs, what is chosen, what has changed since."""

from typing import Any

import pytest

from tests.support.tables.proposal_chat import Chat, check_sources
from tests.support.tables.table_client import Refused, cell

PRICES = """| item | Number | Price |
|---|---:|---:|
| Tea | 2 | 4.10 |
| Milk | 500 | 1.50 |
| Cake | 7 | 9.90 |
"""
FEW = "{ proposal { status changes { id kind column old new overwritesHuman status problem } } revision { number } }"


async def values(costs_chat: Chat) -> list[dict[str, Any]]:
    return [row["values"] for row in (await costs_chat.table())["rows"]["nodes"]]


TEA, MILK, CAKE = (
    {"c1": "Tea", "c2": "3.20", "c3": 2},
    {"c1": "Milk", "c2": "1.50"},
    {"c1": "Cake", "c2": "9.90", "c3": 7},
)


def brief(changes: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(c["id"], c["column"], c["old"], c["new"], c["overwritesHuman"], c["status"]) for c in changes]


async def test_a_row_that_the_table_has_is_shown_by_what_differs(costs_chat: Chat) -> None:
    (row,) = (await costs_chat.table())["rows"]["nodes"]
    displayed = await costs_chat.proposal(await costs_chat.say(PRICES, table=costs_chat.id))
    assert brief(displayed["changes"])[:3] == [
        ("4", "c3", "3.20", "4.10", True, "PENDING"),
        ("5", None, None, {"c1": "Milk", "c2": 500, "c3": "1.50"}, False, "PENDING"),
        ("6", "c1", None, "Milk", False, "PENDING"),
    ]
    assert [change["rowId"] for change in displayed["changes"][:2]] == [row["id"], "5"]
    assert [c["problem"] for c in displayed["changes"] if c["problem"]] == ["Number is at most 100: 500 is too large."]


async def test_what_the_assistant_applies_by_itself_overwrites_nobody(costs_chat: Chat) -> None:
    id = await costs_chat.say(PRICES, table=costs_chat.id, apply=True)
    assert await values(costs_chat) == [TEA, MILK, CAKE]
    displayed = await costs_chat.proposal(id)
    assert displayed["status"] == "PENDING"
    assert {(c["id"], c["status"]) for c in displayed["changes"] if c["status"] != "APPLIED"} == {
        ("4", "PENDING"),
        ("7", "REJECTED"),
    }
    applied = await costs_chat.apply(id)
    assert applied["proposal"]["status"] == "APPLIED"
    assert await values(costs_chat) == [TEA | {"c2": "4.10"}, MILK, CAKE]
    check_sources(applied["table"]["rows"]["nodes"][1:])
    again = await costs_chat.say(PRICES.replace("9.90", "8.80"), table=costs_chat.id, apply=True)
    assert (await costs_chat.proposal(again))["status"] == "APPLIED"  # what the assistant put in it changes itself
    assert (await values(costs_chat))[2]["c2"] == "8.80"


async def test_what_is_chosen_goes_in_as_one_revision_and_the_rest_waits(costs_chat: Chat) -> None:
    id = await costs_chat.say(PRICES, table=costs_chat.id)
    edits = [{"changeId": "7", "value": 50}]
    first = await costs_chat.mutate("applyProposal", FEW, id=id, changeIds=["5", "10"], edits=[])
    assert (first["revision"]["number"], first["proposal"]["status"]) == (3, "PENDING")
    assert await values(costs_chat) == [TEA, MILK, {"c1": "Cake"}]
    statuses = {c["id"]: c["status"] for c in first["proposal"]["changes"]}
    assert statuses == {
        "4": "PENDING", "5": "APPLIED", "6": "APPLIED", "7": "REJECTED", "8": "APPLIED",
        "9": "APPLIED", "10": "APPLIED", "11": "PENDING", "12": "PENDING",
    }  # fmt: skip
    rest = await costs_chat.mutate("applyProposal", FEW, id=id)
    assert rest["proposal"]["status"] == "APPLIED"
    assert await values(costs_chat) == [TEA | {"c2": "4.10"}, MILK, CAKE]
    late = await costs_chat.mutate("applyProposal", FEW, id=id, changeIds=["7"], edits=edits)
    assert {c["id"]: (c["new"], c["problem"], c["status"]) for c in late["proposal"]["changes"]}["7"] == (
        50, None, "APPLIED",
    )  # fmt: skip
    milk = (await costs_chat.table())["rows"]["nodes"][1]["cells"]
    assert [(one["value"], one["editedBy"]) for one in milk] == [
        ("Milk", None),
        ("1.50", None),
        (50, {"email": "ann@example.com"}),
    ]
    for number in (5, 4, 3):
        await costs_chat.undo(number)
    assert await values(costs_chat) == [TEA]


WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"changeIds": ["1"]}, ["changeIds.0"]),
    ({"changeIds": ["4", "99"]}, ["changeIds.1"]),
    ({"edits": [{"changeId": "5", "value": {}}]}, ["edits.0.changeId"]),
    ({"changeIds": ["4"], "edits": [{"changeId": "7", "value": 1}]}, ["edits.0.changeId"]),
    (
        {"edits": [{"changeId": "7", "value": 101}, {"changeId": "12", "value": "x"}]},
        ["edits.0.value", "edits.1.value"],
    ),
    ({"edits": [{"changeId": "7"}]}, ["edits.0.value"]),
]


async def test_a_choice_that_is_wrong_changes_nothing(costs_chat: Chat) -> None:
    id = await costs_chat.say(PRICES, table=costs_chat.id)
    before = await costs_chat.proposal(id)
    for arguments, fields in WRONG:
        with pytest.raises(Refused) as refused:
            await costs_chat.apply(id, **arguments)
        assert (refused.value.code, refused.value.fields) == ("BAD_USER_INPUT", fields)
    assert (await values(costs_chat), await costs_chat.proposal(id)) == ([TEA], before)


async def test_what_has_changed_since_is_a_conflict_with_both_values(costs_chat: Chat) -> None:
    id = await costs_chat.say(PRICES, table=costs_chat.id)
    (row,) = (await costs_chat.table())["rows"]["nodes"]
    await costs_chat.update(cell(row, "c2", "5.00"))
    await costs_chat.add({"Item": "Cake", "Number": 1})
    before = await costs_chat.table()
    with pytest.raises(Refused) as refused:
        await costs_chat.apply(id)
    assert refused.value.code == "CONFLICT"
    conflicts = [(c["column"], c["currentValue"], c["yourValue"]) for c in refused.value.first["conflicts"]]
    assert conflicts == [("c2", "5.00", "4.10"), ("c3", 1, 7)]  # an empty cell is nobody's
    assert refused.value.first["conflicts"][0]["rowId"] == row["id"]
    assert await costs_chat.table() == before
    await costs_chat.apply(id, changeIds=["5"])  # what does not touch them is rebased
    assert await values(costs_chat) == [TEA | {"c2": "5.00"}, {"c1": "Cake", "c3": 1}, MILK]
    await costs_chat.apply(id, force=True)
    assert await values(costs_chat) == [TEA | {"c2": "4.10"}, CAKE, MILK]


async def test_a_row_that_is_gone_or_means_another_now_is_a_conflict(costs_chat: Chat) -> None:
    id = await costs_chat.say(PRICES, table=costs_chat.id)
    (row,) = (await costs_chat.table())["rows"]["nodes"]
    await costs_chat.update(cell(row, "c1", "Coffee"))
    with pytest.raises(Refused) as refused:
        await costs_chat.apply(id)
    assert [(c["column"], c["currentValue"]) for c in refused.value.first["conflicts"]] == [("c1", "Coffee")]
    await costs_chat.delete(row["id"])
    with pytest.raises(Refused) as refused:
        await costs_chat.apply(id, changeIds=["4"])
    assert {(c["rowId"], c["currentValue"]) for c in refused.value.first["conflicts"]} == {(row["id"], None)}
    await costs_chat.apply(id, force=True)
    assert await values(costs_chat) == [{"c1": "Tea", "c2": "4.10"}, MILK, CAKE]


async def test_a_column_that_has_another_name_by_now_is_the_same_and_into_a_deleted_one_nothing_goes(
    costs_chat: Chat,
) -> None:
    id = await costs_chat.say(PRICES, table=costs_chat.id)
    await costs_chat.mutate("updateColumn", "{ column { key } }", tableId=costs_chat.id, key="c1", name="Thing")
    await costs_chat.mutate("updateColumn", "{ column { key } }", tableId=costs_chat.id, key="c2", name="Cost")
    await costs_chat.mutate("deleteColumn", "{ table { id } }", tableId=costs_chat.id, key="c3")
    applied = await costs_chat.mutate("applyProposal", FEW, id=id)
    assert {c["problem"] for c in applied["proposal"]["changes"] if c["column"] == "c2"} == {
        "The column Number was deleted."
    }
    assert await values(costs_chat) == [
        {"c1": "Tea", "c2": "4.10"},
        {"c1": "Milk", "c2": "1.50"},
        {"c1": "Cake", "c2": "9.90"},
    ]
    columns = [(column["key"], column["name"]) for column in (await costs_chat.table())["columns"]]
    assert columns == [("c1", "Thing"), ("c2", "Cost")]


async def test_rows_with_one_key_are_shown_as_one_too_many(costs_chat: Chat) -> None:
    displayed = await costs_chat.proposal(await costs_chat.say(PRICES.replace("Cake", "Milk"), table=costs_chat.id))
    problem = "Row 2 of the proposal has the same key: only one of them can be applied."
    assert [c["problem"] for c in displayed["changes"] if c["kind"] == "ROW_ADDED"] == [None, problem]


async def test_the_rest_of_a_proposal_is_put_aside(costs_chat: Chat) -> None:
    id = await costs_chat.say(PRICES, table=costs_chat.id, apply=True)
    await costs_chat.mutate("rejectProposal", "{ proposal { status } }", id=id)
    displayed = await costs_chat.proposal(id)
    assert (displayed["status"], {c["status"] for c in displayed["changes"] if c["id"] in {"4", "5"}}) == (
        "REJECTED",
        {"REJECTED", "APPLIED"},
    )
    with pytest.raises(Refused) as refused:
        await costs_chat.apply(id, changeIds=["4"])
    assert refused.value.code == "CONFLICT"
    assert await values(costs_chat) == [TEA, MILK, CAKE]
