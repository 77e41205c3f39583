"""Private names of SQLAlchemy, graphql-core and Strawberry that the code relies on.

An upgrade may remove them without notice. It then fails here first, with the files to look at. `pyproject.toml` has
upper bounds for the three, so an upgrade is always a deliberate change.
"""

import ast
import inspect
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy.orm
import strawberry
from graphql.execution.executor import Executor
from sqlalchemy import Column, Integer, MetaData, Table, select
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.orm.util import LoaderCriteriaOption
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from schema import schema

ROOT = Path(__file__).parents[2]
PACKAGES = (
    *("assistant", "auth", "db", "execution", "integrations"),
    *("jobs", "resolvers", "schema", "tables", "transport"),
)
BOUNDED = {"sqlalchemy", "graphql-core", "strawberry-graphql"}

_table = Table("names", MetaData(), Column("id", Integer))
_query = select(_table.c.id)
_compiled = _query.compile(dialect=SQLiteDialect_pysqlite())

# An object or class, the private names of it, and where they are used.
USED: list[tuple[Any, set[str], str]] = [
    (
        _query,
        {
            "_raw_columns", "_from_obj", "_setup_joins", "_prefixes", "_suffixes", "_statement_hints", "_hints",
            "_propagate_attrs", "_where_criteria", "_annotations",
        },
        "db/core/statement_guard.py",
    ),
    (_query, {"_generate_cache_key"}, "refuse_unmapped_once"),
    (sqlalchemy.orm.Session, {"_autoflush"}, "db/core/session.py"),
    (_table.c.id, {"_from_objects"}, "db/core/statement_guard.py"),
    (_compiled, {"_result_columns"}, "db/core/prepared.py"),
    (LoaderCriteriaOption, {"_resolve_where_criteria"}, "db/core/policy.py"),
    (strawberry.Info(_raw_info=None, _field=None), {"_raw_info"}, "schema/connections.py"),  # type: ignore[arg-type]
    (strawberry.schema.schema, {"_OperationContextAwareGraphQLResolveInfo"}, "execution/planned.py"),
    (schema, {"_schema"}, "execution/executor.py, schema/__init__.py and tests"),
]  # fmt: skip

# Methods of graphql-core that are overridden or called, with their parameters.
METHODS = {
    "complete_object_value": ["return_type", "field_details_list", "info", "path", "result", "position_context"],
    "complete_iterable_value": ["item_type", "field_details_list", "info", "path", "items", "position_context"],
    "execute_fields": ["parent_type", "source_value", "path", "grouped_field_set", "position_context"],
    "build_resolve_info": ["field_def", "field_nodes", "parent_type", "path"],
    "collect_subfields": ["return_type", "field_details_list"],
}


@pytest.mark.parametrize(("owner", "names", "where"), USED, ids=[where for _, _, where in USED])
def test_private_names_exist(owner: Any, names: set[str], where: str) -> None:
    missing = sorted(name for name in names if not hasattr(owner, name))
    kind = owner if isinstance(owner, type) else type(owner)
    assert missing == [], f"{kind.__module__}.{kind.__name__} has no {', '.join(missing)} any more: change {where}."


@pytest.mark.parametrize("name", METHODS)
def test_methods_of_the_executor_have_the_parameters_that_are_overridden(name: str) -> None:
    method = getattr(StrawberryGraphQLCoreExecutionContext, name, None)
    assert method is not None, f"graphql-core's executor has no {name} any more: change execution/planned.py."
    parameters = list(inspect.signature(method).parameters)[1:]
    assert parameters == METHODS[name], f"{name} of graphql-core takes {parameters}: change execution/planned.py."


def test_the_executor_of_strawberry_is_graphql_core_s() -> None:
    assert issubclass(StrawberryGraphQLCoreExecutionContext, Executor), "Change execution/planned.py."


def test_an_info_is_made_of_private_fields() -> None:
    parameters = set(inspect.signature(strawberry.Info).parameters)
    assert {"_raw_info", "_field"} <= parameters, f"strawberry.Info takes {parameters}: change execution/planned.py."


def test_no_other_private_name_is_used() -> None:
    """A private attribute that none of our classes or modules defines must be in the table above."""
    trees = {path: ast.parse(path.read_text()) for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))}
    ours = {name for tree in trees.values() for name in _defined(tree)}
    standard = {"_replace", "_make", "_fields", "_exit"}  # of named tuples, and os._exit
    known = ours | standard | {name for _, names, _ in USED for name in names}
    unknown = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.attr}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and _is_private(node.attr) and node.attr not in known
    }
    assert unknown == set(), "Add these to USED, or use a public name."


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _defined(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr


def test_upgrades_of_these_packages_have_an_upper_bound() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bounded = {line.partition(">")[0].partition("[")[0] for line in project["dependencies"] if "<" in line}
    assert bounded >= BOUNDED
