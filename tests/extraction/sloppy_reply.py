"""A scripted ordinary model: it answers with the right table in a careless form, and the product reads the exchange.

The style of a reply is drawn by its number: bold, symbols, other separators and dates, columns in another order, a
column of numbers, units in the header, N/A, emoji, line breaks, a row of totals, fences, CSV, JSON or HTML, and remarks
before and after, as chat models write them. A few replies have a wrong amount.
"""

import csv
import html
import io
import json
import random
from decimal import Decimal, InvalidOperation
from uuid import UUID

from assistant.reading.extraction import ProposedTable, Source, propose
from assistant.reading.reply_grounding import PersonTexts
from assistant.reading.reply_merging import merge_reply
from tests.extraction.reply_styles import Style, amount_columns
from tests.extraction.scoring import Expected, Sample

MESSAGE = UUID(int=1)
REPLIES = 4  # of the scripted model to each text, each in its own style
OPENINGS = (
    "Sure! Here is the data as a table:",
    "Here's what I found in your text:",
    "Gerne, hier ist die Tabelle:",
    "Voici le tableau :",
    "### 📊 Summary\n\nBelow is the information you asked for, organized into columns.",
    "Claro, aquí tienes la tabla:\n\n---",
    "<think>\nA table? Draft:\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n</think>\n\nHere is the table:",
    "I went through the text step by step:\n\n1. I looked for the columns.\n2. I read each line.\n\nResult:",
    "",
)
CLOSINGS = (
    "- **{count} rows** were found in your text\n- Empty cells are marked N/A\n- Let me know if you want a chart",
    "Notes:\n\n1. I kept the original spelling.\n2. Please check the amounts.\n3. Anything else?",
    "**Observations**\n\n* Most values are complete.\n* The first row is the most recent one.\n\nWould you like a CSV?",
    "> **Note:** values were copied as they are.\n\nLet me know if anything is missing! 😊",
    "**Key points:**\n\n- **Rows:** {count}\n  - all from your text\n  - none was added\n- **Format:** Markdown\n",
    "*If you want, I can also:*\n\n1. **Sort it** by the first column\n2. **Export it** as CSV\n3. **Add a total**",
    "",
)


def sloppy_reply(sample: Sample, number: int = 0) -> str:
    """Return a reply of the scripted model to a text; the same one at each call with the same number."""
    random_ = random.Random(f"{sample.name} {number}")
    style = Style.drawn(random_, sample.language)
    parts = [random_.choice(OPENINGS)]
    parts += [_table(table, style, random_) for table in sample.tables]
    if not sample.tables:
        parts.append("I see no table in your text. A few remarks:")
    count = sum(len(table.rows) for table in sample.tables)
    parts.append(random_.choice(CLOSINGS).format(count=count))
    return "\n\n".join(parts)


def read_with_reply(sample: Sample, number: int = 0) -> tuple[list[ProposedTable], list[ProposedTable]]:
    """Return the tables that the product proposes: the text's, with what the reply adds, and the reply's own."""
    return read_exchange(sample.text, sloppy_reply(sample, number))


def read_exchange(message: str, reply: str) -> tuple[list[ProposedTable], list[ProposedTable]]:
    """Return the tables that the product proposes of a message and the reply to it."""
    return merge_reply(PersonTexts((Source(MESSAGE),), (message,)), propose(message), propose(reply))


def _table(table: Expected, style: Style, random_: random.Random) -> str:
    order = list(range(len(table.columns)))
    if style.is_shuffled:
        random_.shuffle(order)
    amounts = amount_columns(table)
    header = [style.header(table.columns[n], is_amount=n in amounts) for n in order]
    rows = [
        [style.cell(value, is_amount=n in amounts, is_first=n == 0) for n in order for value in (row[n],)]
        for row in _with_slip(table, style, amounts, random_)
    ]
    totals = _totals(table, amounts, style)
    if style.has_total and totals:
        rows.append([totals[n] for n in order])
    if style.has_index and style.is_markdown:
        header = ["#", *header]
        rows = [[str(n) if n <= len(table.rows) else "", *row] for n, row in enumerate(rows, 1)]
    return _framed(style, header, rows)


def _with_slip(table: Expected, style: Style, amounts: set[int], random_: random.Random) -> list[list[str | None]]:
    """Return the rows, where the style slips with one amount misread."""
    rows = [list(row) for row in table.rows]
    if style.slips and amounts:
        row, column = random_.choice(rows), min(amounts)
        if row[column] is not None:
            row[column] = str(Decimal(row[column] or 0) + 1)
    return rows


def _framed(style: Style, header: list[str], rows: list[list[str]]) -> str:
    if style.form == "csv":
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows([header, *rows])
        return f"```csv\n{buffer.getvalue()}```"
    if style.form == "json":
        objects = [dict(zip(header, row, strict=True)) for row in rows]
        return f"```json\n{json.dumps(objects, ensure_ascii=False, indent=2)}\n```"
    if style.form == "html":
        lines = [_html_row("th", header), *(_html_row("td", row) for row in rows)]
        return "<table>\n" + "\n".join(lines) + "\n</table>"
    separator = " | " if style.form != "spaced" else "   |   "
    lines = ["| " + separator.join(line) + " |" for line in [header, [style.alignment] * len(header), *rows]]
    table = "\n".join(lines)
    return f"```markdown\n{table}\n```" if style.form == "fence" else table


def _html_row(tag: str, cells: list[str]) -> str:
    return "  <tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _totals(table: Expected, amounts: set[int], style: Style) -> list[str] | None:
    """Return a row of totals when a column is of nothing but amounts and the first is not."""
    if len(table.rows) < 3 or 0 in amounts or not amounts or not style.is_markdown:
        return None
    totals: list[str] = []
    for index in range(len(table.columns)):
        total = _sum([row[index] for row in table.rows]) if index in amounts else None
        text = style.cell(str(total), is_amount=True, is_first=False) if total is not None else ""
        totals.append("**Total**" if index == 0 else f"**{text}**" if text else "")
    return totals


def _sum(values: list[str | None]) -> Decimal | None:
    try:
        return sum((Decimal(value) for value in values if value is not None), Decimal(0))
    except InvalidOperation:
        return None
