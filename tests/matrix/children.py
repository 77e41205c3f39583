"""Rows of the matrix that follow from those of parents, so that a new child entity needs none of its own.

A child (`db.core.base.Child`) is seen and changed by everyone who may see and change its parent. Its things have the
names of their parents with the type replaced: the message of `shared_conversation` is `shared_message`. Rows that the
tables state themselves take precedence; a child whose inputs need particular values states its mutations there.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from graphql import GraphQLInputField, get_named_type, is_enum_type, is_non_null_type
from sqlalchemy import Column
from strawberry.utils.str_converters import to_camel_case

from db.core.base import Base, Child, now
from schema.base import NODES
from tests.matrix import changes, lists, views
from tests.matrix.parts import LISTS, MUTATION, row_type
from tests.matrix.rows import Arguments, Change, In, People

SAMPLES: Mapping[str, Any] = {"String": "New", "Int": 1, "Float": 1.0, "Boolean": True}


def _parents() -> dict[str, str]:
    """Return the type of the parent of each type that shows children, parents first."""
    types = {model: name for name, model in NODES.items()}
    parents = {name: types.get(model.parent) for name, model in NODES.items() if issubclass(model, Child)}
    known = {name: parent for name, parent in parents.items() if parent is not None}
    return dict(sorted(known.items(), key=lambda pair: len(list(_ancestors(pair[0], known)))))


def _ancestors(type_: str, parents: Mapping[str, str]) -> Iterator[str]:
    """Yield the types of a type's parent, its parent's parent and so on."""
    while type_ in parents:
        type_ = parents[type_]
        yield type_


PARENTS = _parents()
SEEN = dict(views.SEEN)
# The parent's name of each derived name, by type.
NAMES: dict[str, dict[str, str]] = {}
for _type, _parent in PARENTS.items():
    _visible = {name: people for name, people in SEEN.get(_parent, {}).items() if people and _parent.lower() in name}
    NAMES[_type] = {name.replace(_parent.lower(), _type.lower()): name for name in _visible}
    SEEN[_type] = {name: _visible[parent] for name, parent in NAMES[_type].items()} | SEEN.get(_type, {})


def _listed() -> Iterator[tuple[str, list[In]]]:
    """Yield the lists of children that parents have, each with the rows that follow from those of the parents."""
    for name, field in sorted(LISTS.items()):
        parent, type_ = name.partition(".")[0], row_type(field).name
        if PARENTS.get(type_) == parent:
            yield name, [In(child, SEEN[type_][child], of) for child, of in NAMES[type_].items()]


def changes_of_children() -> Iterator[tuple[str, list[Change]]]:
    """Yield the mutations of children, each with the rows that follow from the updates of the parents."""
    for name, field in MUTATION.items():
        type_ = _changed_type(name, field.type)
        if type_ is None or "input" not in field.args:
            continue
        fields = get_named_type(field.args["input"].type).fields
        # Created in a parent, or changed by its own id.
        by_parent = f"{to_camel_case(PARENTS[type_].lower())}Id"
        key = by_parent if by_parent in fields else "id"
        things = {parent: parent for parent in NAMES[type_].values()} if key == by_parent else NAMES[type_]
        if key in fields:
            arguments = _samples(fields, key)
            rows = [(thing, _changers(PARENTS[type_], parent)) for thing, parent in things.items()]
            if None not in arguments.values():
                yield name, [Change({key: f"@{thing}", **arguments}, by) for thing, by in rows if by is not None]


def _changed_type(name: str, payload: Any) -> str | None:
    """Return the type of the child that a mutation creates, changes or deletes."""
    displayed = {get_named_type(field.type).name for field in get_named_type(payload).fields.values()}
    return next((type_ for type_ in PARENTS if type_ in displayed or name.endswith(type_)), None)


def _changers(type_: str, name: str) -> People | None:
    """Return the people who may update a thing, as its own row or that of its parent says."""
    stated = changes.CHANGED.get(f"update{type_}", [])
    by = next((row.by for row in stated if row.arguments.get("id") == f"@{name}"), None)
    return _changers(PARENTS[type_], NAMES[type_][name]) if by is None and name in NAMES.get(type_, ()) else by


def _samples(fields: Mapping[str, GraphQLInputField], key: str) -> Arguments:
    """Return a value for each required field and each optional text, so that an update changes something.

    The value is None where no sample fits.
    """
    sampled = {}
    for name, field in fields.items():
        kind = get_named_type(field.type)
        if name in {key, "idempotencyKey"} or not (is_non_null_type(field.type) or kind.name == "String"):
            continue
        sampled[name] = next(iter(kind.values)) if is_enum_type(kind) else SAMPLES.get(kind.name)
    return sampled


LISTED = dict(_listed()) | lists.LISTED
CHANGED = dict(changes_of_children()) | changes.CHANGED


def sample_row(type_: str, parent_id: Any) -> Base:
    """Return a new child of a parent, with a value in each column that needs one."""
    model: Any = NODES[type_]
    needed = [c for c in model.__table__.columns if not (c.nullable or c.primary_key or c.default is not None)]
    values = {c.key: _sample(c) for c in needed if c.key != model.parent_key}
    row: Base = model(**values, **{model.parent_key: parent_id})
    return row


def _sample(column: Column[Any]) -> Any:
    """Return a value that the column can hold."""
    kind = column.type.python_type
    if issubclass(kind, Enum):
        return next(iter(kind))
    samples: dict[type, Any] = {str: "Old", int: 1, float: 1.0, bool: True, dict: {}}
    return samples[kind] if kind in samples else now()
