"""`make eval`: how much of the corpus is found; `--write` keeps the figures in docs/extraction.md.

With OPENAI_* or LLM_PROFILES set, the model that they name first is asked too, and its figures are shown behind.
"""

import asyncio
import sys
from pathlib import Path

from app import models_of
from settings import Settings
from tests.extraction.online import read_online
from tests.extraction.report import read_offline, report, scores
from tests.extraction.scoring import samples

PAGE = Path(__file__).parents[2] / "docs" / "extraction.md"
MARK = "<!-- make eval -->\n"


def main() -> None:
    corpus = list(samples())
    figures = report(corpus, scores(corpus, {sample.name: read_offline(sample.text) for sample in corpus}))
    sys.stdout.write(figures)
    if "--write" in sys.argv:
        above, _, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
        PAGE.write_text(above + MARK + figures, encoding="utf-8")
    sys.stdout.write(asyncio.run(figures_of_model(Settings())))


async def figures_of_model(settings: Settings) -> str:
    """The same figures of the first model that the settings name; "" when they name none."""
    catalog, model = models_of(settings)
    if model is None:
        return ""
    corpus, name = list(samples()), catalog.names[0]
    try:
        found = await read_online(model, name, corpus)
    finally:
        await model.close()
    return f"\n{name}:\n\n" + report(corpus, scores(corpus, found))


if __name__ == "__main__":
    main()
