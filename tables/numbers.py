"""Numbers as people write them: signs, thousands separators, decimal comma or decimal point."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

MAX_DIGITS = 38
_LONGEST = 64

_SIMPLER = str.maketrans(
    "０１２３４５６７８９＋－−–，．％（）\u00a0\u202f\u2009’",
    "0123456789+---,.%()   '",
)
_EITHER = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_GROUPED = re.compile(r"([1-9]\d{0,2}([.,' ])\d{3}(?:\2\d{3})*)(?:((?!\2)[.,])(\d+))?", re.ASCII)
_INDIAN = re.compile(r"([1-9]\d?((?:,)\d\d)+,\d{3})(?:(\.)(\d+))?", re.ASCII)
_PLAIN = re.compile(r"(\d*)()(?:([.,])(\d+))?", re.ASCII)
_CANONICAL = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?", re.ASCII)
_PERCENT = re.compile(r"(\(?[-+]?)\s*%\s*([^%]+)|([^%]+?)\s*%\s*(\)?)")


@dataclass(frozen=True)
class Number:
    """`plain` is the canonical string, "-1234.50".

    `evidence` is the decimal mark that the text gives away: "1.234.567" and "1,5" say ",", "1,234.5" says
    ".", "1234" says nothing (None), and "1.234" can be read both ways ("?").
    """

    plain: str
    evidence: Literal[".", ",", "?"] | None


def simplify(text: str) -> str:
    """Full-width and typographic digits, signs and spaces as their ASCII twins, outer space removed."""
    return text.translate(_SIMPLER).strip()


def read_number(text: str, mark: str = ".") -> Number | None:
    """Read one number; `mark` ("." or ",") decides only what can be read both ways. None: not a number."""
    if len(text) > _LONGEST:
        return None
    text = simplify(text)
    sign = ""
    if text.startswith("(") and text.endswith(")"):
        sign, text = "-", text[1:-1].strip()
    elif text[:1] in {"-", "+"}:
        sign, text = text[:1], text[1:]
    unsigned = _read_unsigned(text, mark)
    if unsigned is None:
        return None
    return Number(canonical(sign.replace("+", "") + unsigned.plain), unsigned.evidence)


def _read_unsigned(text: str, mark: str) -> Number | None:
    if _EITHER.fullmatch(text):
        whole, separator, rest = text[:-4], text[-4], text[-3:]
        return Number(f"{whole}.{rest}" if separator == mark else whole + rest, "?")
    found = _GROUPED.fullmatch(text) or _INDIAN.fullmatch(text) or _PLAIN.fullmatch(text)
    if found is None or not text:
        return None
    whole, separator, shown, fraction = found.groups()
    digits = "".join(filter(str.isdigit, whole)) or "0"
    return Number(f"{digits}.{fraction}" if fraction else digits, _evidence(separator, shown))


def _evidence(separator: str, shown: str | None) -> Literal[".", ","] | None:
    if shown:
        return "," if shown == "," else "."
    if separator == ".":
        return ","
    return "." if separator[:1] == "," else None


def without_percent(text: str) -> str | None:
    """The number beside the one percent sign; None when there is no such sign."""
    found = _PERCENT.fullmatch(simplify(text)) if len(text) <= _LONGEST else None
    return "".join(part or "" for part in found.groups()) if found else None


def is_canonical(text: str) -> bool:
    """Whether the text is a plain decimal string without exponent, such as "-1234.50"."""
    return len(text) <= _LONGEST and _CANONICAL.fullmatch(text) is not None


def canonical(plain: str) -> str:
    """Drop leading zeros and the sign of zero; keep trailing zeros as they were written."""
    sign, digits = ("-", plain[1:]) if plain.startswith("-") else ("", plain)
    whole, point, fraction = digits.partition(".")
    shortened = (whole.lstrip("0") or "0") + point + fraction
    return shortened if not shortened.strip("0.") else sign + shortened


def plain_number(number: int | float | Decimal) -> str | None:
    """A JSON number as a canonical string; None when it is not finite or longer than `MAX_DIGITS`."""
    exact = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    if not exact.is_finite() or abs(exact.adjusted()) > MAX_DIGITS:
        return None
    plain = canonical(format(exact, "f"))
    return plain if count_digits(plain) <= MAX_DIGITS else None


def count_digits(plain: str) -> int:
    """Digits of a canonical string, without zeros in front."""
    return len(plain.replace(".", "").lstrip("-0"))
