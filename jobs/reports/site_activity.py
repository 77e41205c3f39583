"""SITE_ACTIVITY: modules and their status, readings, items and conversations of sites."""

from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any

from db.models.modules import ModuleStatus
from db.reports import site_counts
from jobs.reports.subject import Subject
from tables.reports.document import Cell, CellKind, Chart, ChartKind, Document, Figure, Heading, Section, section

MAX_BARS = 25  # sites in a chart
SITE_HEADINGS = [
    Heading("Site"),
    *(Heading(status.value.title(), CellKind.INTEGER) for status in ModuleStatus),
    *(Heading(name, CellKind.INTEGER) for name in ("Readings", "New items", "Open items", "New conversations")),
]
MODULE_HEADINGS = [
    *(Heading(name) for name in ("Site", "Module", "Kind", "Status")),
    Heading("Last seen", CellKind.MOMENT),
    Heading("Readings", CellKind.INTEGER),
]
NOTE = (
    "Status and open items are those of the moment at which the report was made; readings, new items and new "
    "conversations are those of the period. Days and times are in UTC."
)


async def collect_site_activity(subject: Subject) -> Document:
    """Return the document of a SITE_ACTIVITY report, of the sites that its owner may see."""
    sites = {site.id: site.name for site in await subject.rows(site_counts.sites)}
    by_module = {row.key: int(row.number) for row in await subject.rows(site_counts.readings_by_module)}
    modules = await subject.rows(site_counts.modules)
    numbers = await _site_numbers(subject)
    for module in modules:
        numbers[module.site_id]["readings"] += by_module.get(module.id, 0)
    rows = [[name, *_cells(numbers[id_])] for id_, name in sites.items()]
    by_day = {row.key: int(row.number) for row in await subject.rows(site_counts.readings_by_day)}
    total: Counter[str] = Counter()
    for site in numbers.values():
        total.update(site)
    figures = [Figure("Sites", len(sites)), Figure("Modules", sum(total[status] for status in ModuleStatus))]
    figures += [Figure("Active modules", total[ModuleStatus.ACTIVE]), Figure("Readings", sum(by_day.values()))]
    figures += [Figure("New items", total["items"]), Figure("New conversations", total["conversations"])]
    sections = [_sites(rows), _days(subject, by_day), _modules(modules, sites, by_module)]
    return subject.document(f"Sites of {subject.organization.name}", figures, sections, NOTE)


async def _site_numbers(subject: Subject) -> dict[Any, Counter[str]]:
    """Return the numbers of each site, by the id of the site."""
    numbers: dict[Any, Counter[str]] = defaultdict(Counter)
    for row in await subject.rows(site_counts.statuses):
        numbers[row.site_id][ModuleStatus(row.status)] += int(row.number)
    for row in await subject.rows(site_counts.items):
        numbers[row.site_id].update({"items": int(row.number), "open": int(row.open)})
    for row in await subject.rows(site_counts.conversations):
        numbers[row.site_id]["conversations"] += int(row.number)
    return numbers


def _cells(numbers: Counter[str]) -> list[Cell]:
    return [numbers[name] for name in (*ModuleStatus, "readings", "items", "open", "conversations")]


def _sites(rows: list[list[Cell]]) -> Section:
    statuses = Chart("Modules by status", ChartKind.BARS, 0, [1, 2, 3, 4], MAX_BARS)
    readings = Chart("Readings by site", ChartKind.BARS, 0, [5], MAX_BARS)
    work = Chart("New items and conversations", ChartKind.BARS, 0, [6, 8], MAX_BARS)
    return section("Sites", SITE_HEADINGS, rows, statuses, readings, work)


def _days(subject: Subject, by_day: dict[str, int]) -> Section:
    rows: list[list[Cell]] = [[day, by_day.get(day, 0)] for day in subject.days()]
    headings = [Heading("Day", CellKind.DAY), Heading("Readings", CellKind.INTEGER)]
    return section("Readings by day", headings, rows, Chart("Readings by day", ChartKind.COLUMNS, 0, [1]))


def _modules(modules: list[Any], sites: dict[Any, str], by_module: dict[Any, int]) -> Section:
    rows: list[list[Cell]] = [
        [
            sites.get(module.site_id, ""),
            module.name,
            module.kind,
            ModuleStatus(module.status).value,
            _text(module.last_seen_at),
            by_module.get(module.id, 0),
        ]
        for module in modules
    ]
    return section("Modules", MODULE_HEADINGS, rows)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()
