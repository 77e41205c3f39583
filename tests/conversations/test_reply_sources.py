"""Sources of a model's reply: the person's own words come first, and what only the model said is visible as such."""

from typing import Any

import pytest

from tests.support.app import App
from tests.support.client import Client
from tests.support.loopback.provider_faults import error
from tests.support.scripted_llm import ScriptedLLM, finished_reply, open_app_with_faults, start_reply

CSV = "Item,Price\nTea,3.20\nCake,4.50\nMilk,1.10\n"
NOTES = "Yesterday we had Tea for 3,20 and then Cake for 4,50, and Milk at 1,10 was bought by Ann."
TABLE = "| Item | Price |\n|---|---|\n| Tea | {tea} |\n| Cake | 4.50 |\n| Milk | 1.10 |\n"
REMARKS = "\n- **Three rows** were found\n- Tell me if you want a chart\n"
READ = """query Read($id: ID!) { message(id: $id) { status proposals { tableName status problem
  table { id rows(first: 20) { nodes { id values } } }
  columns { key name } changes { id kind column new status
    source { origin grounding start end quote message { id text role } } } } } }"""

Proposal = dict[str, Any]


async def proposals_of(app: App, scripted_llm: ScriptedLLM, ann: Client, text: str, *reply: str) -> list[Proposal]:
    """Return the proposals of a reply that the model says in these pieces."""
    id_ = await start_reply(ann, text)
    scripted_llm.say(*reply)
    scripted_llm.finish()
    await finished_reply(app, ann, id_)
    results: list[Proposal] = [
        proposal
        for proposal in (await ann.run(READ, id=id_))["message"]["proposals"]
        if proposal["status"] != "REJECTED"
    ]
    return results


def cells(proposal: Proposal) -> dict[Any, tuple[str, str, str]]:
    """Return the status, origin and quote of each proposed value."""
    changes = [change for change in proposal["changes"] if change["kind"] == "CELL_CHANGED"]
    for change in changes:
        source = change["source"]
        if source["grounding"] == "EXACT":
            assert source["message"]["text"][source["start"] : source["end"]] == source["quote"]
    return {
        change["new"]: (change["status"], change["source"]["origin"], change["source"]["quote"]) for change in changes
    }


def rows(proposal: Proposal) -> list[Any]:
    return [list(row["values"].values()) for row in proposal["table"]["rows"]["nodes"]]


