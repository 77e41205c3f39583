"""Random selections of things, and things that are wrong here and there."""

import asyncio
from collections.abc import Awaitable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from types import SimpleNamespace
from typing import Any

from tests.support.thing_schema import Color, Size


class Odd:
    def __iter__(self) -> Iterator[str]:
        yield "a"

    def __repr__(self) -> str:
        return "odd"


class Objects:
    """Makes objects; `faults` is how often a value is a wrong one."""

    def __init__(self, random: Random, faults: float) -> None:
        self.random, self.faults = random, faults

    def root(self) -> Any:
        return SimpleNamespace(
            things=[self.thing(3) for _ in range(self.random.randint(0, 4))],
            maybe=self.thing(3),
            box=SimpleNamespace(things=[self.thing(2), self.thing(2)], first=self.one(self.thing(2), None)),
        )

    def one(self, *right: Any) -> Any:
        """Return one of the right values, or now and then a wrong one."""
        if self.random.random() >= self.faults:
            return self.random.choice(right)
        return self.random.choice(self.wrong(right[0]))

    def wrong(self, right: Any) -> list[Any]:
        numbers = [True, 2**40, -(2**31), -(2**31) - 1, -1.5, float("nan"), Decimal(-1), Decimal(0)]
        others = [None, RuntimeError("wrong"), Odd(), Color.RED, Size.LARGE, "1", "red"]
        lists = [[], {}, ["a", None], [Odd()], (RuntimeError("in it"),), {"a"}, [self.awaitable("a")]]
        return [*numbers, *others, *lists, self.awaitable(right), self.awaitable(None)]

    def awaitable(self, value: Any) -> Awaitable[Any]:
        future = asyncio.get_running_loop().create_future()
        future.set_result(value)
        return future

    def thing(self, depth: int) -> Any:
        one, random = self.one, self.random
        below = [self.thing(depth - 1) for _ in range(random.randint(0, 2))] if depth else []
        child = below[0] if below else None
        return SimpleNamespace(
            kind=one("Thing") if random.random() < 0.2 else "Thing",
            name=one("Ann"),
            id=one("a", "b"),
            text=one("some", ""),
            note=one("note", None),
            number=one(1, -7, 2**31 - 1),
            ratio=one(1.5, 2, None),
            flag=one(True, False),
            color=one(Color.RED, Color.BLUE),
            size=one(Size.SMALL, None),
            moment=one(datetime(2025, 3, 10, tzinfo=UTC) + timedelta(microseconds=7)),
            price=one(Decimal("12.50"), None),
            data=one({"a": [1, None]}, "text", None),
            tags=one(["a", one("b")], [], ("c",)),
            maybe_tags=one(["a", None], None),
            whisper=one("psst"),
            is_late=random.random() < 0.2,
            rank=one(1, 2),
            child=one(child, None),
            things=one(below, tuple(below)),
            maybe_things=one([*below, None], None),
            box=one(SimpleNamespace(things=[], first=None), None),
            named=one(self.other(depth), child, None),
            any=one(self.other(depth), child, None),
        )

    def other(self, depth: int) -> Any:
        return SimpleNamespace(kind="Other", name="other", text=self.one("t"), thing=self.thing(0) if depth else None)


PLAIN = ["__typename", "id", "name", "text", "note", "number", "ratio", "flag", "color", "size", "moment", "price"]
LEAVES = [*PLAIN, "data", "tags", "maybeTags", "shout", "whisper", "late", "soon", "sized", "located", "rank"]
BELOW = ["child", "things", "maybeThings"]


class Selections:
    """Makes documents; with `directives` some of their fields are left out by variables."""

    def __init__(self, random: Random, *, directives: bool) -> None:
        self.random, self.directives = random, directives
        self.fragments: list[str] = []
        self._aliases = 0

    def document(self) -> str:
        body = f"things {self.thing(3)} maybe {self.thing(2)} box {{ things {self.thing(2)} first {self.thing(1)} }}"
        if self.directives:
            body += " __typename @include(if: $yes) @skip(if: $no)"
        head = "query ($yes: Boolean = true, $no: Boolean = false)" if self.directives else "query"
        return " ".join(
            [f"{head} {{ {body} {'__typename @include(if: $yes) @skip(if: $no)' * self.directives} }}", *self.fragments]
        )

    def thing(self, depth: int) -> str:
        parts = [self._field(name) for name in self.random.sample(LEAVES, self.random.randint(1, 7))]
        if depth:
            names = self.random.sample(BELOW, self.random.randint(0, 2))
            parts += [self._field(name, self.thing(depth - 1)) for name in names]
            if self.random.random() < 0.3:
                parts.append(self._field("box", f"{{ __typename things {self.thing(0)} }}"))
            if self.random.random() < 0.4:
                parts.append(self._field("named", f"{{ __typename name ... on Thing {self.thing(0)} }}"))
            if self.random.random() < 0.3:
                parts.append(self._field("any", f"{{ ... on Other {{ text }} ... on Thing {self.thing(0)} }}"))
            if self.random.random() < 0.3:
                parts.append(f"... on Thing {self.thing(depth - 1)}")
            if self.random.random() < 0.3:
                self._aliases += 1
                name, body = f"F{self._aliases}", self.thing(depth - 1)
                self.fragments.append(f"fragment {name} on Thing {body}")
                parts += [f"...{name}"] * self.random.randint(1, 2)
        self.random.shuffle(parts)
        return "{ " + " ".join(parts) + " }"

    def _field(self, name: str, below: str = "") -> str:
        self._aliases += 1
        directive = ""
        if self.directives and self.random.random() < 0.3:
            directive = f"@{self.random.choice(['include', 'skip'])}(if: {self.random.choice(['$yes', '$no'])})"
        arguments = self.random.choice(["", "(size: 3)"]) if name == "sized" else ""
        return f"a{self._aliases}: {name}{arguments} {directive} {below}"
