"""Numbers as people write them: signs, thousands separators, decimal comma or decimal point."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

MAX_DIGITS = 38
_LONGEST = 64
_THOUSAND = 3  # digits behind a mark that may stand for thousands

_SIMPLER = str.maketrans(
    "＋－−–—‐‑﹣，٬．٫％٪﹪（）／：＄￡￦\u00a0\u202f\u2007\u2009\u3000’‘＇ʼ",
    "+-------,,..%%%()/:$£₩     ''''",
)
# Marks of joining and of writing direction, which come along when people copy.
_UNSEEN = re.compile("[\u00ad\u061c\u200b-\u200f\u2060\u2066-\u2069\ufe0f\ufeff]")
_CERTAIN = re.compile(r"(?:0|[1-9]\d*)(?:\.(\d+))?", re.ASCII)
_EITHER = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_GROUPED = re.compile(r"([1-9]\d{0,2}([.,' ])\d{3}(?:\2\d{3})*)(?:((?!\2)[.,])(\d+))?", re.ASCII)
_INDIAN = re.compile(r"([1-9]\d?((?:,)\d\d)+,\d{3})(?:(\.)(\d+))?", re.ASCII)
_PLAIN = re.compile(r"(\d*)()(?:([.,])(\d+))?", re.ASCII)
_CANONICAL = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?", re.ASCII)
_EXPONENT = re.compile(r"(?:\d+|\d*([.,])\d+)[eE][-+]?\d{1,3}", re.ASCII)
# "12,50 A" names the tax on a receipt; "1.2M" counts millions, "1.25B" only where a currency stands before it.
_TAXED = re.compile(r"(\d[\d.,' ]*[.,]\d\d)(?: ?[A-H]\*?| [A-Z])", re.ASCII)
_SCALES = (
    dict.fromkeys(["k", "thousand", "tsd", "tsd.", "тыс", "тыс."], 3)
    | dict.fromkeys(["万", "萬", "만"], 4)
    | dict.fromkeys(["m", "mn", "mio", "mio.", "mln", "million", "millions", "млн", "млн."], 6)
    | dict.fromkeys(["亿", "億", "억"], 8)
    | dict.fromkeys(["b", "bn", "mrd", "mrd.", "mld", "billion", "billions", "млрд", "млрд."], 9)
)
_SCALE = "|".join(sorted(map(re.escape, _SCALES), key=len, reverse=True))
_SCALED = re.compile(rf"(\d[\d.,']*)(?:(?=[kKMB]\Z)| ?(?![kKmMbB]\Z))({_SCALE})", re.IGNORECASE)
_NO_CENTS = re.compile(r"(.*\d)([.,])\s?--?")
_PERCENT = re.compile(r"(\(?[-+]?)\s*%\s*([^%]+)|([^%]+?)\s*%\s*(\)?)")
_PERCENT_WORD = re.compile(
    r"(?<=[\d\s])(?:per ?cent|pct\.?|prozent|v\. ?h\.|pour ?cents?|por ?ciento)|^百分之", re.IGNORECASE
)


@dataclass(frozen=True)
class Number:
    """`plain` is the canonical string, "-1234.50".

    `evidence` is the decimal mark that the text gives away: "1.234.567" and "1,5" say ",", "1,234.5" says
    ".", "1234" says nothing (None), and "1.234" can be read both ways ("?").
    """

    plain: str
    evidence: Literal[".", ",", "?"] | None


def visible(text: str) -> str:
    """Return the text without outer space and invisible characters."""
    return (text if text.isascii() else _UNSEEN.sub("", text)).strip()


def simplify(text: str) -> str:
    """Replace digits of every script, typographic signs and spaces by ASCII.

    Drop outer space and invisible characters.
    """
    text = visible(text)
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(letter, letter)) for letter in text.translate(_SIMPLER)).strip()


def read_number(text: str, mark: str = ".") -> Number | None:
    """Read one number; `mark` ("." or ",") decides only what can be read both ways. None: not a number."""
    if len(text) > _LONGEST:
        return None
    text = simplify(text)
    sign = ""
    if text.startswith("(") and text.endswith(")"):
        sign, text = "-", text[1:-1].strip()
    elif text[:1] in {"-", "+"}:
        sign, text = text[:1], text[1:].strip()
    elif text[-1:] == "-" and text[-2:-1].isdecimal():
        sign, text = "-", text[:-1]
    unsigned = _read_unsigned(text, mark)
    if unsigned is None:
        return None
    return Number(canonical(sign.replace("+", "") + unsigned.plain), unsigned.evidence)


def _read_unsigned(text: str, mark: str) -> Number | None:
    certain = _CERTAIN.fullmatch(text)
    if certain and (certain[1] is None or len(certain[1]) != _THOUSAND):  # most are such
        return Number(text, "." if certain[1] else None)
    if _EITHER.fullmatch(text):
        whole, separator, rest = text[:-4], text[-4], text[-3:]
        return Number(f"{whole}.{rest}" if separator == mark else whole + rest, "?")
    match = _GROUPED.fullmatch(text) or _INDIAN.fullmatch(text) or _PLAIN.fullmatch(text)
    if match is None or not text:
        return _read_special(text, mark)
    whole, separator, decimal_mark, fraction = match.groups()
    digits = "".join(filter(str.isdigit, whole)) or "0"
    return Number(f"{digits}.{fraction}" if fraction else digits, _evidence(separator, decimal_mark))


def _read_special(text: str, mark: str) -> Number | None:
    """Read amounts without cents, "1'250.–" and "5,-", with a tax letter, "1.2M", and numbers with an exponent."""
    if match := _NO_CENTS.fullmatch(text):
        whole, decimal_mark = match.groups()
        read = None if decimal_mark in whole else _read_unsigned(whole, decimal_mark)
        return Number(read.plain, _evidence(decimal_mark, decimal_mark)) if read else None
    if match := _EXPONENT.fullmatch(text):
        exact = plain_number(Decimal(text.replace(",", ".")))
        return Number(exact, _evidence("", match[1])) if exact else None
    if match := _TAXED.fullmatch(text):
        return _read_unsigned(match[1], mark)
    match = _SCALED.fullmatch(text)
    scaled = _read_unsigned(match[1], mark) if match else None
    if match is None or scaled is None:
        return None
    exact = plain_number(Decimal(scaled.plain).scaleb(_SCALES[match[2].casefold()]))
    return Number(exact.rstrip("0").rstrip(".") if "." in exact else exact, scaled.evidence) if exact else None


def _evidence(separator: str, decimal_mark: str | None) -> Literal[".", ","] | None:
    if decimal_mark:
        return "," if decimal_mark == "," else "."
    if separator == ".":
        return ","
    return "." if separator[:1] == "," else None


def without_percent(text: str) -> str | None:
    """Return the number beside the one percent sign or word; None when there is none."""
    if len(text) > _LONGEST:
        return None
    text = simplify(text)
    match = _PERCENT.fullmatch(text if "%" in text else _PERCENT_WORD.sub("%", text))
    return "".join(part or "" for part in match.groups()) if match else None


def is_canonical(text: str) -> bool:
    """Return True for a plain decimal string without exponent, such as "-1234.50"."""
    return len(text) <= _LONGEST and _CANONICAL.fullmatch(text) is not None


def canonical(plain: str) -> str:
    """Drop leading zeros and the sign of zero; keep trailing zeros as they were written."""
    sign, digits = ("-", plain[1:]) if plain.startswith("-") else ("", plain)
    whole, point, fraction = digits.partition(".")
    shortened = (whole.lstrip("0") or "0") + point + fraction
    return shortened if not shortened.strip("0.") else sign + shortened


def plain_number(number: int | float | Decimal) -> str | None:
    """Return a JSON number as a canonical string; None when it is not finite or longer than `MAX_DIGITS`."""
    exact = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    if not exact.is_finite() or abs(exact.adjusted()) > MAX_DIGITS:
        return None
    plain = canonical(format(exact, "f"))
    return plain if count_digits(plain) <= MAX_DIGITS else None


def count_digits(plain: str) -> int:
    """Digits of a canonical string, without zeros in front."""
    return len(plain.replace(".", "").lstrip("-0"))
