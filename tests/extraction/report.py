"""Figures of extraction as Markdown: four ways in one table, then the readers by language and kind."""

from collections.abc import Mapping, Sequence

from assistant.reading.extraction import ProposedTable, propose
from tests.extraction.files import PART
from tests.extraction.scoring import GROUPS, HELD_OUT, Expected, Sample, Score, score, shown

_HEAD = "| {} | Texts | Precision | Recall | Names of columns |\n| --- | ---: | ---: | ---: | ---: |\n"


_OVERVIEW = (
    "| Read by | Texts | Cells | Precision | Recall | Names of columns |\n| --- | ---: | ---: | ---: | ---: | ---: |\n"
)
_WITHOUT = "| Texts without a table, read by | Texts | Tables made |\n| --- | ---: | ---: |\n"

Result = tuple[Sample, Score]


def overview(ways: Mapping[str, Sequence[Result]]) -> str:
    """Return one table: each way of reading, tuned and held-out texts apart; then tables made of texts without one."""
    groups = [
        (
            f"{way}, {'held out' if is_held_out else 'tuned'}",
            [r for r in results if (r[0].group == HELD_OUT) is is_held_out],
        )
        for way, results in ways.items()
        for is_held_out in (False, True)
    ]
    lines = [_overview_line(name, chosen) for name, group in groups if (chosen := [r for r in group if r[0].tables])]
    empty = [(name, scores) for name, group in groups if (scores := [score for s, score in group if not s.tables])]
    result = [
        f"| {name} | {len(scores)} | {sum(score.read_count > 0 for score in scores)} |\n" for name, scores in empty
    ]
    return "".join([_OVERVIEW, *lines, "\n", _WITHOUT, *result])


def _overview_line(name: str, results: Sequence[Result]) -> str:
    total = sum((score for _, score in results), Score())
    names = f"{total.names_right}/{total.names_expected}"
    # The cells that an answer in part leaves out may be right or wrong.
    precision = "" if any(sample.kind == PART for sample, _ in results) else f"{total.precision:.3f}"
    return f"| {name} | {len(results)} | {total.expected:,} | {precision} | {total.recall:.3f} | {names} |\n"


def read_offline(text: str) -> list[Expected]:
    """Return the tables that the readers find without a model."""
    return [plain(table) for table in propose(text)]


def plain(table: ProposedTable) -> Expected:
    rows = (tuple(shown(cell.value) if cell else None for cell in row) for row in table.rows)
    return Expected(tuple(column.name for column in table.columns), tuple(rows))


def scores(samples: Sequence[Sample], result: Mapping[str, Sequence[Expected]]) -> dict[str, Score]:
    """Return the scores by the sample's name; `found` has the same keys."""
    return {sample.name: score(sample.tables, result[sample.name]) for sample in samples}


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
