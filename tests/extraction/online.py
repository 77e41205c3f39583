"""What a model reads out of the corpus, asked as the product asks."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from assistant.discovering import discover
from assistant.extraction import Source
from assistant.passages import Passage, Passages
from assistant.reading import Asks, Reading, Unstructured
from integrations.llm import ModelFailure
from tests.extraction.report import plain
from tests.extraction.scoring import Expected, Sample

AT_ONCE = 4
NOBODY = UUID(int=0)


async def read_online(model: Asks, name: str, samples: Sequence[Sample]) -> dict[str, list[Expected]]:
    """The one table of each text, by the sample's name; none where the model fails, and where it finds no columns."""
    at_once = asyncio.Semaphore(AT_ONCE)

    async def read(sample: Sample) -> list[Expected]:
        async with at_once:
            with suppress(ModelFailure, Unstructured):
                return await _read(model, name, sample.text)
        return []

    found = await asyncio.gather(*map(read, samples))
    return {sample.name: tables for sample, tables in zip(samples, found, strict=True)}


async def _read(model: Asks, name: str, text: str) -> list[Expected]:
    passages = Passages([Passage(Source(NOBODY), text)])
    found = await discover(model, name, passages.pieces()[0])
    if not found.columns:
        return []
    reading = Reading(model, name, found.columns, passages)
    await reading.run()
    table = reading.table("")
    return [plain(table)] if table.rows else []
