"""Guard of statements: refuses those that the policy cannot filter."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from sqlalchemy import Select
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.elements import ColumnClause, TextClause
from sqlalchemy.sql.selectable import FromClauseAlias, Join, SelectBase, TableClause
from sqlalchemy.sql.util import surface_expressions
from sqlalchemy.sql.visitors import iterate

MAX_PASSED = 2_000
_passed: set[Any] = set()  # cache keys of statements


def refuse_unmapped(statement: Any) -> None:
    """Raise RuntimeError for SQL that the policy cannot reach: text, unmapped tables, overlooked entities."""
    for element in iterate(statement):
        sources: list[Any] = [element] if isinstance(element, TextClause | ColumnClause | UpdateBase | Join) else []
        overlooked: Iterable[Any] = ()
        if isinstance(element, Select):
            sources = [*element._raw_columns, *element._from_obj, *(join[0] for join in element._setup_joins)]
            overlooked = _overlooked(element)
        bare = next(chain(filter(_unmapped, sources), overlooked), None)
        if bare is not None:
            raise RuntimeError(
                f"The policy cannot filter this: {bare}. Use mapped classes and name each of them "
                "as a column, in select_from or in a join."
            )


def refuse_unmapped_once(statement: Any, executed: Any) -> None:
    """Refuse like `refuse_unmapped`, but walk only one of the statements that share their SQL.

    `executed` is the statement with the policy. SQLAlchemy runs the SQL that it compiled for the first statement with
    the same cache key, so whatever has the key of a statement that passed is the SQL of that statement.
    """
    cache_key = executed._generate_cache_key()
    if cache_key is not None and cache_key.key in _passed:
        return
    refuse_unmapped(statement)
    if cache_key is not None:
        if len(_passed) >= MAX_PASSED:
            _passed.clear()
        _passed.add(cache_key.key)


def _overlooked(query: Select[Any]) -> Iterator[Any]:
    """Yield the parts of a select that SQLAlchemy would leave unfiltered.

    It filters entities that are selected, joined or plainly compared in WHERE, and the only entity of an expression; it
    misses others in an expression, and everything in a select without a mapped column.
    """
    yield from (*query._prefixes, *query._suffixes, *query._statement_hints, *query._hints.values())
    if query._propagate_attrs.get("compile_state_plugin") != "orm":
        froms = (source for column in query._raw_columns for source in column._from_objects)
        yield from filter(_is_table, (*froms, *query._from_obj))
        return
    named = [_entities(expression) for expression in query._raw_columns]
    reached = {_entity(source) for source in _sources(query)}.union(*(one for one in named if len(one) == 1))
    for condition in query._where_criteria:
        parts = surface_expressions(condition)  # type: ignore[no-untyped-call]  # not annotated there
        reached.update(map(_entity, parts))
        named.append(_entities(condition))
    yield from (entity.selectable for entity in set[Any]().union(*named) - reached)


def _sources(query: Select[Any]) -> Iterator[Any]:
    """Yield the columns, FROM elements and joins of a select, without those of its subqueries."""
    stack = [*query._raw_columns, *query._from_obj, *(join[0] for join in query._setup_joins)]
    while stack:
        source = stack.pop()
        yield source
        if isinstance(source, Join):
            stack += [source.left, source.right]


def _entity(element: Any) -> Any:
    return element._annotations.get("parententity")


def _entities(expression: Any) -> set[Any]:
    """Return the entities that an expression names outside of its subqueries."""
    entities, stack = set(), [expression]
    while stack:
        part = stack.pop()
        entities.add(_entity(part))
        stack += [] if isinstance(part, SelectBase) else part.get_children()
    return entities - {None}


def _unmapped(element: Any) -> bool:
    if isinstance(element, TextClause | UpdateBase):
        return True
    if isinstance(element, Join):
        return _unmapped(element.left) or _unmapped(element.right)
    if isinstance(element, ColumnClause):
        return (element.is_literal and element.name != "*") or (_is_table(element.table) and not _entity(element))
    return _is_table(element) and not _entity(element)


def _is_table(element: Any) -> bool:
    """Return True for tables, aliases and samples of one; subqueries are inspected separately."""
    if isinstance(element, FromClauseAlias):
        return isinstance(element.element, TableClause)
    return isinstance(element, TableClause | Join)
