"""Cache of documents that were parsed, measured and validated, keyed by their text."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from execution.deprecations import Deprecation, Deprecations
from execution.enum_messages import list_allowed_values
from execution.errors import Code, OperationError
from execution.limits import Limits, measure
from execution.planned import Plans
from execution.weights import NO_WEIGHTS, Weights
from telemetry import metrics
from telemetry.catalog import CACHES

MAX_ERRORS = 10
RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)


@dataclass(frozen=True, slots=True)
class Document:
    """Valid document; `costs` are those of its operations, unless `cost_varies` with each request's variables.

    `plans` holds what executions have found out about its selections; None when a directive may change that.
    """

    node: DocumentNode
    operations: tuple[OperationDefinitionNode, ...]
    costs: tuple[int, ...]
    cost_varies: bool
    plans: Plans | None = None
    deprecations: tuple[Deprecation, ...] = ()


class Documents:
    """Parser and validator of documents for one schema, with an LRU cache.

    `capacity` limits the cache in tokens (about 0.7 kB each); a text above `largest` characters is not cached.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits,
        weights: Weights = NO_WEIGHTS,
        *,
        capacity: int = 50_000,
        largest: int = 10_000,
        hide_suggestions: bool = False,
        introspection: bool = True,
    ) -> None:
        self._rules = RULES if introspection else (*RULES, NoSchemaIntrospectionCustomRule)
        self.limits = limits
        self.weights = weights.with_paged(_paged_fields(schema))
        self._schema = schema
        self._deprecations = Deprecations(schema)
        self._capacity = capacity
        self._largest = largest
        self._hide_suggestions = hide_suggestions
        self._cache: OrderedDict[str, Document] = OrderedDict()
        self._tokens = 0

    def read(self, text: str) -> Document | list[OperationError]:
        """Return the document of a text, or at most ten mistakes in it."""
        document = self._cache.get(text)
        metrics.count(CACHES, "documents", "hit" if document else "miss")
        if document:
            self._cache.move_to_end(text)
            return document
        try:
            document = self._read(text)
        except OperationError as error:
            return [error]
        errors = validate(self._schema, document.node, self._rules, MAX_ERRORS, hide_suggestions=self._hide_suggestions)
        if errors:
            return [self._invalid(error) for error in errors[:MAX_ERRORS]]
        document = replace(document, deprecations=self._deprecations.used_by(document.node))
        if len(text) <= self._largest:
            self._store(text, document)
        return document

    def _invalid(self, error: GraphQLError) -> OperationError:
        message = error.message if self._hide_suggestions else list_allowed_values(error.message, self._schema)
        return OperationError.of(Code.VALIDATION_FAILED, error, message)

    def _read(self, text: str) -> Document:
        limits = self.limits
        if len(text) > limits.characters:
            raise OperationError(
                Code.TOO_COMPLEX,
                f"The document has {len(text):,} characters; at most {limits.characters:,} are allowed. "
                "Send long values as variables.",
            )
        try:
            node = parse(text, max_lexical_tokens=limits.tokens, max_comments=limits.tokens)
        except GraphQLError as error:
            raise OperationError.of(Code.PARSE_FAILED, error) from error
        measures = measure(node, limits, self.weights)
        operations = tuple(item for item in node.definitions if isinstance(item, OperationDefinitionNode))
        return Document(node, operations, measures.costs, measures.vary, None if "@" in text else {})

    def cost_of(self, document: Document, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
        """Return the cost of an operation. Raises OperationError if the variables make it too high."""
        costs = document.costs
        if document.cost_varies:
            costs = measure(document.node, self.limits, self.weights, variables).costs
        # By identity: graphql-core compares nodes by their whole content.
        return next(cost for cost, node in zip(costs, document.operations, strict=True) if node is operation)

    def _store(self, text: str, document: Document) -> None:
        self._cache[text] = document
        self._tokens += document.node.token_count
        while self._tokens > self._capacity:
            _, oldest = self._cache.popitem(last=False)
            self._tokens -= oldest.node.token_count


def _paged_fields(schema: GraphQLSchema) -> frozenset[str]:
    types = (GraphQLObjectType, GraphQLInterfaceType)
    return frozenset(
        name
        for type_ in schema.type_map.values()
        if isinstance(type_, types)
        for name, field in type_.fields.items()
        if {"first", "last"} & field.args.keys()
    )
