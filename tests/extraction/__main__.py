"""`make eval`: how much of the corpus is found; `--write` keeps the figures of the readers in docs/extraction.md.

With OPENAI_* or LLM_PROFILES set, the model that they name first is asked too, and its figures are shown behind with
what they took: those of the texts that were asked for until Ctrl-C, or for `--minutes 10`. `--tiny DIR` asks the tiny
real model of `make test-llm` instead, and `--texts 20` takes twenty of the texts.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from assembly import create_models
from settings import Settings
from tests.extraction.online import read_online, told
from tests.extraction.report import read_offline, report, scores
from tests.extraction.scoring import Sample, samples
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


def main() -> None:
    asked = _asked()
    corpus = list(samples())
    figures = report(corpus, scores(corpus, {sample.name: read_offline(sample.text) for sample in corpus}))
    sys.stdout.write(figures)
    if asked.write:
        above, _, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
        PAGE.write_text(above + MARK + figures, encoding="utf-8")
    with ExitStack() as served:
        settings = Settings()
        if asked.tiny:
            url = served.enter_context(serving(asked.tiny.resolve()))
            settings = Settings(llm_profiles=json.dumps([TINY | {"base_url": url}]), openai_api_key=None)
        chosen = corpus if asked.texts is None else corpus[:: -(-len(corpus) // max(1, asked.texts))]
        sys.stdout.flush()
        seconds = None if asked.minutes is None else 60 * asked.minutes
        given = figures_of_model(settings, chosen, at_once=1 if asked.tiny else 4, seconds=seconds)
        sys.stdout.write(asyncio.run(given))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make eval", description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the figures of the readers in docs/extraction.md")
    parser.add_argument("--tiny", type=Path, metavar="DIR", help="serve the tiny real model that is kept there")
    parser.add_argument("--texts", type=int, metavar="N", help="ask the model for about so many of the texts")
    parser.add_argument("--minutes", type=float, metavar="N", help="ask the model for no longer")
    return parser.parse_args()


async def figures_of_model(
    settings: Settings, corpus: Sequence[Sample], *, at_once: int = 4, seconds: float | None = None
) -> str:
    """The same figures of the first model that the settings name; "" when they name none."""
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
    return "\n" + told(offer, corpus, read)


if __name__ == "__main__":
    main()
