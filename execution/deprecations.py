"""Deprecated parts of a schema that a document uses."""

from dataclasses import dataclass
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    ObjectFieldNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    visit,
)


@dataclass(frozen=True, slots=True)
class Deprecation:
    """Deprecated field, argument, input field or enum value, by its schema coordinate such as `User.age`."""

    coordinate: str
    reason: str


class Deprecations:
    """Finder of what a document uses of the deprecated parts of one schema; does nothing when there are none."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._is_needed = any(_has_deprecated_part(kind) for kind in schema.type_map.values())

    def used_by(self, document: DocumentNode) -> tuple[Deprecation, ...]:
        """Return the deprecated parts that a valid document names, each once, in the order of the document.

        Values in variables are not looked at.
        """
        if not self._is_needed:
            return ()
        info = TypeInfo(self._schema)
        usages = _Usages(info)
        visit(document, TypeInfoVisitor(info, usages))
        return tuple(usages.by_coordinate.values())


def _has_deprecated_part(kind: Any) -> bool:
    if isinstance(kind, GraphQLEnumType):
        return any(value.deprecation_reason is not None for value in kind.values.values())
    if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        return False
    if kind.name.startswith("__"):  # the introspection of graphql-core has deprecated fields of its own
        return False
    parts: list[Any] = list(kind.fields.values())
    parts += [argument for part in parts for argument in getattr(part, "args", {}).values()]
    return any(part.deprecation_reason is not None for part in parts)


class _Usages(Visitor):
    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self._info = info
        self.by_coordinate: dict[str, Deprecation] = {}

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent = self._info.get_parent_type()
        if parent is not None:
            self._note(f"{parent.name}.{node.name.value}", self._info.get_field_def())

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        parent, field = self._info.get_parent_type(), self._info.get_field_def()
        if self._info.get_directive() is None and parent is not None and field is not None:
            name = next((name for name, known in parent.fields.items() if known is field), "")  # type: ignore[union-attr]  # a parent of fields has them
            self._note(f"{parent.name}.{name}({node.name.value}:)", self._info.get_argument())

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> None:
        parent = get_named_type(self._info.get_parent_input_type())
        if isinstance(parent, GraphQLInputObjectType):
            self._note(f"{parent.name}.{node.name.value}", parent.fields.get(node.name.value))

    def enter_enum_value(self, node: EnumValueNode, *_: Any) -> None:
        kind = get_named_type(self._info.get_input_type())
        if isinstance(kind, GraphQLEnumType):
            self._note(f"{kind.name}.{node.value}", kind.values.get(node.value))

    def _note(self, coordinate: str, part: Any) -> None:
        reason = getattr(part, "deprecation_reason", None)
        if reason is not None:
            self.by_coordinate.setdefault(coordinate, Deprecation(coordinate, reason))
