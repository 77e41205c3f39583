"""Currencies: ISO 4217 codes, their signs, and amounts that carry one of them."""

import re

from tables.types.numbers import simplify

_ISO_4217 = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF
CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD
HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD
LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK
PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS
TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG
"""
CODES = frozenset(_ISO_4217.split())

# A sign stands for its codes; the first is what it means when nothing else is said. An empty first one says
# that nobody can know: such a sign is read in a column of one of its currencies but settles nothing itself.
SIGNS: dict[str, tuple[str, ...]] = {
    "€": ("EUR",),
    "£": ("GBP", "EGP", "LBP", "SYP"),
    "$": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP"),
    "US$": ("USD",),
    "C$": ("CAD",),
    "CA$": ("CAD",),
    "A$": ("AUD",),
    "AU$": ("AUD",),
    "NZ$": ("NZD",),
    "HK$": ("HKD",),
    "S$": ("SGD",),
    "R$": ("BRL",),
    "¥": ("", "JPY", "CNY"),
    "￥": ("", "JPY", "CNY"),
    "円": ("JPY",),
    "元": ("CNY",),
    "₹": ("INR",),
    "₩": ("KRW",),
    "₽": ("RUB",),
    "₺": ("TRY",),
    "₴": ("UAH",),
    "₪": ("ILS",),
    "₫": ("VND",),
    "฿": ("THB",),
    "₱": ("PHP",),
    "₦": ("NGN",),
    "₸": ("KZT",),
    "₾": ("GEL",),
    "zł": ("PLN",),
    "Kč": ("CZK",),
    "Ft": ("HUF",),
    "Fr.": ("CHF",),
    "SFr.": ("CHF",),
    "Euro": ("EUR",),
    "Euros": ("EUR",),
    "euro": ("EUR",),
    "euros": ("EUR",),
    "RMB": ("CNY",),
    "MX$": ("MXN",),
    "NT$": ("TWD",),
    "Rp": ("IDR",),
    "RM": ("MYR",),
    "₡": ("CRC",),
    "₲": ("PYG",),
    "₵": ("GHS",),
    "৳": ("BDT",),
    "₮": ("MNT",),
    "₼": ("AZN",),
    "₭": ("LAK",),
    "֏": ("AMD",),
    "kr": ("", "SEK", "NOK", "DKK", "ISK"),
    "kr.": ("", "SEK", "NOK", "DKK", "ISK"),
    "ريال": ("", "SAR", "QAR", "OMR", "YER"),
    "ر.س": ("SAR",),
    "ر.ق": ("QAR",),
    "درهم": ("", "AED", "MAD"),
    "د.إ": ("AED",),
    "دينار": ("", "KWD", "JOD", "BHD", "TND", "DZD", "IQD"),
    "د.ك": ("KWD",),
    "جنيه": ("", "EGP", "SDG"),
    "ج.م": ("EGP",),
    "ليرة": ("", "SYP", "LBP", "TRY"),
    "دولار": ("USD",),
    "يورو": ("EUR",),
    "руб": ("RUB",),
    "руб.": ("RUB",),
    "грн": ("UAH",),
    "грн.": ("UAH",),
    "원": ("KRW",),
    "Rs": ("", "INR", "PKR", "LKR", "NPR"),
    "Rs.": ("", "INR", "PKR", "LKR", "NPR"),
}
_LONGEST = 80
_SHORT_SCALES = {"B": "bn", "b": "bn", "m": "mn", "M": "mn"}
_BEFORE, _AFTER = frozenset(["", "-", "+", "("]), frozenset(["", "-", ")"])
_SIGN = re.compile(
    r"(?<![A-Za-z])(?:"
    + "|".join(re.escape(sign) for sign in sorted(SIGNS, key=len, reverse=True))
    + r"|[A-Za-z]{3})(?![A-Za-z])"
)


def split_currency(text: str) -> tuple[str, tuple[str, ...]] | None:
    """Take the sign or code before or after an amount, or both: "- 5,00 €" is ("- 5,00", ("EUR",)).

    The codes are those that the sign can mean, the likeliest first. None: no known sign, or two that contradict
    each other, or a sign inside the number.
    """
    if len(text) > _LONGEST:
        return None
    text = simplify(text)
    match = list(_SIGN.finditer(text))
    if not 1 <= len(match) <= 2:
        return None
    first, last = match[0], match[-1]
    before, between, after = text[: first.start()], text[first.end() : last.start()], text[last.end() :]
    is_outside = before.strip() in _BEFORE, after.strip() in _AFTER
    codes = _meant(first.group())
    if first is not last:
        codes = tuple(code for code in _meant(last.group()) if code in codes)
    if not codes or not (any if first is last else all)(is_outside):
        return None
    return _written_out(before.strip() + between.strip() + after.strip()), codes


def _written_out(amount: str) -> str:
    """Return "1.25bn" for "1.25B" and "5mn" for "5m": beside a currency these letters are neither a tax nor metres."""
    if amount[-1:] in _SHORT_SCALES and amount[-2:-1].isdecimal():
        return amount[:-1] + _SHORT_SCALES[amount[-1]]
    return amount


_MAX_CONTEXT = 20_000


def is_no_amount(amount: str, text: str) -> bool:
    """Return True for the dash of `$ -` and `- €`, the way spreadsheets show nothing; `-€` is half an amount."""
    return amount in {"-", "--"} and (" " in text.strip() or text.rstrip()[-1:] in "-–—")


_SHARED_SIGNS = (
    ("JPY", "CNY"),
    ("SEK", "NOK", "DKK", "ISK"),
    ("SAR", "QAR", "OMR", "YER"),
    ("AED", "MAD"),
    ("EGP", "SDG"),
    ("KWD", "JOD", "BHD", "TND", "DZD", "IQD"),
    ("SYP", "LBP", "TRY"),
)
_TOLD = {
    "JPY": re.compile(r"JPY|\byen\b|[円ぁ-ゖァ-ヺ]", re.IGNORECASE),
    "CNY": re.compile(r"CNY|RMB|\byuan\b|人民币|元|[们这说为国张发价总额单货东车]", re.IGNORECASE),
    "ISK": re.compile(r"\bISK\b|[þð]|ísl|Reykjav", re.IGNORECASE),
    "NOK": re.compile(
        r"\bNOK\b|\b(?:ikke|uke|varer?|beløp|antall|kjøp|norsk\w*|norge|oslo|bergen|mva)\b", re.IGNORECASE
    ),
    "DKK": re.compile(r"\bDKK\b|\b(?:uge|beløb|antal|køb|dansk\w*|danmark|københavn|moms|æble\w*)\b", re.IGNORECASE),
    "SEK": re.compile(r"\bSEK\b|[äö]|\b(?:och|belopp|svensk\w*|sverige|stockholm|moms|summa)\b", re.IGNORECASE),
}


def shared_sign(codes: tuple[str, ...], context: str, *, has_cents: bool) -> str | None:
    """Return the currency that a shared sign (¥, kr) means by the text around it, or the likeliest one.

    Return None for signs that tell nothing: `Rs` and codes in small letters.
    """
    for family in _SHARED_SIGNS:
        if set(codes[1:]) == set(family):
            candidates = [code for code in ("ISK", "SEK", "NOK", "DKK", "JPY", "CNY") if code in family]
            hits = {code: len(_TOLD[code].findall(context, 0, _MAX_CONTEXT)) for code in candidates}
            if any(hits.values()):
                return max(hits, key=lambda code: hits[code])
            return "CNY" if has_cents and "CNY" in family else family[0]
    return None


def _meant(sign: str) -> tuple[str, ...]:
    """Return the currencies of a sign; a code in small letters may be a word as well."""
    if known := SIGNS.get(sign):
        return known
    if sign.upper() not in CODES:
        return ()
    return (sign,) if sign.isupper() else ("", sign.upper())
