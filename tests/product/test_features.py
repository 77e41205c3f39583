"""One feature has one name in every layer: a mutation's modules in schema, resolvers and db are found by name."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from strawberry.utils.str_converters import to_camel_case

ROOT = Path(__file__).parents[2]
SHARE = 0.95  # of the mutations have one name in all layers

# Mutations whose modules have different names, with the reason.
EXCEPTIONS: dict[str, str] = {
    "rejectProposal": "it also cancels the extraction that fills the proposal, which is above proposals",
}


@cache
def _tree(module: str) -> ast.Module:
    """Return the parsed source of a module."""
    return ast.parse(ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8"))


@cache
def _imports(module: str) -> dict[str, str]:
    """Return the full names of a module's imports by their local names."""
    results: dict[str, str] = {}
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.ImportFrom):
            results |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return results


@cache
def _functions(module: str) -> dict[str, ast.AST]:
    """Return the functions of a module by name."""
    return {n.name: n for n in _tree(module).body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}


def _full_name(module: str, node: ast.expr) -> str:
    """Return the full name of an imported function, written as `function` or `module.function`."""
    text = ast.unparse(node)
    first, _, rest = text.partition(".")
    imported = _imports(module).get(first, f"{module}.{first}")
    return f"{imported}.{rest}" if rest else imported


def _mutations() -> Iterator[tuple[str, str, str]]:
    """Yield each mutation with its schema module and the full name of its resolver."""
    for path in sorted((ROOT / "schema").glob("*.py")):
        module = f"schema.{path.stem}"
        for cls in _tree(module).body:
            if not isinstance(cls, ast.ClassDef) or cls.name != "Mutation":
                continue
            for node in cls.body:
                if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                    (target,) = node.targets
                    yield to_camel_case(ast.unparse(target)), module, _full_name(module, node.value.args[1])


def _db_modules(module: str, name: str, followed: set[str]) -> set[str]:
    """Return the db modules whose units a resolver, or a function of its module that it uses, gives to `write`."""
    if name in followed or name not in _functions(module):
        return set()
    followed.add(name)
    results: set[str] = set()
    for node in ast.walk(_functions(module)[name]):
        if isinstance(node, ast.Name):
            results |= _db_modules(module, node.id, followed)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("context.write", "database.write")):
            results.add(_full_name(module, node.args[0]).rpartition(".")[0])
    return results


def _difference(schema: str, resolver: str) -> str | None:
    """Return the names of a mutation's modules if they are not those of one feature."""
    module, _, function = resolver.rpartition(".")
    units = _db_modules(module, function, set())
    _, package, file = module.split(".")
    is_one = schema.split(".")[1] in {package, file} and units and {u.split(".")[1] for u in units} == {package}
    return None if is_one else f"{schema}, {module}, {sorted(units)}"


def test_the_modules_of_a_mutation_have_the_name_of_its_feature() -> None:
    mutations = {name: _difference(schema, resolver) for name, schema, resolver in _mutations()}
    different = {name: modules for name, modules in mutations.items() if modules is not None}
    assert {n: m for n, m in different.items() if n not in EXCEPTIONS} == {}
    assert set(EXCEPTIONS) - set(different) == set(), "no exceptions any more"
    assert 1 - len(different) / len(mutations) >= SHARE


def test_every_mutation_of_the_schema_is_looked_at() -> None:
    from schema import schema

    mutation = schema.get_type_by_name("Mutation")
    assert {name for name, _, _ in _mutations()} == {to_camel_case(f.name) for f in mutation.fields}  # type: ignore[union-attr]
