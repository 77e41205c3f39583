"""Plans: the plain fields of a selection, compiled once to functions of the object.

A field is plain when its value is a function of its object alone: an attribute, or a resolver that takes nothing
but the parent. A plan reports no errors: it raises for any value that is not plainly right, and graphql-core then
completes the same object again, with its own errors, nulls and order.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from keyword import iskeyword
from operator import attrgetter
from types import CoroutineType
from typing import Any, TypeAlias, cast
from uuid import UUID

from graphql import (
    GraphQLBoolean,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLString,
    TypeNameMetaFieldDef,
    Undefined,
    is_enum_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.type import GRAPHQL_MAX_INT, GRAPHQL_MIN_INT
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.types.base_scalars import isoformat
from strawberry.types.field import StrawberryField

from execution.fields import Complete, Info, Reader, compile_fields, stored_values

BatchResolver: TypeAlias = Callable[[Sequence[Any], Any], Awaitable[Sequence[Any]]]

# Key in a Strawberry field's metadata: a resolver for all objects of a list, `resolve(roots, info) -> values`
# in the order of the roots. Where it raises, the field's own resolver is called for each object and reports errors.
BATCH = "batch"
DEFINITION = "strawberry-definition"
HARMLESS_DIRECTIVES = frozenset({"skip", "include"})  # a field that they left out does not get here
PLAIN = frozenset({type(None), str, int, float, bool, list, dict, tuple, datetime, date, time, Decimal, UUID})
MAX_WRITERS = 16
EXACT: dict[Any, type] = {GraphQLString: str, GraphQLID: str, GraphQLBoolean: bool}


class NotPlain(Exception):
    """Error: the value is wrong or must be awaited, so graphql-core has to complete it."""


@dataclass(frozen=True, slots=True)
class Batched:
    """Field that is resolved for all objects of a list at once."""

    name: str
    definition: GraphQLField
    details: FieldDetailsList
    field: StrawberryField
    resolve: BatchResolver
    complete: Complete


@dataclass(frozen=True, slots=True)
class Plan:
    """Fields that a selection requests of an object; `rest` holds those that are not plain.

    `fields` has all fields in order; those of the rest are None.
    """

    type: GraphQLObjectType
    fields: Mapping[str, Reader | str | None]
    rest: GroupedFieldSet
    batched: tuple[Batched, ...]
    # One writer for each class that declares stored values, and one for all others.
    _writers: dict[Any, Complete] = dataclass_field(default_factory=dict)

    @property
    def is_for_lists(self) -> bool:
        return len(self.batched) == len(self.rest)

    def complete(self, source: Any, info: Info) -> dict[str, Any]:
        """Return the plain fields of an object. `info` is of the field whose value the object is. Raises NotPlain."""
        fields: dict[str, Any] = self._writer(source, info)(source, info)
        return fields

    def complete_all(self, sources: Sequence[Any], info: Info) -> list[dict[str, Any]]:
        """Return the plain fields of the objects of a list without gaps. Raises NotPlain."""
        if len(classes := set(map(type, sources))) == 1 and stored_values(*classes) is not None:
            write = self._writer(sources[0], info)
            return [write(source, info) for source in sources]
        for source in sources:
            if source is None or source is Undefined:
                raise NotPlain
        writers = [self._writer(source, info) for source in sources]
        return [write(source, info) for write, source in zip(writers, sources, strict=True)]

    def _writer(self, source: Any, info: Info) -> Complete:
        """Return the function that writes the fields of objects like `source`. Raises NotPlain for another type."""
        stored = stored_values(type(source))
        key = object if stored is None else type(source)
        write = self._writers.get(key)
        if stored is None or write is None:
            self._check(source, info)
        if write is None:
            if len(self._writers) >= MAX_WRITERS:
                self._writers.clear()
            write = self._writers[key] = compile_fields(self.fields, stored or {})
        return write

    def _check(self, source: Any, info: Info) -> None:
        """Raise NotPlain unless the source is an object of the type of the selection."""
        _check(source)
        is_type_of = self.type.is_type_of
        if is_type_of is not None and is_type_of(source, info) is not True:
            raise NotPlain


Nested: TypeAlias = Callable[[GraphQLObjectType, FieldDetailsList], Plan | None]


def plan_for(schema: GraphQLSchema, type_: GraphQLObjectType, fields: GroupedFieldSet, nested: Nested) -> Plan | None:
    """Return the plan of a selection on a type, or None when nothing of it is plain; `nested` plans subselections."""
    readers: dict[str, Reader | str | None] = dict.fromkeys(fields)
    rest: GroupedFieldSet = {}
    batched: list[Batched] = []
    for name, details in fields.items():
        definition = schema.get_field(type_, details[0].node.name.value)
        read = _reader(definition, type_, details, nested) if definition else None
        if read is not None:
            readers[name] = read
            continue
        rest[name] = details
        batch = _batched(name, definition, details, nested) if definition else None
        batched += [batch] if batch else []
    return Plan(type_, readers, rest, tuple(batched)) if len(rest) < len(fields) or batched else None


def completer(type_: GraphQLOutputType, details: FieldDetailsList, nested: Nested) -> Complete | None:
    """Return the function that serializes a value, or None when that takes more than the value."""
    if is_non_null_type(type_):
        inner = completer(type_.of_type, details, nested)
        return inner and _required(inner)
    if is_list_type(type_):
        items = items_completer(type_.of_type, details, nested)
        return None if items is None or not is_undirected(details) else _list(items)
    if is_leaf_type(type_):
        return _leaf(type_)
    plan = nested(type_, details) if is_object_type(type_) else None
    return None if plan is None or plan.rest else optional(plan)


def optional(plan: Plan) -> Complete:
    return lambda value, info: None if value is None or value is Undefined else plan.complete(value, info)


def is_undirected(details: FieldDetailsList) -> bool:
    """Return whether no directive changes how a list is delivered."""
    return all(
        directive.name.value in HARMLESS_DIRECTIVES for detail in details for directive in detail.node.directives or ()
    )


def _check(value: Any) -> None:
    if type(value) not in PLAIN and (isinstance(value, Exception) or optimized_is_awaitable(value)):
        raise _not_plain(value)


def _not_plain(value: Any) -> NotPlain:
    """Return the error for a value. A coroutine is closed, because graphql-core will call the resolver again."""
    if type(value) is CoroutineType:
        value.close()
    return NotPlain()


def _reader(
    definition: GraphQLField, type_: GraphQLObjectType, details: FieldDetailsList, nested: Nested
) -> Reader | str | None:
    if definition is TypeNameMetaFieldDef:
        return type_.name
    get = _getter(definition)
    complete = get and completer(definition.type, details, nested)
    if get is None or complete is None:
        return None
    named = definition.type.of_type if is_non_null_type(definition.type) else definition.type
    return Reader(get, complete, attribute_of(definition), EXACT.get(named), _serializes(named))


def _serializes(type_: GraphQLOutputType) -> type | None:
    """Return the class whose values a leaf serializes as `Stored` says; None for any other leaf."""
    if is_enum_type(type_):
        members: type[Enum] | None = getattr(type_, "wrapped_cls", None)
        is_named_alike = members is not None and all(type_.coerce_output_value(item) == item.name for item in members)
        return members if is_named_alike else None
    return datetime if is_leaf_type(type_) and type_.coerce_output_value is isoformat else None


def attribute_of(definition: GraphQLField) -> str | None:
    """Return the attribute that the field reads; None for a field that is more than one."""
    field = (definition.extensions or {}).get(DEFINITION)
    is_attribute = (
        isinstance(field, StrawberryField)
        and field.base_resolver is None
        and type(field).get_result is StrawberryField.get_result
        and field.default_resolver is getattr
        and field.python_name.isidentifier()
        and not iskeyword(field.python_name)
    )
    return cast("StrawberryField", field).python_name if is_attribute else None


def _getter(definition: GraphQLField) -> Callable[[Any], Any] | None:
    """Return a function from the object to the field's value, or None when resolving takes more than that."""
    field = (definition.extensions or {}).get(DEFINITION)
    if not isinstance(field, StrawberryField) or definition.args or field.extensions:
        return None
    if field.base_resolver is None:
        if type(field).get_result is StrawberryField.get_result and field.default_resolver is getattr:
            return attrgetter(field.python_name)
        return lambda source: field.get_result(source, None, [], {})
    resolver = field.base_resolver
    parent = resolver.parent_parameter
    if parent is None or field.is_async or len(resolver.signature.parameters) > 1:
        return None
    resolve = resolver.wrapped_func
    return resolve if callable(resolve) else None


