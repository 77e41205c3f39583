"""The language of the code: docstrings and descriptions are plain and begin with a verb or a noun."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType

from schema import schema

ROOT = Path(__file__).parents[2]
FOLDERS = [
    "assistant", "auth", "db", "execution", "integrations", "jobs", "resolvers", "schema", "tables", "transport",
    "tests/support",
]  # fmt: skip
REFUSED = ("What", "Who", "Whose", "Whether", "Where", "Which", "How", "That")
TAKES = re.compile(r"What `\w+` takes")


def docstrings() -> Iterator[tuple[str, str]]:
    """Yield the place and the text of every docstring of the product and of the test helpers."""
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))] + sorted(ROOT.glob("*.py"))
    for path in paths:
        if "versions" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if text := ast.get_docstring(node):
                yield f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}", text


def test_docstrings_begin_with_a_verb_or_a_noun() -> None:
    wrong = [f"{place}: {text.splitlines()[0]}" for place, text in docstrings() if text.split()[0] in REFUSED]
    assert wrong == []


def test_no_description_says_only_what_a_mutation_takes() -> None:
    wrong: list[str] = []
    for name, kind in schema._schema.type_map.items():
        wrong += [name] if TAKES.search(kind.description or "") else []
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for field_name, field in kind.fields.items():
                texts = [field.description, *(a.description for a in getattr(field, "args", {}).values())]
                wrong += [f"{name}.{field_name}" for text in texts if TAKES.search(text or "")]
    assert wrong == []
