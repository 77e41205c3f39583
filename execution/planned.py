"""The executor that completes plain objects by plan and leaves everything else to graphql-core."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeAlias, cast

import strawberry
from graphql import (
    GraphQLObjectType,
    GraphQLOutputType,
    OperationType,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from execution.plans import Complete, Info, Plan, completer, is_undirected, optional, plan_for

# By type and by the fields' nodes, which live as long as the document whose plans these are.
Plans: TypeAlias = dict[tuple[Any, ...], Any]


class PlannedExecution(StrawberryGraphQLCoreExecutionContext):
    """`plans` are kept from one execution of a document to the next where no directive can change them."""

    def __init__(self, *args: Any, plans: Plans, **options: Any) -> None:
        super().__init__(*args, **options)
        self._plans = plans
        # By the class of an event: the copies of this execution, one for each event, share it.
        self._planned_events: dict[type, tuple[str, Plan, Info]] = {}

    def planned_event(self, payload: Any) -> dict[str, Any] | None:
        """The data of a subscription's event; None for one that graphql-core must complete.

        It has completed one of the same class, and found it plain: variables, and with them directives, do not
        change between the events of one execution.
        """
        planned = self._planned_events.get(type(payload))
        if planned is None:
            return None
        name, plan, info = planned
        try:
            return {name: plan.complete(payload, info)}
        except Exception:  # graphql-core does the event over, and says what is wrong
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
        known: dict[str, Any] | None = None
        if plan is not None:
            try:
                known = plan.complete(result, info)
            except Exception:  # graphql-core does the object over, and says what is wrong
                known = None
        if plan is None or known is None:
            return super().complete_object_value(return_type, field_details_list, info, path, result, position_context)
        if not plan.rest:
            if self.operation.operation is OperationType.SUBSCRIPTION and result is self.root_value:
                self._planned_events[type(result)] = str(path.key), plan, info
            return known
        found = self.execute_fields(return_type, result, path, plan.rest, None)
        if self.is_awaitable(found):
            return _joined(known, found)
        return known | cast("dict[str, Any]", found)

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
        complete, plan = self._planned_item(item_type, field_details_list)
        if complete is None:
            return unplanned()
        try:
            known = [complete(item, info) for item in items]
        except Exception:  # graphql-core does the list over, and says what is wrong
            return unplanned()
        if plan is None or not plan.batched or not known:
            return known
        return self._with_batches(plan, items, known, path, unplanned)

    async def _with_batches(
        self, plan: Plan, items: Iterable[Any], known: list[Any], path: Path, unplanned: Callable[[], Any]
    ) -> list[Any]:
        roots = [item for item in items if item is not None]
        objects = [completed for completed in known if completed is not None]
        try:
            for batched in plan.batched:
                nodes = [detail.node for detail in batched.details]
                info = self.build_resolve_info(batched.definition, nodes, plan.type, path)
                values = await batched.resolve(roots, strawberry.Info(_raw_info=info, _field=batched.field))
                for completed, value in zip(objects, values, strict=True):
                    completed[batched.name] = batched.complete(value, info)
        except Exception:  # one by one, each says what is wrong with it
            completed = unplanned()
            over: list[Any] = await completed if self.is_awaitable(completed) else completed
            return over
        return known

    def _planned_item(
        self, item_type: GraphQLOutputType, details: FieldDetailsList
    ) -> tuple[Complete | None, Plan | None]:
        """How an item is completed, and its plan if it is an object; no plan is kept that leaves a rest."""
        key = (item_type, "item", *(id(detail.node) for detail in details))
        if key not in self._plans:
            self._plans[key] = self._plan_item(item_type, details)
        planned: tuple[Complete | None, Plan | None] = self._plans[key]
        return planned

    def _plan_item(
        self, item_type: GraphQLOutputType, details: FieldDetailsList
    ) -> tuple[Complete | None, Plan | None]:
        if not is_undirected(details):
            return None, None
        named = item_type.of_type if is_non_null_type(item_type) else item_type
        plan = self._plan(named, details) if is_object_type(named) else None
        if plan is None or not plan.rest:
            return completer(item_type, details, self._plan), None
        if not plan.is_for_lists:
            return None, None
        return plan.complete if is_non_null_type(item_type) else optional(plan), plan

    def _plan(self, type_: GraphQLObjectType, details: FieldDetailsList) -> Plan | None:
        key = (type_, *(id(detail.node) for detail in details))
        if key not in self._plans:
            fields = self.collect_subfields(type_, details)
            deferred = fields.new_defer_usages
            self._plans[key] = None if deferred else plan_for(self.schema, type_, fields.grouped_field_set, self._plan)
        plan: Plan | None = self._plans[key]
        return plan


async def _joined(known: dict[str, Any], found: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    return known | await found
