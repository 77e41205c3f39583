"""Proposals: what the assistant read in a message, on its way into a table."""

import pytest

from db.core.base import Visibility
from db.core.engine import Database
from db.models.conversations import Conversation
from resolvers.core.ids import global_id
from tests.support.tables.proposal_chat import TEXT, Chat, begun, check_sources
from tests.support.tables.statement_count import counted
from tests.support.tables.table_client import Refused, cell
from tests.support.world import World


async def test_a_proposal_shows_its_rows_and_the_source_of_each_cell(chat: Chat) -> None:
    displayed = await chat.proposal(await chat.say())
    assert (displayed["status"], displayed["tableName"], displayed["table"]) == ("PENDING", "Table 1", None)
    assert displayed["message"] == {"role": "ASSISTANT"}
    assert [(c["key"], c["name"], c["type"], c["format"]) for c in displayed["columns"]] == [
        ("c1", "Item", "TEXT", None),
        ("c2", "Price", "CURRENCY", "EUR"),
        ("c3", "Day", "DATE", "YMD"),
    ]
    changes = displayed["changes"]
    assert [(c["id"], c["kind"], c["rowId"], c["column"], c["new"], c["status"]) for c in changes] == [
        ("1", "ROW_ADDED", "1", None, {"c1": "Café ☕", "c2": "3.20", "c3": "2025-03-01"}, "PENDING"),
        ("2", "CELL_CHANGED", "1", "c1", "Café ☕", "PENDING"),
        ("3", "CELL_CHANGED", "1", "c2", "3.20", "PENDING"),
        ("4", "CELL_CHANGED", "1", "c3", "2025-03-01", "PENDING"),
        ("5", "ROW_ADDED", "5", None, {"c1": "茶", "c2": "4.10"}, "PENDING"),
        ("6", "CELL_CHANGED", "5", "c1", "茶", "PENDING"),
        ("7", "CELL_CHANGED", "5", "c2", "4.10", "PENDING"),
    ]
    for change in changes:
        assert (change["old"], change["overwritesHuman"], change["problem"]) == (None, False, None)
        if source := change["source"]:
            assert TEXT[source["start"] : source["end"]] == source["quote"]
    assert [change["source"] and change["source"]["quote"] for change in changes] == [
        None, "Café ☕", "€3.20", "2025-03-01", None, "茶", "€4.10",
    ]  # fmt: skip


async def test_applying_makes_a_table_in_one_revision(chat: Chat) -> None:
    applied = await chat.apply(await chat.say())
    assert applied["revision"] == {"number": 1, "source": "ASSISTANT", "summary": "2 rows added, 3 columns added"}
    table, proposal = applied["table"], applied["proposal"]
    assert (table["name"], table["visibility"], table["owner"]) == ("Table 1", "PRIVATE", {"email": "ann@example.com"})
    assert table["conversation"] == {"id": global_id(Conversation, chat.conversation)}
    assert [column["type"] for column in table["columns"]] == ["TEXT", "CURRENCY", "DATE"]
    rows = table["rows"]["nodes"]
    assert [row["values"] for row in rows] == [
        {"c1": "Café ☕", "c2": "3.20", "c3": "2025-03-01"},
        {"c1": "茶", "c2": "4.10"},
    ]
    check_sources(rows)
    assert rows[1]["cells"][2] == {"value": None, "text": "", "source": None, "editedBy": None}
    assert {one["editedBy"] for row in rows for one in row["cells"]} == {None}
    assert (proposal["status"], proposal["table"]) == ("APPLIED", {"id": table["id"]})
    assert {change["status"] for change in proposal["changes"]} == {"APPLIED"}
    assert {change["rowId"] for change in proposal["changes"]} == {row["id"] for row in rows}


async def test_the_assistant_applies_it_by_itself(chat: Chat) -> None:
    id = await chat.say(apply=True)
    displayed = await chat.proposal(id)
    assert (displayed["status"], displayed["table"] is None) == ("APPLIED", False)
    with pytest.raises(Refused) as refused:
        await chat.apply(id)
    assert refused.value.code == "CONFLICT"
    tables = await chat.run("{ tables { nodes { id rowCount revision } } }")
    assert tables["tables"]["nodes"] == [{"id": displayed["table"]["id"], "rowCount": 2, "revision": 1}]


