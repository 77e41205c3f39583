"""Architecture: import contracts, a rule for every model, no SQL that bypasses the policy, a light start."""

import ast
import importlib
import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, inspect
from sqlalchemy.sql.elements import False_

import db.models
from db.core.base import AuditCounted, AuditedRow, Base, Child, NotAudited, Owned
from db.core.policy import visible
from db.core.policy_rules import CustomRule

ROOT = Path(__file__).parents[2]
MODULES = {"app", "backups", "checks", "errors", "hosting", "keys", "personal_data", "preflight"}
PACKAGES = {
    "assembly", "commands", "transport", "schema", "execution", "resolvers", "jobs", "assistant", "db", "integrations",
    "tables", "auth", "telemetry", "settings",
}  # fmt: skip
MODELS = sorted((mapper.class_ for mapper in Base.registry.mappers), key=lambda model: model.__name__)

# Modules of the policy, the engines and the session: the only ones that write SQL.
FOUNDATIONS = {
    f"db/{name}.py"
    for name in (
        "core/base",
        "core/bulk",
        "core/engine",
        "retention/erasure",
        "retention/storage",
        "core/policy",
        "core/postgresql",
        "core/prepared",
        "core/policy_scopes",
        "core/session",
        "core/sqlite",
        "core/sqlite_writer",
        "core/statement_guard",
        "core/unit_connection",
    )
}
UNFILTERED = {
    "text", "literal_column", "table", "column", "Table", "MetaData", "TextClause", "insert", "update", "delete",
    "create_engine", "tablesample", "set_committed_value", "make_transient", "make_transient_to_detached",
    "with_loader_criteria",
}  # fmt: skip
GOES_AROUND = {
    "__table__", "local_table", "metadata", "prefix_with", "suffix_with", "with_hint",
    "with_statement_hint", "exec_driver_sql", "connection", "get_bind", "begin_nested", "commit", "rollback",
    "bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings", "merge", "query", "expunge",
    "checked",
}  # fmt: skip
OPERATORS = {"op", "bool_op"}
HEAVY = {
    "openai",
    "gspread",
    "google.auth",
    "xlsxwriter",
    "alembic",
    "jinja2",
    "taskiq",
    "redis",
    "requests",
    "httpx",
    "prometheus_client",
}


def sources(*packages: str) -> list[Path]:
    results = [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]
    return [path for path in results if "versions" not in path.parts]


def imported(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def test_the_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", [ROOT / "errors.py", *sources("settings")], ids=lambda path: path.name)
def test_errors_and_settings_import_nothing_else_of_ours(path: Path) -> None:
    assert imported(ast.parse(path.read_text())) & (PACKAGES | MODULES) <= {"settings"}


def test_the_assembly_leaves_graphql_and_sql_to_others() -> None:
    outside = {"strawberry", "graphql", "openai", "gspread", "google", "redis", "sqlalchemy", "asyncpg", "sqlite3"}
    assert set().union(*(imported(ast.parse(path.read_text())) for path in sources("assembly"))) & outside == set()


def test_every_package_is_under_a_contract() -> None:
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} == PACKAGES | {"tests"}
    assert {path.stem for path in ROOT.glob("*.py")} == MODULES


