"""Cost of reading pasted texts of full length, beside Python's `csv` over the same characters."""

import csv
import gc
import io
import statistics
import time
from collections.abc import Callable

from assistant.reading.extraction import propose
from tables.readers.spans import MAX_TEXT

ROUNDS = 5
TEXTS = {
    "CSV": "2026-03-{day:02},Taxi to the airport,Travel,81.40\n",
    "Markdown": "| 2026-03-{day:02} | Taxi to the airport | Travel | €81.40 |\n",
    "receipt": "Helmet, blue ........ {day},40 A\n",
    "prose": "On day {day} we took a taxi to the airport, and the driver told us about the weather.\n",
    "blank lines": "\n",
}


def reading() -> None:
    """Print the CPU time of each kind of text of MAX_TEXT characters; the goal is a second."""
    print(f"\nPasted texts of {MAX_TEXT:,} characters, CPU time\n")
    for name, line in TEXTS.items():
        text = "".join(line.format(day=n % 28 + 1) for n in range(MAX_TEXT // len(line) + 1))[:MAX_TEXT]
        pairs = [(_seconds(propose, text), _seconds(_by_csv, text)) for _ in range(ROUNDS)]
        cost, floor = (statistics.median(part) * 1e6 for part in zip(*pairs, strict=True))
        print(f"{name:34} {cost:9.0f} µs   floor {floor:7.0f} µs   {cost / floor:6.1f} ×")


def _by_csv(text: str) -> object:
    return list(csv.reader(io.StringIO(text)))


def _seconds(read: Callable[[str], object], text: str) -> float:
    gc.collect()
    before = time.process_time()
    read(text)
    return time.process_time() - before
