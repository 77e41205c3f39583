"""Values that writers and readers of files get wrong, with the columns that hold them."""

from typing import Any

TYPES = [
    "TEXT", "INTEGER", "DECIMAL", "CURRENCY", "PERCENT", "BOOLEAN", "DATE", "DATETIME", "SELECT", "MULTI_SELECT",
    "EMAIL", "URL",
]  # fmt: skip
FORMATS = {"CURRENCY": "EUR", "DECIMAL": ","}
TEXTS = [
    "007", "12345678901234567890", "-5", "−5", "1e5", "=1+1", "@x", "+x", "+49 30 1234", "-", "'quoted", "'=1+1",
    "2026-01-31", "31.01.2026", "01/31/2026", "a,b;c\td|e", "a;b", "x|y", 'say "hi"', '"', "two\nlines", "two\r\nlines",
    "two\rlines", "\nfirst", "last\n", " spaces ", "\ttab", "🙂 família 👨‍👩‍👧", "مرحبا بالعالم", "\u202eleft", "true",
    "NULL", "null", "#REF!", "<r>b</r>", "<b>&amp;</b>", "&#32;", "\\", "a\\", "\\|", "**bold**", "`code`", "[x](y)",
    "<br>", "_x000D_", "\x01\x1f", "a\x0bb\u2028c\x85d", "x" * 32_767, "🙂" * 16_383, "a\ufffeb\uffff", "50%", "1.125",
    "1,125 EUR", "NaN", "inf", "-0", "0x1F", "1/2", "[1]", "{}", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x")',
    "\ufeffx", "\u2066iso\u2069",
]  # fmt: skip
CELLS: dict[str, list[Any]] = {
    "INTEGER": [0, -5, 9007199254740991, 1234567],
    "DECIMAL": ["1.125", "-0.10", "12345678901234567890.123456789", "2.500", "0.10000000000000000000", "1000"],
    "CURRENCY": ["1.125", "-3.00", "12345678901234567.89", "1234.50", "1000"],
    "PERCENT": ["50", "7.5", "0.125", "-0.1234567890123456", "100.00"],
    "BOOLEAN": [True, False],
    "DATE": ["2026-01-31", "1899-12-31", "1900-02-28", "1900-03-01", "9999-12-31"],
    "DATETIME": ["2026-01-31T10:20:30Z", "1000-01-01T00:00:00Z", "2026-01-31T10:20:30.500000Z", "2026-01-31T00:00:00Z",
                 "2026-01-31T10:20:30.123456Z"],
    "SELECT": ["=S", "a, b"],
    "MULTI_SELECT": [["a", "b"], ["a, b", 'say "x"'], ["=1"]],
    "EMAIL": ["ann@example.org"],
    "URL": ["https://example.org/?a=1&b=|"],
}  # fmt: skip


def columns(width: int = 200) -> list[dict[str, Any]]:
    """The twelve types, then texts, the last of them called `id`."""
    typed = [{"name": f"{type} *1*", "type": type, "format": FORMATS.get(type)} for type in TYPES]
    return [
        *typed,
        *({"name": f"Note no. {n}", "type": "TEXT"} for n in range(width - 13)),
        {"name": "id", "type": "TEXT"},
    ]


def rows(width: int = 200) -> list[dict[str, Any]]:
    """Each text in the first and the last column, and beside it a value of each type, or nothing."""
    result = []
    for n, text in enumerate(TEXTS):
        typed = {f"c{at}": CELLS[type][n] for at, type in enumerate(TYPES[1:], 2) if n < len(CELLS[type])}
        result.append({"c1": text, f"c{width}": text, **typed})
    return result
