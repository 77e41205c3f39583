"""Calls of the mutations of children, which follow from their columns, so that a new child needs no row here."""

from collections.abc import Iterator
from typing import Any

from strawberry.utils.str_converters import to_snake_case

from db.core.base import AuditedRow, Base
from schema.base import NODES
from tests.matrix.children import PARENTS, changes_of_children
from tests.matrix.rows import Arguments

UPDATED = "Newer"


def derived() -> Iterator[tuple[str, str, Arguments, tuple[str, ...]]]:
    """Yield each mutation of an audited child with the child's type, an input and the audit entries it writes."""
    for mutation, rows in changes_of_children():
        for action, describe in {"create": _created, "update": _updated, "delete": _deleted}.items():
            type_ = mutation.removeprefix(action)
            if type_ in PARENTS and type_ != mutation and rows and issubclass(NODES[type_], AuditedRow):
                arguments = dict(rows[0].arguments)
                if action == "update":
                    arguments = {name: UPDATED if value == "New" else value for name, value in arguments.items()}
                yield mutation, type_, arguments, (f"{type_} {describe(type_, arguments)}",)


def _created(type_: str, arguments: Arguments) -> str:
    return f"+ {' '.join(sorted(_filled(type_, arguments)))}"


def _deleted(type_: str, _: Arguments) -> str:
    created = next(arguments for name, other, arguments, _ in derived() if (name, other) == (f"create{type_}", type_))
    return f"- {' '.join(sorted(_filled(type_, created)))}"


def _updated(_: str, arguments: Arguments) -> str:
    return f"~ {' '.join(sorted(to_snake_case(name) for name in arguments if name != 'id'))}"


def _filled(type_: str, arguments: Arguments) -> set[str]:
    """Return the audited columns of a new child that are not null."""
    model: Any = NODES[type_]
    own = [column for column in model.__table__.columns if column.key not in Base.__annotations__]
    filled = {c.key for c in own if not c.nullable} | {to_snake_case(name) for name in arguments}
    unaudited: frozenset[str] = model.unaudited
    return filled - unaudited
