"""Client for one user's table, through GraphQL."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from auth.viewer import Viewer
from db.models.users import User
from execution.operations import Request, Result
from resolvers.core.context import Context
from resolvers.core.ids import global_id
from tests.support.in_process_product import InProcessProduct
from tests.support.world import World

COLUMNS: list[dict[str, Any]] = [
    {"name": "Item", "type": "TEXT"},
    {"name": "Number", "type": "INTEGER"},
    {"name": "Price", "type": "DECIMAL"},
    {"name": "Paid", "type": "BOOLEAN"},
    {"name": "Day", "type": "DATE"},
    {"name": "At", "type": "DATETIME"},
    {"name": "Tags", "type": "MULTI_SELECT"},
]
ITEM, NUMBER, PRICE, PAID, DAY, AT, TAGS = (f"c{n}" for n in range(1, 8))

REVISION = "{ number source summary actor { email } changes { kind rowId column old new source { quote } } }"
ROW = "{ id version values cells { value text column { key } source { quote } editedBy { email } } }"
TABLE = f"""query T($id: ID!) {{ table(id: $id) {{ name visibility revision rowCount
  columns {{ key name type position }}
  rows(first: 100) {{ nodes {ROW} }} history(first: 100) {{ nodes {REVISION} }} }} }}"""
ROWS = """query R($id: ID!, $first: Int, $after: String, $last: Int, $before: String, $filter: RowFilter,
  $sort: [RowSort!], $search: String) { table(id: $id) { rows(first: $first, after: $after, last: $last,
  before: $before, filter: $filter, sort: $sort, search: $search) { totalCount nodes { id values }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""
FOLLOW = f"subscription F($id: ID!, $after: Int) {{ tableChanges(tableId: $id, after: $after) {REVISION} }}"


class Refused(AssertionError):
    """The errors of an operation; `first` are the extensions of the first, with its message."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(str(errors))
        self.first = {**errors[0].get("extensions", {}), "message": errors[0]["message"]}
        self.code = self.first.get("code")

    @property
    def fields(self) -> list[str]:
        return [error["field"] for error in self.first["fieldErrors"]]


class TableClient:
    """A table of `viewer`'s; `id` is its global id."""

    def __init__(self, product: InProcessProduct, viewer: Viewer, id: str) -> None:
        self.product, self.viewer, self.id = product, viewer, id

    @classmethod
    async def new(
        cls, world: World, directory: Path, columns: Sequence[dict[str, Any]] = COLUMNS, **arguments: Any
    ) -> "TableClient":
        """Create a table for `viewer`, or else for a user who signs up."""
        viewer = arguments.pop("viewer", None) or await world.person("ann")
        sheet = cls(arguments.pop("product", None) or InProcessProduct(world, directory), viewer, "")
        arguments = {"name": "Costs", "columns": list(columns), **arguments}
        created = await sheet.mutate("createTable", "{ table { id } }", **arguments)
        sheet.id = created["table"]["id"]
        return sheet

    def seen_by(self, viewer: Viewer | None) -> "TableClient":
        """Return a client of the same table for another user."""
        return TableClient(self.product, viewer, self.id)  # type: ignore[arg-type]  # None is nobody signed in

    @property
    def user_id(self) -> str:
        """Return the global id of the signed-in user."""
        assert self.viewer.user_id is not None
        return global_id(User, self.viewer.user_id)

    async def run(self, document: str, **variables: Any) -> Any:
        """Return the data of an operation. Raises Refused when it has errors."""
        result = await self.product.ask(self.viewer, document, **variables)
        if result.errors:
            raise Refused(result.errors)
        return result.data

    async def mutate(self, name: str, selection: str, /, **arguments: Any) -> Any:
        kind = name[0].upper() + name[1:]
        document = f"mutation M($input: {kind}Input!) {{ {name}(input: $input) {selection} }}"
        return (await self.run(document, input=arguments))[name]

    async def table(self) -> dict[str, Any]:
        table: dict[str, Any] = (await self.run(TABLE, id=self.id))["table"]
        return table

    async def rows(self, **requested: Any) -> dict[str, Any]:
        rows: dict[str, Any] = (await self.run(ROWS, id=self.id, **requested))["table"]["rows"]
        return rows

    async def add(self, *rows: Any, **arguments: Any) -> dict[str, Any]:
        selection = f"{{ table {{ rowCount }} rows {ROW} rejected {{ index fieldErrors {{ field message }} }} "
        selection += "revision { number summary } }"
        payload: dict[str, Any] = await self.mutate("addRows", selection, tableId=self.id, rows=list(rows), **arguments)
        return payload

    async def update(self, *cells: dict[str, Any], **arguments: Any) -> dict[str, Any]:
        selection = f"{{ table {{ revision }} rows {ROW} revision {{ number summary }} }}"
        payload: dict[str, Any] = await self.mutate(
            "updateCells", selection, tableId=self.id, cells=list(cells), **arguments
        )
        return payload

    async def delete(self, *ids: str) -> dict[str, Any]:
        selection = "{ table { rowCount } deletedIds revision { number } }"
        payload: dict[str, Any] = await self.mutate("deleteRows", selection, tableId=self.id, rowIds=list(ids))
        return payload

    async def undo(self, revision: int, **arguments: Any) -> dict[str, Any]:
        selection = f"{{ table {{ revision }} revision {REVISION} }}"
        payload: dict[str, Any] = await self.mutate(
            "undoRevision", selection, tableId=self.id, revision=revision, **arguments
        )
        return payload

    async def follow(self, after: int | None = None) -> AsyncGenerator[dict[str, Any], None]:
        """Yield the revisions of `tableChanges`. Raises Refused when it ends with an error."""
        context = Context(self.product.backend, self.viewer)
        operation = self.product.executor.prepare(Request(FOLLOW, variables={"id": self.id, "after": after}), context)
        assert not isinstance(operation, Result), operation.errors
        events = await self.product.executor.subscribe(operation, context)
        if isinstance(events, Result):
            raise Refused(events.errors)
        async with aclosing(events):
            async for event in events:
                if event.errors:
                    raise Refused(event.errors)
                assert event.data is not None
                yield event.data["tableChanges"]


def cell(row: dict[str, Any], column: str, value: Any, version: int | None = None) -> dict[str, Any]:
    """Return an input of updateCells."""
    return {"rowId": row["id"], "column": column, "value": value, "expectedVersion": version}
