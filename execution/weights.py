"""Weights of fields and arguments that cost more than the value they return."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Weights of a schema, in units of one returned value, by name.

    `paged` holds the fields that return as many items as their `first` or `last` says; each costs `page` more. The
    fields `once` are of a page and not of its items. `arguments` count where they are sent and not null.
    """

    paged: frozenset[str] = frozenset()
    page: int = 0
    once: frozenset[str] = frozenset()
    fields: Mapping[str, int] = field(default_factory=dict)
    arguments: Mapping[str, int] = field(default_factory=dict)

    def with_paged(self, names: frozenset[str]) -> "Weights":
        return replace(self, paged=names)


NO_WEIGHTS = Weights()
