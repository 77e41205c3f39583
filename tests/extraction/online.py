"""Extraction of the corpus by a model, with the product's prompts, and its cost."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from assistant.prompt.model_terms import terms_of
from assistant.prompt.tokens import added
from assistant.reading.column_discovery import discover
from assistant.reading.extraction import Source
from assistant.reading.passages import Passage, Passages
from assistant.reading.row_reader import RowReader, Unstructured
from db.models.usage import NANOS, Tokens
from integrations.llm.catalog import Offer
from integrations.llm.chat_completions import ChatModel, ModelFailure
from jobs.extraction.table_extraction import UNSTRUCTURED, ExtractionRequest, tokens_to_read
from tests.extraction.report import plain, report, scores
from tests.extraction.scoring import Expected, Sample

NOBODY = UUID(int=0)

Note = Callable[[str], None]


@dataclass
class Read:
    """Results by the name of the text; `problems` has the reasons why texts were not read completely."""

    tables: dict[str, list[Expected]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    tokens: Tokens = field(default_factory=Tokens)
    seconds: float = 0.0


async def read_online(
    model: ChatModel,
    offer: Offer,
    samples: Sequence[Sample],
    *,
    at_once: int = 4,
    seconds: float | None = None,
    note: Note = lambda _: None,
) -> Read:
    """Return the tables of each text, as far as one comes in so many seconds, or before Ctrl-C.

    A text that cannot be read is one with a problem; the others are read all the same.
    """
    read, started, limit = Read(), time.monotonic(), asyncio.Semaphore(at_once)

    async def one(sample: Sample) -> None:
        async with limit:
            try:
                read.tables[sample.name] = await _read(model, offer, sample, read)
            except ModelFailure as failure:
                read.problems[sample.name] = failure.message
            except Unstructured:
                read.problems[sample.name] = UNSTRUCTURED
        read.tables.setdefault(sample.name, [])
        note(f"{sample.name}: {read.problems.get(sample.name, 'read')}")

    with suppress(TimeoutError, asyncio.CancelledError):  # cancelled is what Ctrl-C does: the figures come all the same
        async with asyncio.timeout(seconds):
            await asyncio.gather(*map(one, samples))
    read.seconds = time.monotonic() - started
    return read


async def _read(model: ChatModel, offer: Offer, sample: Sample, read: Read) -> list[Expected]:
    passages = Passages([Passage(Source(NOBODY), sample.text)])
    discovered = await discover(model, offer.name, passages.text, offer.named_output)
    read.tokens = added(read.tokens, discovered.tokens)
    tables: list[Expected] = []
    for table in discovered.tables:
        most = tokens_to_read(passages, ExtractionRequest("", table.columns), offer)
        reading = RowReader(model, offer.name, table.columns, passages, most=most, max_tokens=offer.named_output)
        try:
            await reading.run()
        finally:
            read.tokens = added(read.tokens, reading.tokens)
        if reading.problem:
            read.problems[sample.name] = reading.problem
        result = reading.table("")
        tables += [plain(result)] if result.rows else []
    return tables


def model_report(offer: Offer, samples: Sequence[Sample], read: Read) -> str:
    """Return the figures of a model, and what they took, as Markdown."""
    price = offer.price(datetime.now(UTC).date())
    cost = terms_of(offer, datetime.now(UTC).date()).cost(read.tokens) / NANOS
    requested = [sample for sample in samples if sample.name in read.tables]
    whole, left = len(requested) - len(read.problems), len(samples) - len(requested)
    written = "counted by us" if read.tokens.is_estimated else "counted by the provider"
    lines = [
        f"{offer.model} at {offer.profile.base_url or 'api.openai.com'}: {len(requested)} texts "
        f"in {read.seconds:.0f} s, "
        f"{read.tokens.input:,} tokens read and {read.tokens.output:,} written ({written}), "
        + (f"{cost:.4f} in the currency of its price." if price else "no price known."),
        f"{whole} of them were read to their end; {left} were not asked.",
        "",
    ]
    return "\n".join(lines) + "\n" + report(requested, scores(requested, read.tables)) + _problems(read.problems)


def _problems(problems: Mapping[str, str]) -> str:
    """Return each problem with the number of texts that had it."""
    counts: dict[str, int] = {}
    for problem in problems.values():
        counts[problem] = counts.get(problem, 0) + 1
    rows = [f"| {problem} | {count} |\n" for problem, count in sorted(counts.items())]
    return "\n| Not read, or not to the end | Texts |\n| --- | ---: |\n" + "".join(rows) if rows else ""
