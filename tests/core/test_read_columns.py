"""Lists load only the columns that an operation reads, and resolvers read only what they declare."""

from graphql import GraphQLObjectType

from execution.attributes import READS
from execution.plans import DEFINITION
from schema import schema
from tests.support.app import App

SEND = "{ conversation { id } }"


async def test_a_list_loads_the_columns_that_the_operation_reads(app: App) -> None:
    ann = await app.person()
    sent = await ann.mutate("sendMessage", SEND, text="Hello", wait=True)
    id_ = sent["conversation"]["id"]
    for selection, are_few in (
        ("nodes { id text status createdAt __typename }", True),
        ("edges { cursor node { id text } } pageInfo { hasNextPage }", True),
        ("edges { node { text } } nodes { role }", True),
        ("nodes { ...Few }", True),
        ("nodes { id isActive }", False),  # computed from another column
        ("nodes { id usage { inputTokens } }", False),  # a resolver that does not declare what it reads
        ("nodes { id createdBy { id } }", False),
    ):
        fragment = "fragment Few on Message { text status }" if "Few" in selection else ""
        app.reads.clear()
        await ann.run(
            f"query($id: ID!) {{ conversation(id: $id) {{ messages {{ {selection} }} }} }} {fragment}", id=id_
        )
        (read,) = [sql for sql in app.reads if "FROM messages JOIN" in sql]
        columns = read.partition("FROM messages")[0]
        assert ("messages.finish_reason" not in columns) is are_few, selection


async def test_the_selections_of_one_document_do_not_mix(app: App) -> None:
    ann = await app.person()
    await ann.mutate("sendMessage", SEND, text="Hello", wait=True)
    text = "{ conversations { nodes { title } } more: conversations { nodes { preview owner { email } } } }"
    for _ in range(2):
        data = await ann.run(text)
        assert data["conversations"]["nodes"] == [{"title": "Hello"}]
        assert data["more"]["nodes"] == [{"preview": "Hello", "owner": {"email": "ann@example.com"}}]


async def test_resolvers_that_declare_what_they_read_need_nothing_else(app: App) -> None:
    types = [type_ for type_ in schema._schema.type_map.values() if isinstance(type_, GraphQLObjectType)]
    fields = [
        (type_.name, name)
        for type_ in types
        for name, field in type_.fields.items()
        if READS in getattr((field.extensions or {}).get(DEFINITION), "metadata", {})
    ]
    # A new one needs a list below that selects nothing else.
    assert {f"{type_}.{name}" for type_, name in fields if name != "id"} == {"Row.values"}
    ann = await app.person()
    create = "mutation($input: CreateTableInput!) { createTable(input: $input) { table { id } } }"
    column = {"name": "City", "type": "TEXT"}
    id_ = (await ann.run(create, input={"name": "Trip", "columns": [column]}))["createTable"]["table"]["id"]
    await ann.mutate("addRows", "{ table { id } }", tableId=id_, rows=[{"City": "Brno"}])
    for selection, node in (("values", {"values": {"c1": "Brno"}}), ("__typename", {"__typename": "Row"})):
        app.reads.clear()
        data = await ann.run(f"query($id: ID!) {{ table(id: $id) {{ rows {{ nodes {{ {selection} }} }} }} }}", id=id_)
        assert data["table"]["rows"]["nodes"] == [node]
        assert not any("rows.origins" in sql for sql in app.reads)
    data = await ann.run("query($id: ID!) { table(id: $id) { rows { nodes { id } } } }", id=id_)
    (row,) = data["table"]["rows"]["nodes"]
    assert (await ann.run("query($id: ID!) { node(id: $id) { __typename } }", id=row["id"]))["node"] == {
        "__typename": "Row"
    }
