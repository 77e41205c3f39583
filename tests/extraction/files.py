"""Public files with the tables that a person reads in them: PDFs, workbooks and CSV files."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assistant.reading.extraction import ProposedTable, propose
from integrations.documents.decoding import decoded_whole
from integrations.documents.failures import DocumentRefused
from integrations.documents.reader import DocumentReader
from tests.extraction.scoring import Expected, Sample, shown

FOLDER = Path(__file__).parents[1] / "imports" / "cases" / "files"
PAGES = FOLDER.parent / "pdfs"
PAGE = "page"
WHOLE, PART = "whole", "part"  # of a file's tables, in its answer


def file_samples() -> Iterator[Sample]:
    """Yield the files by name, each with its extracted text; `kind` is WHOLE or PART."""
    for path in sorted(FOLDER.glob("*.expected.json")):
        answers = json.loads(path.read_text(encoding="utf-8"))["tables"]
        file = path.with_name(path.name.removesuffix(".expected.json"))
        tables = tuple(
            Expected(tuple(_plain(c) or "" for c in t["columns"]), tuple(tuple(map(_plain, row)) for row in t["rows"]))
            for t in answers
        )
        kind = WHOLE if all(t["rows_are_complete"] for t in answers) else PART
        yield Sample(file.name, "en", kind, "known", text_of(file), tables)


def page_samples() -> Iterator[Sample]:
    """Yield the PDF files that were made for the tests: printed pages, papers, letters and forms."""
    for path in sorted(PAGES.glob("*.pdf")):
        answers = json.loads(Path(f"{path}.expected.json").read_text(encoding="utf-8"))["tables"]
        tables = tuple(map(_expected, answers))
        yield Sample(path.name, "en", PAGE, "known", text_of(path), tables)


def _expected(answer: dict[str, Any]) -> Expected:
    rows = tuple(tuple(map(_plain, row)) for row in answer["rows"])
    names = answer.get("columns") or [""] * max(map(len, rows))
    width = len(names)
    return Expected(
        tuple(_plain(name) or "" for name in names), tuple((*row, *[None] * (width - len(row))) for row in rows)
    )


def text_of(path: Path) -> str:
    """Return the text of a file, as the server extracts it from an attachment; "" for one that it refuses."""
    with path.open("rb") as file:
        if path.suffix == ".csv":
            return decoded_whole(file)
        try:
            return asyncio.run(DocumentReader().text_of("pdf" if path.suffix == ".pdf" else "text", file))
        except DocumentRefused:
            return ""


def read_file(sample: Sample) -> list[Expected]:
    """Return the tables that the readers find in a file, each cell as it is written there."""
    return [_as_written(table) for table in propose(sample.text)]


def _as_written(table: ProposedTable) -> Expected:
    rows = (tuple(_plain(cell.quote) if cell else None for cell in row) for row in table.rows)
    return Expected(tuple(_plain(column.name) or "" for column in table.columns), tuple(rows))


def _plain(value: object) -> str | None:
    """Return one text for equal cells: the answers drop zeros, currency codes and typographic apostrophes."""
    text = str(value if value is not None else "").replace("\u2019", "'").removesuffix(" USD").removesuffix(".00")
    return shown(text.replace("\\|", "|"))
