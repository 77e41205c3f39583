"""Language of the code: docstrings and descriptions begin with a verb or a noun and not with a relative clause."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType

from schema import schema

ROOT = Path(__file__).parents[2]
# Migrations are history: they keep the words of their time.
LEFT_OUT = {"versions", ".venv"}
REFUSED = ("What", "Who", "Whose", "Whether", "Where", "Which", "How", "That")
TAKES = re.compile(r"\bWhat `\w+` takes\b")
# Variables named after how they came about; `result`, `match`, `stored`, `requested`, `index` say what they hold.
REFUSED_NAMES = {"found", "told", "made", "given", "place", "kept", "said", "asked", "shown", "held", "wanted", "taken"}
COLUMNS = {"Budget.told", "CellChange.place"}  # a migration for the name alone would cost more than it gives


@cache
def modules() -> list[tuple[Path, ast.Module]]:
    """Return the path below the root and the tree of every module of the product and of the tests."""
    packages = sorted(init.parent for init in ROOT.glob("*/__init__.py"))
    paths = [*ROOT.glob("*.py"), *(path for package in packages for path in sorted(package.rglob("*.py")))]
    return [
        (path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8")))
        for path in paths
        if not LEFT_OUT & set(path.parts)
    ]


def docstrings() -> Iterator[tuple[str, str]]:
    """Yield the position and the text of every docstring of the product and of the tests."""
    for path, tree in modules():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if text := ast.get_docstring(node):
                yield f"{path}:{getattr(node, 'lineno', 1)}", text


def variables() -> Iterator[tuple[str, str]]:
    """Yield the position and the name of every argument and variable; of columns, with their class."""
    for path, tree in modules():
        columns = {
            id(statement.target): f"{node.name}.{statement.target.id}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
            for statement in node.body
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.arg):
                yield f"{path}:{node.lineno}", node.arg
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                name = columns.get(id(node), node.id)
                yield f"{path}:{node.lineno}", name if name in COLUMNS else node.id


def first_word(text: str) -> str:
    """Return the first word without punctuation, so that `How:` and `Who's` are recognized."""
    return re.split(r"\W", text.split()[0].lstrip("`*_("))[0]


def descriptions() -> Iterator[tuple[str, str]]:
    """Yield the name and the description of every type, field, argument and enum value of the schema."""
    for name, kind in schema._schema.type_map.items():
        yield name, kind.description or ""
        if isinstance(kind, GraphQLEnumType):
            yield from ((f"{name}.{value}", enum.description or "") for value, enum in kind.values.items())
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for field_name, field in kind.fields.items():
                yield f"{name}.{field_name}", field.description or ""
                for argument_name, argument in getattr(field, "args", {}).items():
                    yield f"{name}.{field_name}({argument_name})", argument.description or ""


def test_docstrings_begin_with_a_verb_or_a_noun() -> None:
    wrong = [f"{target}: {text.splitlines()[0]}" for target, text in docstrings() if first_word(text) in REFUSED]
    assert wrong == []


def test_variables_are_named_by_their_content() -> None:
    assert [f"{target}: {name}" for target, name in variables() if name in REFUSED_NAMES] == []


def test_no_description_says_only_what_a_mutation_takes() -> None:
    assert [name for name, text in descriptions() if TAKES.search(text)] == []


def test_descriptions_begin_with_a_verb_or_a_noun() -> None:
    assert [f"{name}: {text}" for name, text in descriptions() if text and first_word(text) in REFUSED] == []


@pytest.mark.parametrize("text", ["What is held.", "How: by hand.", "Who's there.", "`Which` one.", "Whether it is."])
def test_a_relative_clause_is_recognized(text: str) -> None:
    assert first_word(text) in REFUSED


@pytest.mark.parametrize("text", ["Return the row.", "Whole rows of a table.", "Thatcher's model.", "However long."])
def test_other_words_are_allowed(text: str) -> None:
    assert first_word(text) not in REFUSED
