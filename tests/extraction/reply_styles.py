"""Styles of a careless reply: the ways in which chat models spell, order and frame a table."""

import random
import re
from calendar import month_name
from dataclasses import dataclass
from datetime import date

from tests.extraction.scoring import Expected

DECIMAL_COMMA = frozenset({"de", "es", "fr", "it", "nl", "pl", "pt", "ru"})
EMPTY_MARKS = ("N/A", "n/a", "—", "-", "", "Not specified", "*(none)*", "N/A")
FORMS = ("markdown",) * 7 + ("fence", "csv", "json", "html", "spaced")
ALIGNMENTS = ("---", ":---", "---:", ":---:", ":-", "----------")
DATE_FORMS = ("iso", "iso", "long", "short", "numeric")
BREAK = re.compile(r"(?<=[,;]) ")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Style:
    """Habits of one reply."""

    form: str
    language: str
    date_form: str
    empty: str
    alignment: str
    symbol: str
    is_shuffled: bool
    has_index: bool
    has_total: bool
    has_units_in_header: bool
    has_thousands: bool
    has_breaks: bool
    has_emoji: bool
    bold_header: bool
    bold_cells: bool
    drops_zeros: bool
    slips: bool

    @classmethod
    def drawn(cls, random_: random.Random, language: str) -> "Style":
        """Draw a style; every habit is independent of the others."""

        def often(share: float) -> bool:
            return random_.random() < share

        return cls(
            form=random_.choice(FORMS),
            language=language,
            date_form=random_.choice(DATE_FORMS),
            empty=random_.choice(EMPTY_MARKS),
            alignment=random_.choice(ALIGNMENTS),
            symbol=random_.choice(("", "", "", "€", "$", "£", "¥")),
            is_shuffled=often(0.3),
            has_index=often(0.2),
            has_total=often(0.4),
            has_units_in_header=often(0.3),
            has_thousands=often(0.4),
            has_breaks=often(0.2),
            has_emoji=often(0.2),
            bold_header=often(0.4),
            bold_cells=often(0.4),
            drops_zeros=often(0.15),
            slips=often(0.1),
        )

    @property
    def is_markdown(self) -> bool:
        return self.form in ("markdown", "fence", "spaced")

    @property
    def has_decimal_comma(self) -> bool:
        return self.language in DECIMAL_COMMA and self.has_thousands

    def header(self, name: str, *, is_amount: bool) -> str:
        """Return the heading of a column as this reply spells it."""
        text = name or " "
        if is_amount and self.has_units_in_header and self.symbol and "(" not in text:
            text += f" ({self.symbol})"
        if not self.is_markdown:
            return text
        text = text.replace("|", "\\|")
        if self.has_emoji:
            text = f"📌 {text}"
        return f"**{text}**" if self.bold_header and text.strip() else text

    def cell(self, value: str | None, *, is_amount: bool, is_first: bool) -> str:
        """Return a cell as this reply spells it."""
        if value is None:
            return self.empty if self.is_markdown else ""
        text = self._spelled(" ".join(value.split()), is_amount=is_amount)
        if not self.is_markdown:
            return text
        if text in ("true", "false") and self.has_emoji:
            return "✅" if text == "true" else "❌"
        text = text.replace("|", "\\|")
        if self.has_breaks and len(text) > 25:
            text = BREAK.sub("<br>", text, count=1)
        return f"**{text}**" if self.bold_cells and is_first else text

    def _spelled(self, text: str, *, is_amount: bool) -> str:
        if _DATE.fullmatch(text):
            return self._date(date.fromisoformat(text))
        return self._amount(text) if is_amount and _NUMBER.fullmatch(text) else text

    def _date(self, day: date) -> str:
        month = month_name[day.month]
        if self.date_form == "long" and self.language == "en":
            return f"{month} {day.day}, {day.year}"
        if self.date_form == "short" and self.language == "en":
            return f"{day.day} {month[:3]} {day.year}"
        if self.date_form == "numeric" and self.language in DECIMAL_COMMA:
            return day.strftime("%d.%m.%Y" if self.language in ("de", "ru", "pl") else "%d/%m/%Y")
        if self.date_form == "numeric" and self.language in ("zh", "ja"):
            return f"{day.year}年{day.month}月{day.day}日"
        return day.isoformat()

    def _amount(self, text: str) -> str:
        """Return an amount with this reply's symbol, separators and zeros; JSON has none of them."""
        if self.form == "json":
            return text
        whole, _, decimals = text.lstrip("-").partition(".")
        sign = "-" if text.startswith("-") else ""
        if self.drops_zeros:
            decimals = decimals.rstrip("0")
        elif len(decimals) == 1:
            decimals += "0"
        group, mark = (".", ",") if self.has_decimal_comma else (",", ".")
        digits = f"{int(whole):,}".replace(",", group) if self.has_thousands else whole
        number = digits + (mark + decimals if decimals else "")
        if not self.symbol or self.has_units_in_header:
            return sign + number
        return f"{sign}{number} {self.symbol}" if self.language in DECIMAL_COMMA else f"{sign}{self.symbol}{number}"


def amount_columns(table: Expected) -> set[int]:
    """Return the indexes of the columns of numbers of which some have decimals: amounts, and never ids or years."""
    amounts = set()
    for index in range(len(table.columns)):
        values = [value for row in table.rows if (value := row[index]) is not None]
        if values and all(map(_NUMBER.fullmatch, values)) and any("." in value for value in values):
            amounts.add(index)
    return amounts
