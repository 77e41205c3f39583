"""Field masks as Google's APIs take them: `a,b.c,d(e,f/g)`, applied to an answer."""

import re
from typing import Any

Tree = dict[str, Any]


class BadMask(ValueError):
    """A mask that cannot be parsed."""


def parse_mask(text: str) -> Tree:
    """Return the mask as a tree; an empty subtree, and `*`, select everything below."""
    tokens = re.findall(r"[A-Za-z_]\w*|[*,.()/]", text)
    if "".join(tokens) != text.replace(" ", ""):
        raise BadMask(text)
    tree, rest = _list(tokens)
    if rest or not tree:
        raise BadMask(text)
    return tree


def _list(tokens: list[str]) -> tuple[Tree, list[str]]:
    tree: Tree = {}
    while True:
        path, below, tokens = _path(tokens)
        node = tree
        for name in path[:-1]:
            node = node.setdefault(name, {})
        node.setdefault(path[-1], {}).update(below)
        if not tokens or tokens[0] != ",":
            return tree, tokens
        tokens = tokens[1:]


def _path(tokens: list[str]) -> tuple[list[str], Tree, list[str]]:
    path: list[str] = []
    while True:
        if not tokens or tokens[0] in ",.()/":
            raise BadMask("".join(tokens))
        path.append(tokens[0])
        tokens = tokens[1:]
        if tokens and tokens[0] in "./":
            tokens = tokens[1:]
        elif tokens and tokens[0] == "(":
            below, tokens = _list(tokens[1:])
            if not tokens or tokens[0] != ")":
                raise BadMask("".join(tokens))
            return path, below, tokens[1:]
        else:
            return path, {}, tokens


def masked(value: Any, tree: Tree) -> Any:
    """Return the parts of a JSON value that the mask selects."""
    if not tree or "*" in tree:
        return value
    if isinstance(value, list):
        return [masked(one, tree) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: masked(value[name], below) for name, below in tree.items() if name in value}