def _batched(name: str, definition: GraphQLField, details: FieldDetailsList, nested: Nested) -> Batched | None:
    field = (definition.extensions or {}).get(DEFINITION)
    if not isinstance(field, StrawberryField) or BATCH not in field.metadata:
        return None
    complete = completer(definition.type, details, nested)
    return None if complete is None else Batched(name, definition, details, field, field.metadata[BATCH], complete)


def _required(complete: Complete) -> Complete:
    def required(value: Any, info: Info) -> Any:
        completed = complete(value, info)
        if completed is None:
            raise NotPlain
        return completed

    return required


def items_completer(type_: GraphQLOutputType, details: FieldDetailsList, nested: Nested) -> Complete | None:
    """Return the function that serializes the items of a list, objects all at once."""
    if is_non_null_type(type_) and is_object_type(type_.of_type):
        plan = nested(type_.of_type, details)
        return None if plan is None or plan.rest else plan.complete_all
    item = completer(type_, details, nested)
    return item and each(item)


def each(complete: Complete) -> Complete:
    """Return the function that completes the items of a list one by one."""
    return lambda values, info: [complete(value, info) for value in values]


def _list(items: Complete) -> Complete:
    def complete(values: Any, info: Info) -> Any:
        if values is None or values is Undefined:
            return None
        if type(values) not in (list, tuple):
            raise _not_plain(values)
        return items(values, info)

    return complete


def _leaf(type_: GraphQLLeafType) -> Complete:
    coerce = type_.coerce_output_value
    enum = getattr(type_, "wrapped_cls", None)
    names: dict[Enum, str] = {}

    def complete(value: Any, _: Info) -> Any:
        if type(value) is enum and value in names:
            return names[value]
        if value is None or value is Undefined:
            return None
        _check(value)
        coerced = coerce(value)
        if coerced is None or coerced is Undefined:
            raise NotPlain
        if type(value) is enum:
            names[value] = coerced
        return coerced

    def complete_int(value: Any, info: Info) -> Any:
        return value if type(value) is int and GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT else complete(value, info)

    return complete_int if type_ is GraphQLInt else complete
