"""`make eval`: how much of the corpus is found; `--write` keeps the figures in docs/extraction.md."""

import sys
from pathlib import Path

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


if __name__ == "__main__":
    main()
