"""The page that says how much is found, by text and in sum."""

from collections.abc import Mapping, Sequence

from assistant.reading.extraction import ProposedTable, propose
from tests.extraction.scoring import GROUPS, HELD_OUT, Expected, Sample, Score, score, shown

_HEAD = "| {} | Texts | Precision | Recall | Names of columns |\n| --- | ---: | ---: | ---: | ---: |\n"


def read_offline(text: str) -> list[Expected]:
    """Return the tables that the readers find without a model."""
    return [plain(table) for table in propose(text)]


def plain(table: ProposedTable) -> Expected:
    rows = (tuple(shown(cell.value) if cell else None for cell in row) for row in table.rows)
    return Expected(tuple(column.name for column in table.columns), tuple(rows))


def scores(samples: Sequence[Sample], found: Mapping[str, Sequence[Expected]]) -> dict[str, Score]:
    """Return the scores by the sample's name; `found` has the same keys."""
    return {sample.name: score(sample.tables, found[sample.name]) for sample in samples}


def report(samples: Sequence[Sample], by_name: Mapping[str, Score]) -> str:
    """Markdown: sums, then by language, by kind, and each text that is not read in full."""
    groups: list[tuple[str, list[tuple[str, Sequence[Sample]]]]] = [
        ("", [("all", samples), *((name, [s for s in samples if s.group == name]) for name in GROUPS)]),
        ("Language", _grouped(samples, [s.language for s in samples])),
        ("Kind", _grouped(samples, [s.kind for s in samples])),
        ("Not read in full", [(s.name, [s]) for s in samples if _is_missed(s, by_name[s.name])]),
    ]
    return "\n".join(
        _HEAD.format(title) + "".join(_line(name, members, by_name) for name, members in rows) for title, rows in groups
    )


def _is_missed(sample: Sample, result: Score) -> bool:
    """Return True for a text that is not read in full; held-out texts stay unnamed."""
    return sample.group != HELD_OUT and result.right < result.expected


def _grouped(samples: Sequence[Sample], keys: Sequence[str]) -> list[tuple[str, Sequence[Sample]]]:
    return [(key, [s for s, k in zip(samples, keys, strict=True) if k == key]) for key in sorted(set(keys))]


def total(samples: Sequence[Sample], by_name: Mapping[str, Score]) -> Score:
    return sum((by_name[sample.name] for sample in samples), Score())


def _line(name: str, members: Sequence[Sample], by_name: Mapping[str, Score]) -> str:
    result = total(members, by_name)
    names = f"{result.names_right}/{result.names_expected}"
    return f"| {name} | {len(members)} | {result.precision:.3f} | {result.recall:.3f} | {names} |\n"