def test_every_module_has_a_docstring() -> None:
    paths = [*sources(*PACKAGES), *ROOT.glob("*.py"), *(ROOT / "tests").glob("*.py")]
    assert [path for path in paths if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_every_model_is_known_to_the_policy() -> None:
    assert set(db.models.__all__) >= {model.__module__.rpartition(".")[2] for model in MODELS}
    for module in pkgutil.walk_packages(db.__path__, "db."):
        if ".migrations" not in module.name:
            importlib.import_module(module.name)
    assert len(MODELS) == len(list(Base.registry.mappers))


@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_one_rule(model: type[Base]) -> None:
    kinds = [issubclass(model, Owned), issubclass(model, Child), issubclass(model, CustomRule)]
    assert kinds.count(True) == 1
    assert not isinstance(visible(model, model), False_)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_one_kind_of_auditing(model: type[Base]) -> None:
    """AuditedRow: each change; AuditCounted: their number, in the entry of the parent; NotAudited: bookkeeping."""
    assert [issubclass(model, kind) for kind in (AuditedRow, AuditCounted, NotAudited)].count(True) == 1


HARMLESS = {"max_tokens"}  # the limit of a reply's length
SECRET = re.compile(r"hash|digest|token|secret|password|url|link")


@pytest.mark.parametrize("model", [model for model in MODELS if issubclass(model, AuditedRow)])
def test_nothing_secret_is_in_the_audit_log(model: type[AuditedRow]) -> None:
    """A column whose name or type says that it is a secret is not recorded, or only that it changed."""
    mapper = inspect(model)
    stored = {column.key for column in mapper.column_attrs} - model.unaudited - model().concealed() - HARMLESS
    binary = {key for key in stored if isinstance(mapper.columns[key].type, LargeBinary)}
    assert binary | {key for key in stored if SECRET.search(key)} == set()


def test_a_model_without_a_rule_is_nobody_s() -> None:
    class Unruled(Base):
        __abstract__ = True

    assert isinstance(visible(Unruled, Unruled), False_)


@pytest.mark.parametrize("model", [model for model in MODELS if issubclass(model, Owned)])
def test_what_is_owned_is_indexed_by_what_the_policy_asks_for(model: type[Base]) -> None:
    indexes = model.metadata.tables[model.__tablename__].indexes
    assert ["organization_id", "id"] in [[column.key for column in index.columns] for index in indexes]


@pytest.mark.parametrize("model", [model for model in MODELS if issubclass(model, Child)])
def test_a_child_s_key_is_its_parent_s(model: type[Child]) -> None:
    (key,) = getattr(model, model.parent_key).property.columns[0].foreign_keys
    assert key.column.table.name == model.parent.__tablename__


def around(tree: ast.Module) -> Iterator[str]:
    """Yield the parts of a module that could bypass the policy."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
            yield from (f"{node.lineno}: {alias.name}" for alias in node.names if alias.name in UNFILTERED)
        elif isinstance(node, ast.Import):
            yield from (f"{node.lineno}: {a.name} as {a.asname}" for a in node.names if a.name == "sqlalchemy")
        elif isinstance(node, ast.Attribute) and node.attr in GOES_AROUND:
            yield f"{node.lineno}: {node.attr}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in OPERATORS:
            yield f"{node.lineno}: {node.func.attr}"


@pytest.mark.parametrize(
    "path", [path for path in sources("db", "resolvers", "jobs") if "migrations" not in path.parts], ids=str
)
def test_features_do_not_go_around_the_policy(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    if name not in FOUNDATIONS:
        assert list(around(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "line",
    [
        "from sqlalchemy import select, text",
        "from sqlalchemy.dialects.postgresql import insert",
        "import sqlalchemy as sa",
        "rows = select(Message.__table__)",
        "session.connection()",
        "Message.text.op('||')('x')",
        "select(Message).prefix_with('x')",
        "session.commit()",
    ],
)
def test_what_goes_around_the_policy_is_found(line: str) -> None:
    assert len(list(around(ast.parse(line)))) == 1


def test_importing_the_product_loads_nothing_heavy() -> None:
    """The server must start within two seconds; what one feature needs is loaded when it is used."""
    script = (
        "import importlib, json, pkgutil, sys\n"
        "for name in ('resolvers', 'schema', 'jobs', 'transport', 'integrations', 'assembly'):\n"
        "    module = importlib.import_module(name)\n"
        "    for found in pkgutil.walk_packages(getattr(module, '__path__', []), f'{name}.'):\n"
        "        if not found.name.endswith('__main__'):\n"
        "            importlib.import_module(found.name)\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert HEAVY & set(json.loads(done.stdout)) == set()


MAX_FILES = 25
MAX_FILES_OF = {"schema": 45, "db/models": 45}  # flat on purpose: one file a feature
MAX_FILES_OF["db/migrations/versions"] = 999  # one file a change of the models; Alembic reads one folder


def test_no_folder_is_crowded() -> None:
    folders = {path.parent for path in [*sources(*PACKAGES, "tests"), *ROOT.glob("*.py")]}
    counts = {folder.relative_to(ROOT).as_posix(): len(list(folder.glob("*.py"))) for folder in folders}
    assert {name: count for name, count in counts.items() if count > MAX_FILES_OF.get(name, MAX_FILES)} == {}


def import_graph() -> dict[str, set[str]]:
    """Return the modules of the product with those that they import anywhere, also inside functions."""
    paths = [*sources(*PACKAGES), *ROOT.glob("*.py")]
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        targets: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                targets |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = {f"{node.module}.{alias.name}" for alias in node.names}
                targets |= (names & set(modules)) or {node.module}
        graph[module] = (targets & set(modules)) - {module}
    return graph


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of nodes that reach each other."""
    reached = {node: _reachable(graph, node) for node in graph}
    groups = {frozenset(other for other in reached[node] if node in reached.get(other, ())) for node in graph}
    return sorted(sorted(group) for group in groups if len(group) > 1)


def _reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    results: set[str] = set()
    waiting = [start]
    while waiting:
        for target in graph.get(waiting.pop(), ()):
            if target not in results:
                results.add(target)
                waiting.append(target)
    return results


def test_there_is_no_import_circle_between_files() -> None:
    assert circles(import_graph()) == []


def test_there_is_no_import_circle_between_packages() -> None:
    packages: dict[str, set[str]] = {}
    folders = {path.parent for path in sources(*PACKAGES)}
    names = {".".join(folder.relative_to(ROOT).parts) for folder in folders}

    def package(module: str) -> str:
        return module if module in names else module.rpartition(".")[0] or module

    for module, targets in import_graph().items():
        packages.setdefault(package(module), set()).update(package(target) for target in targets)
    assert circles({name: targets - {name} for name, targets in packages.items()}) == []


def test_a_circle_is_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


def test_no_test_imports_another_test_file() -> None:
    results = [
        f"{path.relative_to(ROOT)}: {node.module}"
        for path in sources("tests")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and any(part.startswith("test_") for part in (node.module or "").split("."))
    ]
    assert results == []


def is_fixture(decorator: ast.expr) -> bool:
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(function, ast.Attribute) and function.attr == "fixture"


def test_fixtures_are_defined_in_conftest() -> None:
    results = {
        path.relative_to(ROOT).as_posix()
        for path in sources("tests")
        if path.name.startswith("test_")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(map(is_fixture, node.decorator_list))
    }
    assert results == set()
