"""A scripted perfect model: it names the expected tables and gives their rows, each cell with its words in the text.

What is lost on the way from such answers to proposed tables is lost by the product.
"""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any
from uuid import UUID

from assistant.reading.extraction import ProposedCell, ProposedTable, Source
from assistant.reading.reply_grounding import PersonTexts, ground_table
from integrations.llm.catalog import Catalog, Offer
from integrations.llm.chat_completions import ChatModel, Delta, Finished, Schema, Turn
from integrations.llm.profiles import Profile
from tables.types.inference import infer
from tests.extraction.scoring import Expected, Sample

SOURCE = Source(UUID(int=0))
NAME = "perfect"


class PerfectModel:
    """Model that has read the expected tables of the samples; it knows a text by its words."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._tables = {sample.text: [_grounded(sample, table) for table in sample.tables] for sample in samples}

    async def stream(
        self,
        turns: Sequence[Turn],
        *,
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        schema: Schema | None = None,
    ) -> AsyncGenerator[Delta | Finished, None]:
        properties: Mapping[str, Any] = (schema or {})["properties"]
        tables = self._tables.get(turns[1].text, [])  # none when it is asked to correct itself
        answer: dict[str, Any] = dict.fromkeys(properties, ())
        if "tables" in properties:
            answer = {"tables": list(map(_described, tables))}
        elif "rows" in properties and len(turns) == 2:
            answer = {"rows": _rows(next(table for table in tables if _is_asked_for(table, turns[0].text)))}
        yield Delta(json.dumps(answer, ensure_ascii=False))
        yield Finished("stop", None, None)

    async def close(self) -> None:
        """Do nothing: there is no connection."""


def perfect_model(samples: Sequence[Sample]) -> tuple[ChatModel, Offer]:
    """Return a model that knows the samples, and how it is offered."""
    profile = Profile.model_validate({"name": NAME, "base_url": "http://127.0.0.1:9/v1", "models": [NAME]})
    return PerfectModel(samples), Catalog([profile]).offers[0]


def _grounded(sample: Sample, table: Expected) -> ProposedTable:
    columns = tuple(
        infer(name, f"c{n + 1}", [row[n] for row in table.rows], sample.text) for n, name in enumerate(table.columns)
    )
    rows = tuple(
        tuple(ProposedCell(value, 0, 0, value, "NONE") if value else None for value in row) for row in table.rows
    )
    return ground_table(PersonTexts((SOURCE,), (sample.text,)), ProposedTable("", columns, rows))


def _described(table: ProposedTable) -> dict[str, Any]:
    columns = [{"name": column.name, "type": column.type.value, "currency": None} for column in table.columns]
    return {"name": table.name, "columns": columns}


def _is_asked_for(table: ProposedTable, instructions: str) -> bool:
    return all(f"{column.key}: {column.name} (" in instructions for column in table.columns)


def _rows(table: ProposedTable) -> list[dict[str, Any]]:
    return [
        {
            column.key: cell and {"value": str(cell.value), "quote": cell.quote}
            for column, cell in zip(table.columns, row, strict=True)
        }
        for row in table.rows
    ]