async def test_a_pasted_csv_is_the_table_and_remarks_are_none(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    (proposal,) = await proposals_of(llm_app, scripted_llm, ann, CSV, "I noted these.\n", REMARKS)
    assert (proposal["status"], rows(proposal)) == ("APPLIED", [["Tea", "3.20"], ["Cake", "4.50"], ["Milk", "1.10"]])
    assert {origin for _, origin, _ in cells(proposal).values()} == {"PERSON"}


async def test_a_reply_that_repeats_what_was_pasted_adds_no_table(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    (proposal,) = await proposals_of(llm_app, scripted_llm, ann, CSV, "Here:\n\n", TABLE.format(tea="**3.2**"), REMARKS)
    assert rows(proposal) == [["Tea", "3.20"], ["Cake", "4.50"], ["Milk", "1.10"]]
    assert {origin for _, origin, _ in cells(proposal).values()} == {"PERSON"}


async def test_cells_of_a_reply_have_their_source_in_what_the_person_wrote(
    llm_app: App, scripted_llm: ScriptedLLM
) -> None:
    ann = await llm_app.person()
    (proposal,) = await proposals_of(llm_app, scripted_llm, ann, NOTES, TABLE.format(tea="3.20"), REMARKS)
    assert proposal["status"] == "APPLIED"
    assert cells(proposal) == {
        "Tea": ("APPLIED", "PERSON", "Tea"),
        "3.20": ("APPLIED", "PERSON", "3,20"),
        "Cake": ("APPLIED", "PERSON", "Cake"),
        "4.50": ("APPLIED", "PERSON", "4,50"),
        "Milk": ("APPLIED", "PERSON", "Milk"),
        "1.10": ("APPLIED", "PERSON", "1,10"),
    }


async def test_the_history_of_a_cell_begins_with_its_own_value_and_source(
    llm_app: App, scripted_llm: ScriptedLLM
) -> None:
    ann = await llm_app.person()
    (proposal,) = await proposals_of(llm_app, scripted_llm, ann, NOTES, TABLE.format(tea="3.20"))
    document = """query H($id: ID!, $row: ID!) { table(id: $id) { history(rowId: $row, column: "Price") { nodes {
      changes(rowId: $row, column: "Price") { kind column new source { quote origin } } } } } }"""
    row = proposal["table"]["rows"]["nodes"][0]["id"]
    (revision,) = (await ann.run(document, id=proposal["table"]["id"], row=row))["table"]["history"]["nodes"]
    assert revision["changes"] == [
        {"kind": "ROW_ADDED", "column": "c2", "new": "3.20", "source": {"quote": "3,20", "origin": "PERSON"}}
    ]


async def test_a_number_that_the_person_did_not_say_waits_and_the_others_are_applied(
    llm_app: App, scripted_llm: ScriptedLLM
) -> None:
    ann = await llm_app.person()
    (proposal,) = await proposals_of(llm_app, scripted_llm, ann, NOTES, TABLE.format(tea="3.10"))
    assert cells(proposal)["3.10"][:2] == ("PENDING", "ASSISTANT")
    assert cells(proposal)["Tea"][:2] == ("APPLIED", "PERSON")
    assert proposal["status"] == "PENDING"
    assert rows(proposal) == [["Tea"], ["Cake", "4.50"], ["Milk", "1.10"]]


async def test_a_row_that_only_the_assistant_has_waits(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    (proposal,) = await proposals_of(llm_app, scripted_llm, ann, NOTES, TABLE.format(tea="3.20"), "| Tip | 2.00 |\n")
    added = [change["status"] for change in proposal["changes"] if change["kind"] == "ROW_ADDED"]
    assert added == ["APPLIED", "APPLIED", "APPLIED", "PENDING"]
    assert cells(proposal)["2.00"][:2] == ("PENDING", "ASSISTANT")
    assert rows(proposal) == [["Tea", "3.20"], ["Cake", "4.50"], ["Milk", "1.10"]]


async def test_a_table_that_was_made_up_on_request_is_applied_with_each_cell_marked(
    llm_app: App, scripted_llm: ScriptedLLM
) -> None:
    ann = await llm_app.person()
    lakes = "| Lake | Area |\n|---|---|\n| Caspian Sea | 371000 |\n| Superior | 82100 |\n"
    (proposal,) = await proposals_of(llm_app, scripted_llm, ann, "Which lakes are the largest?", lakes)
    assert (proposal["status"], rows(proposal)) == ("APPLIED", [["Caspian Sea", 371000], ["Superior", 82100]])
    assert {origin for _, origin, _ in cells(proposal).values()} == {"ASSISTANT"}


@pytest.mark.parametrize("reply", [REMARKS, "1. First open the file.\n2. Then sort it.\n3. Save it.\n"])
async def test_a_reply_of_remarks_or_steps_proposes_nothing(
    llm_app: App, scripted_llm: ScriptedLLM, reply: str
) -> None:
    ann = await llm_app.person()
    assert await proposals_of(llm_app, scripted_llm, ann, "How do I sort a sheet?", "So:\n", reply) == []


async def test_what_was_pasted_is_read_when_the_provider_refuses(database_url: str, tmp_path: Any) -> None:
    async with open_app_with_faults(database_url, tmp_path, error(401, "wrong key")) as (app, _):
        ann = await app.person()
        id_ = await start_reply(ann, CSV)
        message = await finished_reply(app, ann, id_)
        assert message["status"] == "FAILED"
        assert "127.0.0.1" not in message["error"]["message"]
        (proposal,) = (await ann.run(READ, id=id_))["message"]["proposals"]
    assert rows(proposal) == [["Tea", "3.20"], ["Cake", "4.50"], ["Milk", "1.10"]]
