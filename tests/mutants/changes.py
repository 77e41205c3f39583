"""Changes of a source text, one place at a time: operators, clauses, numbers and statements."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

SWAPPED: dict[type[ast.cmpop], str] = {
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
METHODS = {"is_": "is_not", "is_not": "is_", "in_": "not_in"}
CLAUSES = {"where", "and_", "or_", "filter", "select_from"}  # calls of which each argument is a clause


@dataclass(frozen=True)
class Mutant:
    """Source text of a file with one change; `line`, `old` and `new` say which."""

    file: str
    line: int
    old: str
    new: str
    source: str

    @property
    def name(self) -> str:
        return f"{self.file} | {_short(self.old)} | {_short(self.new)}"


def mutants(file: str, source: str) -> Iterator[Mutant]:
    """Yield the source with each change that this module knows."""
    tree = ast.parse(source)
    starts = [0]
    for line in source.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    text, seen = source.encode(), set[bytes]()
    for node in _mutable(tree):
        for part, new in _changes(node):
            begin = starts[part.lineno - 1] + part.col_offset
            end = starts[(part.end_lineno or 1) - 1] + (part.end_col_offset or 0)
            changed = text[:begin] + new.encode() + text[end:]
            if changed not in seen and _parses(changed):
                seen.add(changed)
                yield Mutant(file, part.lineno, text[begin:end].decode(), new, changed.decode())


def _mutable(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes except those of annotations, docstrings and messages of errors."""
    for name, value in ast.iter_fields(tree):
        if name in {"annotation", "returns", "decorator_list", "bases"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.JoinedStr | ast.Import | ast.ImportFrom | ast.Assert) or not isinstance(
                child, ast.AST
            ):
                continue
            if isinstance(tree, ast.Module) and isinstance(child, ast.Assign) and _is_constant(child):
                continue
            yield child
            yield from _mutable(child)


def _is_constant(node: ast.Assign) -> bool:
    """Return True for a named constant: its value is a decision, which tests read by its name."""
    names = [name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)]
    simple = (
        ast.Constant
        | ast.Tuple
        | ast.Call
        | ast.BinOp
        | ast.Name
        | ast.Attribute
        | ast.Load
        | ast.keyword
        | ast.operator
    )
    return all(name.isupper() for name in names) and all(isinstance(part, simple) for part in ast.walk(node.value))


def _changes(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Yield the changes of one node: the part to replace and its new text."""
    match node:
        case ast.If() | ast.IfExp():
            yield node.test, f"(not ({ast.unparse(node.test)}))"
        case ast.Raise() | ast.Expr(value=ast.Call()) | ast.Assign(targets=[ast.Attribute()]) | ast.AugAssign():
            yield node, "pass"
        case ast.Call():
            yield from _changes_of_call(node)
        case ast.expr():
            yield from ((node, new) for new in _operators(node))


def _operators(node: ast.expr) -> Iterator[str]:
    """Yield the new texts of an operator or a constant."""
    match node:
        case ast.Compare(ops=[operator]):
            yield f"{ast.unparse(node.left)} {SWAPPED[type(operator)]} {ast.unparse(node.comparators[0])}"
        case ast.BoolOp():
            for left_out in node.values:
                rest = [ast.unparse(value) for value in node.values if value is not left_out]
                yield "(" + (" and " if isinstance(node.op, ast.And) else " or ").join(rest) + ")"
        case ast.UnaryOp(op=ast.Not()):
            yield f"({ast.unparse(node.operand)})"
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            swapped = ast.BinOp(node.left, ast.Sub() if isinstance(node.op, ast.Add) else ast.Add(), node.right)
            yield f"({ast.unparse(swapped)})"
        case ast.BinOp(op=ast.BitAnd() | ast.BitOr()):
            yield from (f"({ast.unparse(side)})" for side in (node.left, node.right))
        case ast.Constant(value=bool() as value):
            yield str(not value)
        case ast.Constant(value=int() as value):
            yield str(value + 1)


def _changes_of_call(node: ast.Call) -> Iterator[tuple[ast.expr, str]]:
    function = node.func
    name = (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )
    if isinstance(function, ast.Attribute) and name in METHODS:
        yield function, f"{ast.unparse(function.value)}.{METHODS[name]}"
    if name == "with_for_update" and isinstance(function, ast.Attribute):
        return  # a lock is held by tests of concurrency on PostgreSQL, which do not run here
    if name in CLAUSES and len(node.args) > 1:
        for left_out in node.args:
            rest = [ast.unparse(part) for part in [*node.args, *node.keywords] if part is not left_out]
            yield node, f"{ast.unparse(function)}({', '.join(rest)})"


def _parses(text: bytes) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 160 else line[:159] + "…"
