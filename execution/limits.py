"""Limits on the cost of a document, counted in linear time before it is validated.

A fragment is measured once, however often it is spread, and its cost is multiplied: a document of 800 bytes that
doubles thirty times is refused as cheaply as any other.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

from execution.errors import Code, OperationError
from execution.weights import NO_WEIGHTS, Weights

# Arguments that set the number of items that a field returns: a number, or a list of ids.
SIZES = frozenset({"first", "last", "ids"})


@dataclass(frozen=True, slots=True)
class Limits:
    """Largest document that is run; each number is itself allowed.

    Counted as written: characters, tokens, fields, aliases, repeats (of one response name in one selection),
    directives (on one node). Counted with fragments spread: depth (levels of fields), root_fields, cost (fields with
    their weights, each times the items requested above it). Counted in variables: input_fields (of all input objects,
    given or not).
    `page` is the size of a paged field without `first` or `last`; a size above `largest_page` counts as
    `largest_page`, because the field itself refuses it.
    """

    characters: int = 100_000
    tokens: int = 1_000
    depth: int = 15
    fields: int = 500
    aliases: int = 30
    repeats: int = 10
    directives: int = 4
    root_fields: int = 20
    cost: int = 25_000
    input_fields: int = 30_000
    page: int = 20
    largest_page: int = 100


class Measures(NamedTuple):
    """Costs of a document's operations, in their order; `vary` when they depend on variables."""

    costs: tuple[int, ...]
    vary: bool


class Shape(NamedTuple):
    """Measures of a selection, fragments included; `varies` when its cost depends on variables.

    `once` is the part of the cost that does not repeat with the items of a page.
    """

    depth: int = 0
    root_fields: int = 0
    cost: int = 0
    once: int = 0
    varies: bool = False


def measure(
    document: DocumentNode, limits: Limits, weights: Weights, variables: Mapping[str, Any] | None = None
) -> Measures:
    """Check a document against the limits and return the costs of its operations.

    Without `variables`, a size given by a variable counts as one item, and an argument given by one as not sent.
    Raises OperationError (DOCUMENT_TOO_COMPLEX).
    """
    try:
        return _Measure(document, limits, weights, variables).document()
    except RecursionError:
        pass
    raise _over("nests too deep", limits.depth, "fields below one another")


def _over(problem: str, limit: int, unit: str) -> OperationError:
    advice = "Ask for less, or split it into several requests."
    return OperationError(Code.TOO_COMPLEX, f"The document {problem}; at most {limit} {unit} are allowed. {advice}")


