"""Random edits of a table by several people."""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

from tests.support.tables.table_client import Refused, TableClient

COLUMNS: list[dict[str, Any]] = [
    {"name": "Name", "type": "TEXT"},
    {"name": "Count", "type": "INTEGER", "maximum": "100"},
    {"name": "Price", "type": "DECIMAL", "isRequired": False, "default": "2.50"},
]

TABLE = """query T($id: ID!) { table(id: $id) { name visibility revision rowCount
  columns { key name type position isRequired isUnique maximum maxLength default }
  rows(first: 100) { nodes { id position version values cells { editedBy { email } } } } } }"""

STEPS = 25


async def read(sheet: TableClient) -> dict[str, Any]:
    table: dict[str, Any] = (await sheet.run(TABLE, id=sheet.id))["table"]
    return table


class Story:
    """Random changes, each by one of several people; a refused one must change nothing."""

    def __init__(self, sheet: TableClient, seed: int, *others: TableClient) -> None:
        self.sheets, self.random = [sheet, *others], Random(seed)

    @property
    def sheet(self) -> TableClient:
        """Return the table as used by a random one of the people."""
        return self.random.choice(self.sheets)

    async def step(self) -> None:
        table = await read(self.sheets[0])
        try:
            await self.any_of(table)
        except Refused as error:
            is_refusal = error.code in {"BAD_USER_INPUT", "CONFLICT"}
        else:
            return
        assert is_refusal
        assert await read(self.sheets[0]) == table

    async def any_of(self, table: dict[str, Any]) -> None:
        """Make one random change, based on the table as last read."""
        rows = [row["id"] for row in table["rows"]["nodes"]]
        keys = [column["key"] for column in table["columns"]]
        choices: list[Callable[[list[str], list[str]], Awaitable[Any]]] = [
            self.add, self.update, self.update, self.delete, self.delete, self.upsert, self.call,
            self.add_column, self.redefine, self.retype, self.move, self.drop, self.undo, self.undo,
        ]  # fmt: skip
        await self.random.choice(choices)(rows, keys)

    def value(self) -> Any:
        return self.random.choice(["1", "2", "33", None, "4"])

    async def add(self, _rows: list[str], keys: list[str]) -> None:
        await self.sheet.add(*({key: self.value() for key in keys} for _ in range(self.random.randint(1, 3))))

    async def update(self, rows: list[str], keys: list[str]) -> None:
        chosen = self.random.sample(rows, min(3, len(rows)))
        await self.sheet.update(
            *({"rowId": id_, "column": self.random.choice(keys), "value": self.value()} for id_ in chosen)
        )

    async def delete(self, rows: list[str], _keys: list[str]) -> None:
        await self.sheet.delete(*self.random.sample(rows, min(2, len(rows))))

    async def upsert(self, _rows: list[str], keys: list[str]) -> None:
        row = {key: self.value() for key in keys} | {keys[0]: "1"}
        await self.mutate("upsertRows", keyColumns=[keys[0]], rows=[row])

    async def call(self, _rows: list[str], _keys: list[str]) -> None:
        await self.sheet.mutate("updateTable", "{ table { id } }", id=self.sheet.id, name=f"Costs {self.value()}")

    async def add_column(self, _rows: list[str], keys: list[str]) -> None:
        column = {"name": f"New {self.random.random()}", "type": "TEXT", "default": self.value()}
        await self.mutate("addColumn", column=column, position=self.random.randint(0, len(keys)))

    async def redefine(self, _rows: list[str], keys: list[str]) -> None:
        rules: list[dict[str, Any]] = [{}, {"maxLength": 2}, {"maximum": "50"}, {"isRequired": True}, {"default": "3"}]
        arguments = {"name": f"Name {self.random.random()}", **self.random.choice(rules)}
        await self.mutate("updateColumn", key=self.random.choice(keys), **arguments)

    async def retype(self, _rows: list[str], keys: list[str]) -> None:
        kind = self.random.choice(["TEXT", "INTEGER", "DECIMAL"])
        await self.mutate("updateColumn", key=self.random.choice(keys), type=kind)

    async def move(self, _rows: list[str], keys: list[str]) -> None:
        await self.mutate("moveColumn", key=self.random.choice(keys), position=self.random.randrange(len(keys)))

    async def drop(self, _rows: list[str], keys: list[str]) -> None:
        await self.mutate("deleteColumn", key=self.random.choice(keys))

    async def undo(self, _rows: list[str], _keys: list[str]) -> None:
        """Undo one of the last revisions; an older one may conflict, or with force overwrite later changes."""
        revision = (await read(self.sheet))["revision"]
        await self.sheet.undo(max(2, revision - self.random.choice([0, 0, 1, 2, 4])), force=self.random.random() < 0.5)

    async def mutate(self, mutation: str, /, **arguments: Any) -> None:
        await self.sheet.mutate(mutation, "{ table { id } }", tableId=self.sheet.id, **arguments)
