"""Columns that inputs set: no client becomes an owner, an admin or another user by sending more fields."""

import re
from collections.abc import Iterator

import pytest
from graphql import GraphQLInputObjectType, get_named_type

from db.core.audit_recorder import SYSTEM_COLUMNS
from db.core.base import Base
from db.models.users import GRANTED_COLUMNS
from schema import schema

INPUTS: dict[str, GraphQLInputObjectType] = {
    name: kind for name, kind in schema._schema.type_map.items() if isinstance(kind, GraphQLInputObjectType)
}
MODELS = {mapper.class_.__name__: mapper.class_ for mapper in Base.registry.mappers}

# Columns of a model that clients set, by the fields of the inputs of its creation and its change.
SET = {
    "Conversation": {
        "title", "system_prompt", "model", "organization_id", "site_id", "visibility", "extraction", "temperature",
        "max_tokens",
    },
    "ExportTemplate": {
        "name", "table_id", "organization_id", "visibility", "destination", "sheet_name", "columns", "key_columns",
        "include_header", "freeze_header",
    },
    "Item": {
        "title", "description", "is_completed", "visibility", "organization_id", "site_id", "conversation_id",
    },
    "Module": {"site_id", "name", "kind", "serial_number", "status"},
    "Organization": {"name"},
    "Site": {"organization_id", "name", "address"},
    "Table": {"name", "conversation_id", "organization_id", "visibility"},
    "User": set(),
}  # fmt: skip

# Columns of ownership, rights and counts: an input that has one of them states its reason here.
PROTECTED = (
    SYSTEM_COLUMNS
    | set(GRANTED_COLUMNS)
    | {
        "owner_id",
        "user_id",
        "actor_id",
        "role",
        "status",
        "is_active",
        "deleted_at",
        "revision",
        "version",
        "position",
    }
    | {"password_hash", "attempts", "attempt", "row_count", "message_count", "number", "url", "spent", "cost"}
) - {"id"}
REASONS = {
    "AddColumnInput.position": "where the column goes among the others",
    "AssignSiteInput.userId": "who is assigned, which admins of the site's organization decide",
    "ChangeMemberRoleInput.role": "what the mutation is for; admins decide",
    "CreateModuleInput.status": "of a device, told by who looks after it",
    "CreateWebhookInput.url": "where its deliveries go, checked at creation and at each delivery",
    "GoogleSheetInput.url": "which sheet is read, with the rights of the person at Google",
    "InviteMemberInput.email": "where the invitation goes",
    "InviteMemberInput.role": "what the invitation offers; admins decide",
    "LogInInput.email": "who signs in, shown by the password",
    "MoveColumnInput.position": "what the mutation is for",
    "RequestPasswordResetInput.email": "where the mail goes; nothing is changed",
    "SignUpInput.email": "of an account that is new",
    "UnassignSiteInput.userId": "who is not assigned any more",
    "UndoRevisionInput.revision": "which one is undone",
    "UpdateModuleInput.status": "of a device, told by who looks after it",
    "UpdateUserInput.isActive": "what the mutation is for; superusers decide",
    "UpdateUserInput.isSuperuser": "what the mutation is for; superusers decide",
    "WithdrawInvitationInput.email": "where the invitation went",
}
# Inputs of type JSON do not show the columns that they set, so each names the rules that read it.
OPAQUE = {
    "AddRowsInput.rows": "rows keyed by column, read by the columns' types",
    "CellInput.value": "read by the column's type",
    "ColumnInput.default": "read by the column's type",
    "ExtractionExampleInput.rows": "rows shown to the model as they are, checked to be objects",
    "ProposalEdit.value": "read by the column's type",
    "RowFilter.value": "compared by the column's type",
    "UpdateColumnInput.default": "read by the column's type",
    "UpsertRowsInput.rows": "rows keyed by column, read by the columns' types",
}


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def fields() -> Iterator[tuple[str, str, str]]:
    """Yield every field of every input: input, field and name of the type."""
    for name, kind in INPUTS.items():
        for field, definition in kind.fields.items():
            yield name, field, get_named_type(definition.type).name


@pytest.mark.parametrize("model", sorted(name for name in MODELS if f"Update{name}Input" in INPUTS))
def test_inputs_set_the_columns_that_are_named_here_and_no_others(model: str) -> None:
    columns = set(MODELS[model].__mapper__.columns.keys()) - {"id"}
    named = {snake(f) for name, f, _ in fields() if name in {f"Create{model}Input", f"Update{model}Input"}}
    assert model in SET, f"say in SET which columns of {model} clients may set"
    assert named & columns - PROTECTED == SET[model] - PROTECTED


def test_what_is_not_for_clients_to_set_is_in_no_input_without_a_reason() -> None:
    named = {f"{name}.{field}" for name, field, _ in fields() if snake(field) in PROTECTED}
    assert named == set(REASONS)


def test_values_of_any_shape_are_where_a_rule_reads_them() -> None:
    assert {f"{name}.{field}" for name, field, kind in fields() if kind == "JSON"} == set(OPAQUE)
