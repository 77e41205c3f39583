"""A model that gives rows by schema, as a test told it, cut where the test wants."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.loopback.provider_faults import EVENT_STREAM, Exchange, chunk, usage

Row = dict[str, tuple[str, str] | None]


@dataclass
class Extractor:
    """Plays answers: the rows that it was told and that the request does not hold yet.

    `cut` ends the first answer after so many characters, by `reason`. `rows_of` makes the rows of a piece of text;
    `gate` is waited for before the last row. `corrections` are given by the number of the cell that is asked for.
    """

    rows: Sequence[Row] = ()
    cut: int | None = None
    reason: str = "length"
    rows_of: Callable[[str], Sequence[Row]] | None = None
    corrections: dict[int, tuple[str, str]] = field(default_factory=dict)
    columns: dict[str, Any] = field(default_factory=dict)
    tables: Sequence[dict[str, Any]] = ()
    first_rows: int | None = None
    prose: str = "Look."
    refuses: bool = False
    piece: int = 9
    gate: asyncio.Event | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    exchange: Exchange | None = None

    async def play(self, exchange: Exchange) -> None:
        body, self.exchange = exchange.body, exchange
        self.requests.append(body)
        text, reason = self.answer(body), "stop"
        is_rows = "rows" in _properties(body)
        if is_rows and self.cut is not None:
            text, reason, self.cut = text[: self.cut], self.reason, None
        exchange.writer.write(EVENT_STREAM)
        pieces = [text[n : n + self.piece] for n in range(0, len(text), self.piece)]
        lines = [*map(chunk, pieces), *([chunk(finish=reason)] if reason else []), usage(100, 10)]
        if is_rows and self.gate:
            first = text.rfind("}, {") // self.piece + 1  # all but the last row, which has begun
            exchange.writer.write("".join(f"data: {line}\n\n" for line in lines[: first + 1]).encode())
            await self.gate.wait()
            lines = lines[first + 1 :]
        exchange.writer.write("".join(f"data: {line}\n\n" for line in lines).encode())

    def answer(self, body: dict[str, Any]) -> str:
        expected = _properties(body)
        if not expected or self.refuses:
            return self.prose
        messages = body["messages"]
        if "cells" in expected:
            cells = [{"id": n, "value": value, "quote": quote} for n, (value, quote) in self.corrections.items()]
            return json.dumps({"cells": cells})
        if "tables" in expected:
            return json.dumps({"tables": self.tables or ([self.columns] if self.columns else [])})
        stored = json.loads(messages[2]["content"])["rows"] if len(messages) > 2 else []
        rows = self.rows if self.rows_of is None else self.rows_of(messages[1]["content"])
        keys = expected["rows"]["items"]["required"]
        rows = rows[len(stored) :]
        if not stored:
            rows = rows[: self.first_rows]  # the others are given when the model is asked once more
        arguments = [{key: _cell(row.get(key)) for key in keys} for row in rows]
        return json.dumps({"rows": arguments}, ensure_ascii=False)


def _properties(body: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of the schema of a request; empty without one."""
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
    return dict(schema.get("properties", {}))


def _cell(cell: tuple[str, str] | None) -> dict[str, str] | None:
    return None if cell is None else {"value": cell[0], "quote": cell[1]}