async def test_rows_go_into_a_table_that_is_there_and_what_does_not_fit_stays_out(chat: Chat) -> None:
    columns = [
        {"name": "PRICE", "type": "CURRENCY", "format": "USD"},
        {"name": "item", "type": "TEXT", "maxLength": 3},
    ]
    created = await chat.mutate("createTable", "{ table { id } }", name="Costs", columns=columns)
    chat.id = created["table"]["id"]
    applied = await chat.apply(await chat.say(table=chat.id))
    assert applied["revision"] == {"number": 2, "source": "ASSISTANT", "summary": "2 rows added, 1 column added"}
    assert [column["name"] for column in applied["table"]["columns"]] == ["PRICE", "item", "Day"]
    rows = applied["table"]["rows"]["nodes"]
    assert [row["values"] for row in rows] == [{"c3": "2025-03-01"}, {"c2": "茶"}]
    check_sources(rows)
    changes = applied["proposal"]["changes"]
    assert [(c["column"], c["status"], c["problem"]) for c in changes if c["problem"]] == [
        ("c1", "REJECTED", "item has at most 3 characters: this has 6."),
        ("c2", "REJECTED", "3.20 EUR is another currency than USD: enter it in USD."),
        ("c2", "REJECTED", "4.10 EUR is another currency than USD: enter it in USD."),
    ]
    assert {c["status"] for c in changes if not c["problem"]} == {"APPLIED"}


async def test_a_row_without_what_the_table_requires_stays_out(chat: Chat) -> None:
    columns = [{"name": "Day", "type": "DATE", "isRequired": True}, {"name": "Item", "type": "TEXT", "isUnique": True}]
    created = await chat.mutate("createTable", "{ table { id } }", name="Costs", columns=columns)
    applied = await chat.apply(await chat.say(table=created["table"]["id"]))
    rows = applied["table"]["rows"]["nodes"]
    assert [row["values"] for row in rows] == [{"c1": "2025-03-01", "c2": "Café ☕", "c3": "3.20"}]
    changes = applied["proposal"]["changes"]
    assert [(c["kind"], c["rowId"], c["status"], c["problem"]) for c in changes[4:]] == [
        (kind, "5", "REJECTED", "Day is required: give it a value.")
        for kind in ("ROW_ADDED", "CELL_CHANGED", "CELL_CHANGED")
    ]
    again = await chat.apply(await chat.say(table=created["table"]["id"]))
    assert again["revision"]["number"] == 2
    assert [(c["id"], c["status"]) for c in again["proposal"]["changes"]] == [
        ("5", "REJECTED"),
        ("6", "REJECTED"),
        ("7", "REJECTED"),
    ]  # the first row is there already, as it is: nothing is to be changed


async def test_a_stale_table_does_not_matter_but_a_deleted_one_does(chat: Chat) -> None:
    created = await chat.mutate(
        "createTable", "{ table { id } }", name="Costs", columns=[{"name": "A", "type": "TEXT"}]
    )
    id = await chat.say(table=created["table"]["id"])
    await chat.mutate("deleteTable", "{ deletedId }", id=created["table"]["id"])
    with pytest.raises(Refused) as refused:
        await chat.apply(id)
    assert refused.value.code == "NOT_FOUND"
    assert (await chat.proposal(id))["status"] == "PENDING"


