"""Currencies: ISO 4217 codes, their signs, and amounts that carry one of them."""

import re

from tables.numbers import simplify

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
    "kr": ("", "SEK", "NOK", "DKK", "ISK"),
    "kr.": ("", "SEK", "NOK", "DKK", "ISK"),
    "Rs": ("", "INR", "PKR", "LKR", "NPR"),
    "Rs.": ("", "INR", "PKR", "LKR", "NPR"),
}
_LONGEST = 80
_SIGN = re.compile(
    r"(?<![A-Za-z])(?:"
    + "|".join(re.escape(sign) for sign in sorted(SIGNS, key=len, reverse=True))
    + r"|[A-Z]{3})(?![A-Za-z])"
)


def split_currency(text: str) -> tuple[str, tuple[str, ...]] | None:
    """Take the one sign or code before or after an amount: "- 5,00 €" is ("-5,00", ("EUR",)).

    The codes are those that the sign can mean, the likeliest first. None: no known sign, or more than one, or
    a sign inside the number.
    """
    if len(text) > _LONGEST:
        return None
    text = simplify(text)
    found = list(_SIGN.finditer(text))
    if len(found) != 1:
        return None
    sign = found[0].group()
    codes = SIGNS.get(sign) or ((sign,) if sign in CODES else ())
    before, after = text[: found[0].start()].strip(), text[found[0].end() :].strip()
    if not codes or not (before in {"", "-", "+", "("} or after in {"", ")"}):
        return None
    return re.sub(r"^([-+])\s+", r"\1", before + after), codes
