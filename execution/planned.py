"""Executor that completes plain objects by plan and leaves everything else to graphql-core."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeAlias, cast

import strawberry
from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    OperationType,
    get_named_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetails, FieldDetailsList, GroupedFieldSet
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext, _OperationContextAwareGraphQLResolveInfo

from execution.attributes import is_connection, read_by_nodes
from execution.fields import Complete, Info
from execution.plans import Plan, each, is_undirected, items_completer, optional, plan_for

# Keyed by type and by the ids of the fields' nodes, which live as long as the document that owns the plans.
Plans: TypeAlias = dict[tuple[Any, ...], Any]


class PlannedInfo(_OperationContextAwareGraphQLResolveInfo):
    """Info of a connection: its resolver may ask which attributes the operation reads of the nodes."""

    execution: "PlannedExecution"

    @property
    def node_attributes(self) -> frozenset[str] | None:
        """Return the attributes that the operation reads of the nodes; None if that is unknown."""
        return self.execution.node_attributes(self.return_type, self.field_nodes)


class PlannedExecution(StrawberryGraphQLCoreExecutionContext):
    """Execution of one operation; `plans` are shared by executions of a document that no directive can change."""

    def __init__(self, *args: Any, plans: Plans, **options: Any) -> None:
        super().__init__(*args, **options)
        self._plans = plans
        # Keyed by the class of an event; the copies of this execution, one for each event, share it.
        self._planned_events: dict[type, tuple[str, Plan, Info]] = {}

    def build_resolve_info(
        self, field_def: GraphQLField, field_nodes: list[FieldNode], parent_type: GraphQLObjectType, path: Path
    ) -> Any:
        info = super().build_resolve_info(field_def, field_nodes, parent_type, path)
        if not is_connection(field_def):
            return info
        planned_info = PlannedInfo(*cast("Any", info))
        planned_info.execution = self
        return planned_info

    def node_attributes(self, connection: GraphQLOutputType, nodes: Sequence[FieldNode]) -> frozenset[str] | None:
        """Return the attributes that a connection's selection reads of the nodes; None if that is unknown."""
        key = ("attributes", *map(id, nodes))
        if key not in self._plans:
            details = [FieldDetails(node, None) for node in nodes]
            type_ = cast("GraphQLObjectType", get_named_type(connection))
            self._plans[key] = read_by_nodes(type_, details, self._grouped_subfields)
        attributes: frozenset[str] | None = self._plans[key]
        return attributes

    def _grouped_subfields(self, type_: GraphQLObjectType, details: FieldDetailsList) -> GroupedFieldSet:
        return self.collect_subfields(type_, details).grouped_field_set

    def planned_event(self, payload: Any) -> dict[str, Any] | None:
        """Return the data of a subscription's event, or None if graphql-core must complete it.

        An event of the same class was completed before and found plain. Variables, and with them directives, do not
        change between the events of one execution.
        """
        planned = self._planned_events.get(type(payload))
        if planned is None:
            return None
        name, plan, info = planned
        try:
            return {name: plan.complete(payload, info)}
        except Exception:  # graphql-core completes the event again and reports the error
            return None

    def complete_object_value(
        self,
        return_type: GraphQLObjectType,
        field_details_list: FieldDetailsList,
        info: Info,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        plan = self._plan(return_type, field_details_list) if position_context is None else None
        completed_fields: dict[str, Any] | None = None
        if plan is not None:
            try:
                completed_fields = plan.complete(result, info)
            except Exception:  # graphql-core completes the object again and reports the error
                completed_fields = None
        if plan is None or completed_fields is None:
            return super().complete_object_value(return_type, field_details_list, info, path, result, position_context)
        if not plan.rest:
            if self.operation.operation is OperationType.SUBSCRIPTION and result is self.root_value:
                self._planned_events[type(result)] = str(path.key), plan, info
            return completed_fields
        awaited = self.execute_fields(return_type, result, path, plan.rest, None)
        if self.is_awaitable(awaited):
            return _joined(completed_fields, awaited)
        return completed_fields | cast("dict[str, Any]", awaited)

    def complete_iterable_value(
        self,
        item_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: Info,
        path: Path,
        items: Iterable[Any],
        position_context: Any,
    ) -> Any:
        def unplanned() -> Any:
            return super(PlannedExecution, self).complete_iterable_value(
                item_type, field_details_list, info, path, items, position_context
            )

        if position_context is not None or not isinstance(items, list | tuple):
            return unplanned()
        complete, plan = self._planned_items(item_type, field_details_list)
        if complete is None:
            return unplanned()
        try:
            completed_items = complete(items, info)
        except Exception:  # graphql-core completes the list again and reports the error
            return unplanned()
        if plan is None or not plan.batched or not completed_items:
            return completed_items
        return self._with_batches(plan, items, completed_items, path, unplanned)

    async def _with_batches(
        self, plan: Plan, items: Iterable[Any], completed_items: list[Any], path: Path, unplanned: Callable[[], Any]
    ) -> list[Any]:
        roots = [item for item in items if item is not None]
        objects = [completed for completed in completed_items if completed is not None]
        try:
            for batched in plan.batched:
                nodes = [detail.node for detail in batched.details]
                info = self.build_resolve_info(batched.definition, nodes, plan.type, path)
                values = await batched.resolve(roots, strawberry.Info(_raw_info=info, _field=batched.field))
                for completed, value in zip(objects, values, strict=True):
                    completed[batched.name] = batched.complete(value, info)
        except Exception:  # resolved one by one, each object reports its own error
            completed = unplanned()
            over: list[Any] = await completed if self.is_awaitable(completed) else completed
            return over
        return completed_items

    def _planned_items(
        self, item_type: GraphQLOutputType, details: FieldDetailsList
    ) -> tuple[Complete | None, Plan | None]:
        """Return the completer of a list and the plan of its items, where these have fields for the whole list."""
        key = (item_type, "item", *(id(detail.node) for detail in details))
        if key not in self._plans:
            self._plans[key] = self._plan_items(item_type, details)
        planned: tuple[Complete | None, Plan | None] = self._plans[key]
        return planned

    def _plan_items(
        self, item_type: GraphQLOutputType, details: FieldDetailsList
    ) -> tuple[Complete | None, Plan | None]:
        if not is_undirected(details):
            return None, None
        named = item_type.of_type if is_non_null_type(item_type) else item_type
        plan = self._plan(named, details) if is_object_type(named) else None
        if plan is None or not plan.rest:
            return items_completer(item_type, details, self._plan), None
        if not plan.is_for_lists:
            return None, None
        return plan.complete_all if is_non_null_type(item_type) else each(optional(plan)), plan

    def _plan(self, type_: GraphQLObjectType, details: FieldDetailsList) -> Plan | None:
        key = (type_, *(id(detail.node) for detail in details))
        if key not in self._plans:
            fields = self.collect_subfields(type_, details)
            deferred = fields.new_defer_usages
            self._plans[key] = None if deferred else plan_for(self.schema, type_, fields.grouped_field_set, self._plan)
        plan: Plan | None = self._plans[key]
        return plan


async def _joined(plain: dict[str, Any], awaited: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    return plain | await awaited