async def test_what_the_table_has_no_room_for_waits(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.tables.editing.edits.MAX_ROWS", 1)
    created = await chat.mutate(
        "createTable", "{ table { id } }", name="Costs", columns=[{"name": "A", "type": "TEXT"}]
    )
    id = await chat.say(table=created["table"]["id"], apply=True)
    assert (await chat.proposal(id))["status"] == "PENDING"
    with pytest.raises(Refused) as refused:
        await chat.apply(id)
    assert refused.value.fields == ["id"]
    for new in (await chat.say(apply=True), await chat.say()):
        assert (await chat.proposal(new))["status"] == "PENDING"


async def test_an_edit_of_what_was_read_has_an_editor_and_undoing_brings_the_source_back(chat: Chat) -> None:
    applied = await chat.apply(await chat.say())
    chat.id, row = applied["table"]["id"], applied["table"]["rows"]["nodes"][0]
    await chat.update(cell(row, "c2", "3.50"))
    edited = (await chat.table())["rows"]["nodes"][0]["cells"][1]
    assert (edited["value"], edited["source"], edited["editedBy"]) == ("3.50", None, {"email": "ann@example.com"})
    await chat.undo(2)
    again = (await chat.table())["rows"]["nodes"][0]["cells"][1]
    assert (again["value"], again["source"], again["editedBy"]) == ("3.20", {"quote": "€3.20"}, None)
    history = (await chat.table())["history"]["nodes"]
    assert history[0]["changes"][0]["source"] == {"quote": "€3.20"}
    await chat.delete(row["id"])
    await chat.undo(4)
    assert (await chat.table())["rows"]["nodes"][0]["cells"][1] == again


async def test_an_applied_addition_is_undone_as_a_whole(chat: Chat) -> None:
    created = await chat.mutate(
        "createTable", "{ table { id } }", name="Costs", columns=[{"name": "Item", "type": "TEXT"}]
    )
    chat.id = created["table"]["id"]
    before = await chat.table()
    await chat.apply(await chat.say(table=chat.id))
    full = await chat.table()
    assert [column["name"] for column in full["columns"]] == ["Item", "Price", "Day"]
    await chat.undo(2)
    after = await chat.table()
    assert (after["columns"], after["rows"], after["rowCount"]) == (before["columns"], before["rows"], 0)
    await chat.undo(3)
    again = await chat.table()
    values = [[row["values"] for row in table["rows"]["nodes"]] for table in (again, full)]
    assert (again["columns"], values[0]) == (full["columns"], values[1])
    check_sources([])


async def test_a_rejected_proposal_stays_out(chat: Chat) -> None:
    id = await chat.say()
    for _ in range(2):
        rejected = await chat.mutate("rejectProposal", "{ proposal { status } }", id=id)
        assert rejected == {"proposal": {"status": "REJECTED"}}
    with pytest.raises(Refused) as refused:
        await chat.apply(id)
    assert refused.value.code == "CONFLICT"
    applied = await chat.apply(await chat.say())
    with pytest.raises(Refused) as refused:
        await chat.mutate("rejectProposal", "{ proposal { status } }", id=applied["proposal"]["id"])
    assert refused.value.code == "CONFLICT"
    assert (await chat.run("{ tables { totalCount } }")) == {"tables": {"totalCount": 1}}


async def test_others_decide_nothing(chat: Chat, world: World) -> None:
    bob, eve = await world.person("bob"), await world.person("eve")
    organization = await world.organization(admin=chat.viewer, members=[bob])
    shared = await begun(chat.product, chat.viewer, organization_id=organization, visibility=Visibility.ORGANIZATION)
    id = await shared.say()
    before = await shared.proposal(id)
    for viewer, code in ((bob, "FORBIDDEN"), (eve, "NOT_FOUND"), (None, "UNAUTHENTICATED")):
        theirs = shared.seen_by(viewer)
        for mutation in ("applyProposal", "rejectProposal"):
            with pytest.raises(Refused) as refused:
                await theirs.mutate(mutation, "{ proposal { id } }", id=id)
            assert refused.value.code == code
    assert await shared.proposal(id) == before
    bobs = shared.seen_by(bob)
    assert (await bobs.run("query N($id: ID!) { node(id: $id) { id } }", id=id))["node"] == {"id": id}
    eves = shared.seen_by(eve)
    assert (await eves.run("query N($id: ID!) { node(id: $id) { id } }", id=id))["node"] is None
    applied = await shared.apply(id)
    assert applied["table"]["visibility"] == "ORGANIZATION"


async def test_a_table_lists_its_proposals_by_what_became_of_them(
    chat: Chat, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = """query P($status: ProposalStatus) { tables { nodes { name proposals(status: $status) { status
      table { name } message { text } columns { name } changes { source { message { text } } } } } } }"""
    applied = await chat.apply(await chat.say())
    rejected = await chat.say(table=applied["table"]["id"])
    await chat.mutate("rejectProposal", "{ proposal { id } }", id=rejected)
    await chat.say(table=applied["table"]["id"])
    await chat.apply(await chat.say())
    few = await counted(chat, database, monkeypatch, document)
    for status, counts in ((None, [1, 3]), ("PENDING", [0, 1]), ("APPLIED", [1, 1]), ("REJECTED", [0, 1])):
        listed = (await chat.run(document, status=status))["tables"]["nodes"]
        assert [len(table["proposals"]) for table in listed] == counts, status
    for _ in range(10):
        await chat.apply(await chat.say())
    assert await counted(chat, database, monkeypatch, document) == few == 5
