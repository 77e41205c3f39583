"""Workbook of a report: a summary with figures and charts, and a sheet for each table."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Any

from tables.reports.document import Cell, CellKind, Chart, ChartKind, Document, Heading, Section
from tables.reports.look import ACCENT, LINE, PAPER, SERIES
from tables.writers.xlsx import safe_sheet_name

SUMMARY = "Summary"
CHART_ROWS, CHART_WIDTH, CHART_HEIGHT = 17, 760, 320
NARROWEST, WIDEST, SAMPLE = 10, 48, 200
NUMBER_FORMATS = {
    CellKind.INTEGER: "#,##0",
    CellKind.NUMBER: "#,##0.######",
    CellKind.MONEY: "#,##0.00####",
    CellKind.DAY: "yyyy-mm-dd",
    CellKind.MOMENT: "yyyy-mm-dd hh:mm",
}


def render_workbook(document: Document) -> bytes:
    """Return the workbook as XLSX."""
    from xlsxwriter.workbook import Workbook  # type: ignore[import-untyped]  # it ships no types

    target = BytesIO()
    # Text that starts like a formula or an address stays text.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    workbook = Workbook(target, options)
    workbook.set_properties({"title": document.title, "author": "SheetGPT"})
    writer = _Writer(workbook)
    summary = workbook.add_worksheet(SUMMARY)
    names = list(_sheet_names(document.sections))
    for section, name in zip(document.sections, names, strict=True):
        writer.write_section(workbook.add_worksheet(name), section)
    writer.write_summary(summary, document, names)
    workbook.close()
    return target.getvalue()


def _sheet_names(sections: Sequence[Section]) -> Iterator[str]:
    used = {SUMMARY.casefold()}
    for section in sections:
        names = (section.title, *(f"{number} {section.title}" for number in range(2, len(sections) + 3)))
        name = next(name for name in map(safe_sheet_name, names) if name.casefold() not in used)
        used.add(name.casefold())
        yield name


class _Writer:
    """Writer of sheets in one workbook, with a format for each kind of cell."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        self._formats = {kind: workbook.add_format({"num_format": text}) for kind, text in NUMBER_FORMATS.items()}
        self._header = workbook.add_format({"bold": True, "bg_color": PAPER, "bottom": 1, "bottom_color": LINE})
        self._title = workbook.add_format({"bold": True, "font_size": 16, "font_color": ACCENT})
        self._label = workbook.add_format({"bold": True})

    def write_section(self, sheet: Any, section: Section) -> None:
        """Write a table with a frozen header and a filter."""
        for index, heading in enumerate(section.headings):
            sheet.set_column(index, index, _width(section, index))
            sheet.write_string(0, index, heading.name, self._header)
        for number, row in enumerate(section.rows, 1):
            for index, (cell, heading) in enumerate(zip(row, section.headings, strict=True)):
                self._write(sheet, number, index, cell, heading)
        if section.omitted:
            sheet.write_string(len(section.rows) + 1, 0, f"{section.omitted:,} more rows are not listed.")
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(section.rows), 1), len(section.headings) - 1)
        sheet.fit_to_pages(1, 0)

    def write_summary(self, sheet: Any, document: Document, names: Sequence[str]) -> None:
        """Write title, period, figures, and below them every chart."""
        sheet.set_column(0, 0, 28)
        sheet.set_column(1, 1, 20)
        sheet.write_string(0, 0, document.title, self._title)
        sheet.write_string(1, 0, document.organization)
        for line, (label, moment) in enumerate((("From", document.starts_at), ("To", document.ends_at)), 2):
            sheet.write_string(line, 0, f"{label} (UTC)", self._label)
            self._write(sheet, line, 1, moment, Heading(label, CellKind.MOMENT))
        line = 5
        for line, figure in enumerate(document.figures, 5):
            unit = f" ({document.currency})" if figure.kind is CellKind.MONEY and document.currency else ""
            sheet.write_string(line, 0, f"{figure.label}{unit}", self._label)
            self._write(sheet, line, 1, figure.value, Heading(figure.label, figure.kind))
        if document.note:
            sheet.write_string(line + 1, 0, document.note)
        line += 3
        for section, name in zip(document.sections, names, strict=True):
            for chart in section.charts:
                sheet.insert_chart(line, 0, self._chart(section, chart, name))
                line += CHART_ROWS
        sheet.hide_gridlines(2)

    def _chart(self, section: Section, chart: Chart, sheet_name: str) -> Any:
        is_bar = chart.kind is ChartKind.BARS
        drawn = self._workbook.add_chart({"type": "bar" if is_bar else "column", "subtype": "stacked"})
        last = min(len(section.rows), chart.limit)
        for number, index in enumerate(chart.values):
            drawn.add_series(
                {
                    "name": [sheet_name, 0, index],
                    "categories": [sheet_name, 1, chart.label, last, chart.label],
                    "values": [sheet_name, 1, index, last, index],
                    "fill": {"color": SERIES[number % len(SERIES)]},
                    "gap": 40,
                }
            )
        drawn.set_title({"name": chart.title, "name_font": {"size": 12}, "overlay": False})
        drawn.set_size({"width": CHART_WIDTH, "height": CHART_HEIGHT})
        drawn.set_legend({"none": True} if len(chart.values) == 1 else {"position": "bottom"})
        # The first bar stands at the top, as in the table.
        (drawn.set_y_axis if is_bar else drawn.set_x_axis)({"reverse": is_bar, "num_font": {"size": 9}})
        return drawn

    def _write(self, sheet: Any, line: int, index: int, cell: Cell, heading: Heading) -> None:
        """Write a cell with its type; money is a number, which has 15 digits in a workbook."""
        if cell is None:
            return
        style = self._formats.get(heading.kind)
        if heading.kind is CellKind.TEXT:
            sheet.write_string(line, index, str(cell)[:32_767])
        elif heading.kind is CellKind.DAY:
            sheet.write_datetime(line, index, date.fromisoformat(str(cell)), style)
        elif heading.kind is CellKind.MOMENT:
            sheet.write_datetime(line, index, datetime.fromisoformat(str(cell)).replace(tzinfo=None), style)
        else:
            sheet.write_number(line, index, float(cell), style)


def _width(section: Section, index: int) -> int:
    texts = [section.headings[index].name, *(str(row[index] or "") for row in section.rows[:SAMPLE])]
    return min(max(max(map(len, texts)) + 2, NARROWEST), WIDEST)
