"""Tables: create, update, list and delete them; their columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, cast
from uuid import UUID

import strawberry
from strawberry import UNSET, argument
from strawberry.dataloader import DataLoader
from strawberry.scalars import JSON

from db.core.base import Visibility
from db.models.conversations import Conversation
from db.models.organizations import Organization
from db.models.tables import Table
from db.tables import tables
from db.tables.editing import structure
from db.tables.editing.structure import TableDefinition
from db.tables.tables import column_of
from resolvers.core.context import Context, IdempotencyKey, Info
from resolvers.core.ids import decode_id, decode_optional_id, global_id
from resolvers.core.pages import IncludeDeleted, KeysetPage, checked_search
from tables.types.types import Column, ColumnType, Value

TableId = Annotated[strawberry.ID, argument(description="Id of the table.")]


@strawberry.input(description="Definition of a column.")
class ColumnInput:
    name: str = strawberry.field(description="Name, unique in the table ignoring case: 1 to 100 characters.")
    # Lazy, because the schema describes the enum only after this class is defined.
    type: Annotated["ColumnType", strawberry.lazy("tables.types.types")] = strawberry.field(
        description="Type of its values."
    )
    is_required: bool = strawberry.field(default=False, description="Refuse empty cells.")
    is_unique: bool = strawberry.field(default=False, description="Refuse equal values in two rows.")
    is_indexed: bool = strawberry.field(
        default=False,
        description="Keep an index, which makes filtering and sorting by the column fast in large tables; at "
        "most 5 columns of a table.",
    )
    options: list[str] | None = strawberry.field(
        default=None, description="Options of SELECT and MULTI_SELECT: at most 200 of 1 to 200 characters."
    )
    minimum: Decimal | None = strawberry.field(default=None, description="Smallest number allowed.")
    maximum: Decimal | None = strawberry.field(default=None, description="Largest number allowed.")
    max_length: int | None = strawberry.field(default=None, description="Maximum length of a text in characters.")
    pattern: str | None = strawberry.field(
        default=None,
        description="A regular expression that the whole text matches; a text on which it takes too long is refused. "
        "At most 20 columns of a table have one.",
    )
    format: str | None = strawberry.field(
        default=None,
        description="Format of ambiguous texts: the decimal mark of numbers, the "
        "currency (as EUR), the order of dates (YMD, DMY or MDY).",
    )
    default: JSON | None = strawberry.field(default=None, description="Value of the column in new rows that give none.")
    description: str | None = strawberry.field(
        default=None,
        description="Meaning of the column, for people and for models that read it: at most 1,000 characters.",
    )

    def column(self) -> Column:
        """Return the definition, not checked yet."""
        fields = vars(self) | {"options": None if self.options is None else tuple(self.options)}
        return Column(key="", **(fields | {"default": cast(Value, self.default)}))


@dataclass(frozen=True)
class CreateTableResult:
    table: Table


@dataclass(frozen=True)
class DeleteTableResult:
    deleted_id: strawberry.ID


async def table(info: Info, id: Annotated[strawberry.ID, argument(description="Id of the table.")]) -> Table | None:
    return await info.context.find(Table, id)


def list_tables(
    info: Info,
    conversation_id: Annotated[strawberry.ID | None, argument(description="Only those of this conversation.")] = None,
    organization_id: Annotated[strawberry.ID | None, argument(description="Only those of this organization.")] = None,
    search: Annotated[
        str | None,
        argument(description="Only those whose name contains this text, ignoring case; at most 200 characters."),
    ] = None,
    include_deleted: IncludeDeleted = False,
) -> KeysetPage[Table]:
    return info.context.page(
        tables.all_tables.with_deleted if include_deleted else tables.all_tables,
        conversation_id=decode_optional_id(conversation_id, Conversation),
        organization_id=decode_optional_id(organization_id, Organization),
        search=checked_search(search),
    )


def list_tables_of_organization(root: strawberry.Parent[Any], info: Info) -> KeysetPage[Table]:
    return info.context.page(tables.all_tables, organization_id=root.id)


def list_tables_of_conversation(root: strawberry.Parent[Any], info: Info) -> KeysetPage[Table]:
    return info.context.page(tables.all_tables, conversation_id=root.id)


async def list_columns(root: strawberry.Parent[Any], info: Info) -> list[Column]:
    return list((await columns_of(info.context, root.id)).values())


async def columns_of(context: Context, table_id: UUID) -> Mapping[str, Column]:
    """Return the columns of a table by key, read in one batch with those of the operation's other tables."""
    columns: Mapping[str, Column] = await _loader(context).load(table_id)
    return columns


def forget_columns(context: Context) -> None:
    """Clear the loaded columns, so that an operation that changed some reads them again."""
    _loader(context).clear_all()


def _loader(context: Context) -> DataLoader[UUID, Mapping[str, Column]]:
    async def load(ids: list[UUID]) -> list[dict[str, Column]]:
        by_table: dict[UUID, dict[str, Column]] = {id_: {} for id_ in ids}
        for row in await context.read(tables.columns_of, ids=ids):
            by_table[row.table_id][row.key] = column_of(row)
        return [by_table[id_] for id_ in ids]

    return context.loader(columns_of, load)


async def create_table(
    info: Info,
    name: Annotated[str, argument(description="Name: 1 to 100 characters.")],
    columns: Annotated[list[ColumnInput], argument(description="Columns in their order: 1 to 200.")],
    conversation_id: Annotated[
        strawberry.ID | None, argument(description="Id of the conversation that it belongs to.")
    ] = None,
    organization_id: Annotated[
        strawberry.ID | None,
        argument(
            description="Id of the organization that owns it; the conversation's organization, or your personal one, "
            "when omitted.",
        ),
    ] = None,
    visibility: Annotated[Visibility, argument(description="Visibility to other users.")] = Visibility.PRIVATE,
    idempotency_key: IdempotencyKey = None,
) -> CreateTableResult:
    definition = TableDefinition(
        name,
        [column.column() for column in columns],
        conversation_id=decode_optional_id(conversation_id, Conversation),
        organization_id=decode_optional_id(organization_id, Organization),
        visibility=visibility,
    )
    return CreateTableResult(await info.context.write(structure.create, definition, idempotency_key))


async def update_table(
    info: Info,
    id: TableId,
    name: Annotated[str | None, argument(description="New name: 1 to 100 characters.")] = UNSET,
    visibility: Annotated[Visibility | None, argument(description="Visibility to users other than the owner.")] = UNSET,
) -> structure.TableChange:
    # null leaves both unchanged, since neither has an empty state.
    changes = {name: value for name, value in (("name", name), ("visibility", visibility)) if value}
    return await info.context.write(structure.update, decode_id(id, Table), changes)


async def delete_table(info: Info, id: TableId) -> DeleteTableResult:
    return DeleteTableResult(global_id(Table, await info.context.write(structure.delete, decode_id(id, Table))))
