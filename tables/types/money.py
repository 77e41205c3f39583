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
    "Rs": ("", "INR", "PKR", "LKR", "NPR"),
    "Rs.": ("", "INR", "PKR", "LKR", "NPR"),
}
_LONGEST = 80
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
    found = list(_SIGN.finditer(text))
    if not 1 <= len(found) <= 2:
        return None
    first, last = found[0], found[-1]
    before, between, after = text[: first.start()], text[first.end() : last.start()], text[last.end() :]
    is_outside = before.strip() in _BEFORE, after.strip() in _AFTER
    codes = _meant(first.group())
    if first is not last:
        codes = tuple(code for code in _meant(last.group()) if code in codes)
    if not codes or not (any if first is last else all)(is_outside):
        return None
    return (before.strip() + between.strip() + after.strip()), codes


def _meant(sign: str) -> tuple[str, ...]:
    """The currencies of a sign; a code in small letters may be a word as well."""
    if known := SIGNS.get(sign):
        return known
    if sign.upper() not in CODES:
        return ()
    return (sign,) if sign.isupper() else ("", sign.upper())
