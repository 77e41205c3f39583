"""Round trips: values that each writer exports are imported again without a change."""

import json
from typing import Any

import pytest

from tests.support.app import App
from tests.support.client import Client
from tests.support.tables.exported_files import exported
from tests.support.tables.hostile_values import TEXTS, columns, rows

# The readers and writers do not depend on the kind of database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
VALUES = "query T($id: ID!) { table(id: $id) { rows(first: 100) { nodes { values } } } }"
TAKEN = """{ rowCount rejected { fieldErrors { message } } encoding hasByteOrderMark delimiter hasHeader samples
  columns { name type } table { id } }"""


async def values(client: Client, id: str) -> list[dict[str, Any]]:
    result = await client.run(VALUES, id=id)
    return [row["values"] for row in result["table"]["rows"]["nodes"]]


async def take_in(client: Client, name: str, content: bytes, **arguments: Any) -> Any:
    return await client.upload("importTable", TAKEN, {"file": (name, content)}, file=None, **arguments)


async def test_every_writer_and_its_reader_give_a_hostile_table_back(app: App) -> None:
    ann = await app.person()
    created = await ann.mutate("createTable", "{ table { id } }", name="Hostile", columns=columns())
    id_ = created["table"]["id"]
    await ann.mutate("addRows", "{ rows { id } }", tableId=id_, rows=rows())
    whole = await values(ann, id_)
    assert whole == rows()
    for destination, name in (("CSV", "a.csv"), ("XLSX", "a.xlsx"), ("JSON", "a.json"), ("MARKDOWN", "a.md")):
        content = await exported(ann, id_, destination=destination)
        again = await ann.mutate("createTable", "{ table { id } }", name="Again", columns=columns())
        done = await take_in(ann, name, content, tableId=again["table"]["id"])
        assert (done["rowCount"], done["rejected"]) == (len(TEXTS), [])
        assert await values(ann, again["table"]["id"]) == whole, destination
        new = await take_in(ann, name, content)
        texts = [(row["c1"], row["c200"]) for row in await values(ann, new["table"]["id"])]
        assert texts == [(text, text) for text in TEXTS], destination


PEN = [{"c1": "pen", "c2": "1.20"}, {"c1": "ink", "c2": "3.50"}]
TWO = "item{0}price\npen{0}1.20\nink{0}3.50\n"
NAMES = ["item", "price"]
# Encoding, whether there is a byte order mark, delimiter, whether there is a header, names, rows.
FILES: list[tuple[bytes, tuple[str, bool, str, bool, list[str], list[dict[str, Any]]]]] = [
    *((TWO.format(mark).encode(), ("utf-8", False, mark, True, NAMES, PEN)) for mark in ",;|\t"),
    *((TWO.format(",").replace("\n", end).encode(), ("utf-8", False, ",", True, NAMES, PEN)) for end in ("\r", "\r\n")),
    (TWO.format(",").encode("utf-8-sig"), ("utf-8-sig", True, ",", True, NAMES, PEN)),
    (TWO.format("\t").encode("utf-16"), ("utf-16", True, "\t", True, NAMES, PEN)),
    *((TWO.format(",").encode(name), (name, False, ",", True, NAMES, PEN)) for name in ("utf-16-le", "utf-16-be")),
    (
        "名前,値段\n鉛筆と消しゴムを買いました,120\n".encode("cp932"),
        ("cp932", False, ",", True, ["名前", "値段"], [{"c1": "鉛筆と消しゴムを買いました", "c2": 120}]),
    ),
    (
        "名称,价格\n我们在商店买了铅笔和橡皮,120\n".encode("gb18030"),
        ("gb18030", False, ",", True, ["名称", "价格"], [{"c1": "我们在商店买了铅笔和橡皮", "c2": 120}]),
    ),
    (
        "Größe;Preis in €\nfür Jürgen;3\n".encode("cp1252"),
        ("cp1252", False, ";", True, ["Größe", "Preis in €"], [{"c1": "für Jürgen", "c2": 3}]),
    ),
    (b'a,b\n"k,l",\n"p;q",2\n', ("utf-8", False, ",", True, ["a", "b"], [{"c1": "k,l"}, {"c1": "p;q", "c2": 2}])),
    (b"word\npen\nink\n", ("utf-8", False, ",", True, ["word"], [{"c1": "pen"}, {"c1": "ink"}])),
    (b"item,price\n", ("utf-8", False, ",", True, NAMES, [])),
    (b"pen,1\n,2\n", ("utf-8", False, ",", False, ["Column 1", "Column 2"], [{"c1": "pen", "c2": 1}, {"c2": 2}])),
    (b"a,b\n1\n2,3,4\n", ("utf-8", False, ",", True, ["a", "b", "Column 3"], [{"c1": 1}, {"c1": 2, "c2": 3, "c3": 4}])),
    (
        b"a,A,,b\n5,6,7,8\n",
        ("utf-8", False, ",", True, ["a", "A 2", "Column 3", "b"], [{"c1": 5, "c2": 6, "c3": 7, "c4": 8}]),
    ),
    (b"a;b;\npen;1;\n", ("utf-8", False, ";", True, ["a", "b"], [{"c1": "pen", "c2": 1}])),
    (b"a,b\n\x01x,1\n", ("utf-8", False, ",", True, ["a", "b"], [{"c1": "\x01x", "c2": 1}])),
]  # fmt: skip


async def test_what_a_text_file_is_like_is_told(app: App) -> None:
    ann = await app.person()
    for content, messages in FILES:
        done = await take_in(ann, "a.csv", content, dryRun=True)
        names = [column["name"] for column in done["columns"]]
        result = (
            done["encoding"],
            done["hasByteOrderMark"],
            done["delimiter"],
            done["hasHeader"],
            names,
            done["samples"],
        )
        assert (result, done["rejected"], done["table"]) == (messages, [], None)


async def test_a_row_with_a_character_that_no_cell_holds_says_so(app: App) -> None:
    ann = await app.person()
    done = await take_in(ann, "a.json", json.dumps([{"a": "x"}, {"a": "x\0"}]).encode(), dryRun=True)
    message = "The text holds a NUL character (U+0000): remove it."
    assert (done["rowCount"], done["rejected"]) == (1, [{"fieldErrors": [{"message": message}]}])
