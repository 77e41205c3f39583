"""A scripted ordinary model: it answers with the right table in a careless form, and the product reads the exchange.

It uses bold and symbols, orders columns anew, writes N/A into empty cells, adds a row of totals, and closes with
bullets, as chat models do.
"""

import random
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from uuid import UUID

from assistant.reading.extraction import ProposedTable, Source, propose
from assistant.reading.reply_grounding import Given, merge_reply
from tests.extraction.scoring import Expected, Sample

MESSAGE = UUID(int=1)
OPENINGS = (
    "Sure! Here is the data as a table:",
    "Here's what I found in your text:",
    "Gerne, hier ist die Tabelle:",
    "Voici le tableau :",
)
CLOSINGS = (
    "- **{count} rows** were found in your text\n- Empty cells are marked N/A\n- Let me know if you want a chart",
    "Notes:\n\n1. I kept the original spelling.\n2. Please check the amounts.\n3. Anything else?",
    "**Observations**\n\n* Most values are complete.\n* The first row is the most recent one.\n\nWould you like a CSV?",
)


def sloppy_reply(sample: Sample) -> str:
    """Return the reply of the scripted model to a text; the same one at each call."""
    random_ = random.Random(sample.name)
    parts = [random_.choice(OPENINGS)]
    parts += [_table(table, random_) for table in sample.tables]
    if not sample.tables:
        parts = ["I see no table in your text. A few remarks:"]
    count = sum(len(table.rows) for table in sample.tables)
    parts.append(random_.choice(CLOSINGS).format(count=count))
    return "\n\n".join(parts)


def read_with_reply(sample: Sample) -> list[ProposedTable]:
    """Return the tables that the product proposes for a text and the scripted reply to it."""
    given = Given((Source(MESSAGE),), (sample.text,))
    kept, own = merge_reply(given, propose(sample.text), propose(sloppy_reply(sample)))
    return [*kept, *own]


def _table(table: Expected, random_: random.Random) -> str:
    order = list(range(len(table.columns)))
    if random_.random() < 0.5:
        random_.shuffle(order)
    bold = random_.random() < 0.5
    rows = [[_cell(row[n], bold=bold and n == 0) for n in order] for row in table.rows]
    sums = _sums(table)
    if sums and random_.random() < 0.5:
        rows.append([sums[n] for n in order])
    lines = [[table.columns[n] or " " for n in order], ["---"] * len(order), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(value: str | None, *, bold: bool) -> str:
    if value is None:
        return "N/A"
    text = " ".join(value.split()).replace("|", "\\|")
    return f"**{text}**" if bold else text


def _sums(table: Expected) -> list[str] | None:
    """Return a row of totals when a column is of nothing but numbers and the first is not."""
    if len(table.rows) < 3:
        return None
    columns: Sequence[Sequence[str | None]] = list(zip(*table.rows, strict=True))
    totals = [_sum(values) for values in columns]
    if totals[0] is not None or not any(total is not None for total in totals):
        return None
    return ["**Total**", *("" if total is None else f"**{total}**" for total in totals[1:])]


def _sum(values: Sequence[str | None]) -> Decimal | None:
    try:
        return sum((Decimal(value) for value in values if value is not None), Decimal(0))
    except InvalidOperation:
        return None