class _Measure:
    """One measurement of a document; fragments are measured once."""

    def __init__(
        self,
        document: DocumentNode,
        limits: Limits,
        weights: Weights,
        variables: Mapping[str, Any] | None,
    ) -> None:
        self._limits = limits
        self._weights = weights
        self._variables = variables
        definitions = document.definitions
        self._operations = [node for node in definitions if isinstance(node, OperationDefinitionNode)]
        self._fragments = {node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)}
        self._shapes: dict[str, Shape] = {}
        self._defaults: dict[str, ValueNode] = {}
        self._fields = self._aliases = 0

    def document(self) -> Measures:
        for operation in self._operations:
            for variable in operation.variable_definitions or ():
                self._directives(variable.directives)
                if variable.default_value:
                    self._defaults[variable.variable.name.value] = variable.default_value
        shapes = [self._operation(operation) for operation in self._operations]
        for name in self._fragments:
            self._fragment(name)
        return Measures(tuple(shape.cost for shape in shapes), any(shape.varies for shape in shapes))

    def _operation(self, operation: OperationDefinitionNode) -> Shape:
        self._directives(operation.directives)
        shape = self._selection(operation.selection_set)
        limits = self._limits
        if shape.depth > limits.depth:
            raise _over(f"nests {shape.depth} fields deep", limits.depth, "fields below one another")
        if shape.root_fields > limits.root_fields:
            raise _over(f"has {shape.root_fields} root fields", limits.root_fields, "root fields")
        if shape.cost > limits.cost:
            raise _over(f"may cost {_rounded(shape.cost)}", limits.cost, "units of cost")
        return shape

    def _fragment(self, name: str) -> Shape:
        if name not in self._shapes:
            self._shapes[name] = Shape()  # a cycle ends here; validation refuses it
            if definition := self._fragments.get(name):
                self._directives(definition.directives)
                self._shapes[name] = self._below(definition.type_condition.name.value, definition.selection_set)
        return self._shapes[name]

    def _below(self, name: str, selection_set: SelectionSetNode) -> Shape:
        """Return the shape of a field's or fragment's selection.

        Introspection has no pages and weights, even where its fields share names with fields that have.
        """
        if not name.startswith("__"):
            return self._selection(selection_set)
        weights, self._weights = self._weights, NO_WEIGHTS
        try:
            return self._selection(selection_set)
        finally:
            self._weights = weights

    def _selection(self, selection_set: SelectionSetNode) -> Shape:
        depth = root_fields = cost = once = 0
        varies = False
        names: Counter[str] = Counter()
        for node in _flat(selection_set, self._directives):
            if isinstance(node, FieldNode):
                names[(node.alias or node.name).value] += 1
                shape = self._field(node)
            else:
                names["..." + node.name.value] += 1
                shape = self._fragment(node.name.value)
            depth = max(depth, shape.depth)
            root_fields += shape.root_fields
            cost += shape.cost
            once += shape.once
            varies |= shape.varies
        self._repeats(names)
        return Shape(depth, root_fields, cost, once, varies)

    def _repeats(self, names: Counter[str]) -> None:
        name, times = max(names.items(), key=itemgetter(1), default=("", 0))
        if times > self._limits.repeats:
            raise _over(f"repeats {name} {times} times", self._limits.repeats, "of one name in a selection")

    def _field(self, node: FieldNode) -> Shape:
        limits = self._limits
        self._fields += 1
        self._aliases += node.alias is not None
        if self._fields > limits.fields:
            raise _over("has too many fields", limits.fields, "fields")
        if self._aliases > limits.aliases:
            raise _over("has too many aliases", limits.aliases, "aliases")
        cost, varies = self._weight(node)
        depth = 1
        if node.selection_set:
            items, is_sized = self._items(node)
            below = self._below(node.name.value, node.selection_set)
            depth += below.depth
            cost += below.once + items * (below.cost - below.once)
            varies = varies or is_sized or below.varies
        once = cost if node.name.value in self._weights.once else 0
        return Shape(depth, 1, cost, once, varies)

    def _weight(self, node: FieldNode) -> tuple[int, bool]:
        """Return the cost of a field without what is below it, and whether variables decide that."""
        weights, name, varies = self._weights, node.name.value, False
        cost = 1 + weights.fields.get(name, 0) + (weights.page if name in weights.paged else 0)
        for argument in node.arguments or ():
            if weight := weights.arguments.get(argument.name.value):
                cost += weight * self._is_sent(argument.value)
                varies |= isinstance(argument.value, VariableNode)
        return cost, varies

    def _is_sent(self, value: ValueNode) -> bool:
        if not isinstance(value, VariableNode):
            return not isinstance(value, NullValueNode)
        name = value.name.value
        if self._variables is not None and name in self._variables:
            return self._variables[name] is not None
        default = self._defaults.get(name)
        return default is not None and self._is_sent(default)

    def _items(self, node: FieldNode) -> tuple[int, bool]:
        """Return how often the selection of a field is run, and whether variables decide that."""
        sizes = [
            (self._size(argument.value), isinstance(argument.value, VariableNode))
            for argument in node.arguments or ()
            if argument.name.value in SIZES
        ]
        known = [size for size, _ in sizes if size is not None]
        if not known:
            known = [self._limits.page if node.name.value in self._weights.paged else 1]
        return max(1, *known), any(varies for _, varies in sizes)

    def _size(self, value: ValueNode) -> int | None:
        if isinstance(value, VariableNode):
            return self._variable_size(value.name.value)
        if isinstance(value, IntValueNode):
            # Longer than any page. Converting it would take time quadratic in its length.
            return self._page(int(value.value) if len(value.value) < 10 else self._limits.largest_page)
        return len(value.values) if isinstance(value, ListValueNode) else None

    def _variable_size(self, name: str) -> int | None:
        if self._variables is None:
            return 1
        if name not in self._variables:
            default = self._defaults.get(name)
            return None if default is None else self._size(default)
        value = self._variables[name]
        if isinstance(value, list):
            return len(value)
        return self._page(value) if isinstance(value, (int, float)) else None

    def _page(self, size: float) -> int:
        return int(min(size, self._limits.largest_page))

    def _directives(self, directives: tuple[DirectiveNode, ...] | None) -> None:
        if directives and len(directives) > self._limits.directives:
            raise _over(f"has {len(directives)} directives in one place", self._limits.directives, "in one place")


def _flat(
    selection_set: SelectionSetNode, check: Callable[[tuple[DirectiveNode, ...] | None], None]
) -> Iterator[FieldNode | FragmentSpreadNode]:
    """Yield the fields and spreads of a selection, including those in inline fragments; pass directives to `check`."""
    pending = [iter(selection_set.selections)]
    while pending:
        node = next(pending[-1], None)
        if node is None:
            pending.pop()
            continue
        check(node.directives)
        if isinstance(node, InlineFragmentNode):
            pending.append(iter(node.selection_set.selections))
        elif isinstance(node, (FieldNode, FragmentSpreadNode)):
            yield node


def _rounded(cost: int) -> str:
    return f"{cost:,}" if cost < 10**12 else "far too many"
