"""Measure extraction (`make eval`); `--write` stores the figures in docs/extraction.md.

Four ways are measured: the readers, files, careless replies of a scripted model, and the answers of a perfect one.
With OPENAI_* or LLM_PROFILES set, the model that they name first is asked too, and its figures are printed with their
cost: those of the texts that were asked for until Ctrl-C, or for `--minutes 10`. `--tiny DIR` asks the tiny real model
of `make test-llm` instead, and `--texts 20` takes twenty of the texts.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from assembly.components import create_models
from settings.settings import Settings
from tests.extraction.files import PART, WHOLE, file_samples, page_samples, read_file
from tests.extraction.online import model_report, read_online
from tests.extraction.perfect_model import perfect_model
from tests.extraction.report import Result, overview, plain, read_offline, report, scores
from tests.extraction.scoring import Sample, prose_samples, samples, score, written_replies
from tests.extraction.sloppy_reply import REPLIES, read_exchange, read_with_reply
from tests.support.real_model import serving

PAGE = Path(__file__).parents[2] / "docs" / "extraction.md"
MARK = "<!-- make eval -->\n"
TINY = {
    "name": "tiny",
    "models": ["smollm2"],
    "context_window": 4096,
    "max_output": 256,
    "deadlines": {"first_token": 120, "between_tokens": 120},
}


READERS = "The readers, without a model"
FILES, EXCERPTS = "Files, without a model", "Files with a part of the answer"
PAGES = "Pages of PDF files made for the tests"
REPLY, PERFECT = "An ordinary model's reply", "A perfect model's answers"
WRITTEN_REPLY = f"{REPLY}, written by hand"
PROSE_REPLY, PROSE_PERFECT = f"{REPLY} to prose", f"{PERFECT} to prose"


def main() -> None:
    arguments = _arguments()
    corpus = list(samples())
    prose = list(prose_samples())
    ways = {READERS: read_by_readers(corpus), **read_files()}
    ways |= {REPLY: read_replies(corpus), PROSE_REPLY: read_replies(prose)}
    ways[WRITTEN_REPLY] = read_written_replies()
    ways |= {PERFECT: read_answers(corpus), PROSE_PERFECT: read_answers(prose)}
    figures = page(corpus, ways)
    sys.stdout.write(figures)
    if arguments.write:
        above, _, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
        PAGE.write_text(above + MARK + figures, encoding="utf-8")
    with ExitStack() as served:
        settings = Settings()
        if arguments.tiny:
            url = served.enter_context(serving(arguments.tiny.resolve()))
            settings = Settings(llm_profiles=json.dumps([TINY | {"base_url": url}]), openai_api_key=None)
        chosen = corpus if arguments.texts is None else corpus[:: -(-len(corpus) // max(1, arguments.texts))]
        sys.stdout.flush()
        seconds = None if arguments.minutes is None else 60 * arguments.minutes
        asking = figures_of_model(settings, chosen, at_once=1 if arguments.tiny else 4, seconds=seconds)
        sys.stdout.write(asyncio.run(asking))


def page(corpus: Sequence[Sample], ways: Mapping[str, Sequence[Result]]) -> str:
    """Return the figures that docs/extraction.md shows."""
    by_name = {sample.name: result for sample, result in ways[READERS]}
    return overview(ways) + "\n### The readers, by text\n\n" + report(corpus, by_name)


def read_by_readers(corpus: Sequence[Sample]) -> list[Result]:
    by_name = scores(corpus, {sample.name: read_offline(sample.text) for sample in corpus})
    return [(sample, by_name[sample.name]) for sample in corpus]


def read_files() -> dict[str, list[Result]]:
    results = [(sample, score(sample.tables, read_file(sample))) for sample in file_samples()]
    ways = {
        name: [(sample, result) for sample, result in results if sample.kind == kind]
        for name, kind in ((FILES, WHOLE), (EXCERPTS, PART))
    }
    return ways | {PAGES: [(sample, score(sample.tables, read_file(sample))) for sample in page_samples()]}


def read_replies(texts: Sequence[Sample]) -> list[Result]:
    """Return the scores of the careless replies of the scripted model."""
    return [
        (sample, score(sample.tables, [plain(table) for tables in read_with_reply(sample, number) for table in tables]))
        for sample in texts
        for number in range(REPLIES)
    ]


def read_written_replies() -> list[Result]:
    """Return the scores of the replies that were written by hand."""
    return [
        (
            sample,
            score(sample.tables, [plain(table) for tables in read_exchange(sample.text, reply) for table in tables]),
        )
        for sample, reply in written_replies()
    ]


def read_answers(texts: Sequence[Sample]) -> list[Result]:
    """Return the scores of a perfect model's structured answers."""
    model, offer = perfect_model(texts)
    by_name = scores(texts, asyncio.run(read_online(model, offer, texts)).tables)
    return [(sample, by_name[sample.name]) for sample in texts]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make eval", description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the figures of the readers in docs/extraction.md")
    parser.add_argument("--tiny", type=Path, metavar="DIR", help="serve the tiny real model that is kept there")
    parser.add_argument("--texts", type=int, metavar="N", help="ask the model for about so many of the texts")
    parser.add_argument("--minutes", type=float, metavar="N", help="ask the model for no longer")
    return parser.parse_args()


async def figures_of_model(
    settings: Settings, corpus: Sequence[Sample], *, at_once: int = 4, seconds: float | None = None
) -> str:
    """Return the same figures of the first model that the settings name; "" when they name none."""
    catalog, model = create_models(settings)
    if model is None:
        return ""
    offer, count = catalog.offers[0], 0

    def note(line: str) -> None:
        nonlocal count
        count += 1
        sys.stderr.write(f"{count}/{len(corpus)} {line}\n")

    try:
        read = await read_online(model, offer, corpus, at_once=at_once, seconds=seconds, note=note)
    finally:
        await model.close()
    return "\n" + model_report(offer, corpus, read)


if __name__ == "__main__":
    main()
