"""Sums, taxes and payments below a table: `Total: 88.95`, `VAT 20 %  14.80` are no table of their own."""

import re

from tables.readers.spans import Cell, Grid, Span

_WORDS = frozenset(
    {"total", "totals", "subtotal", "sum", "net", "gross", "vat", "tax", "due", "balance", "paid", "payment", "card"}
    | {"cash", "change", "tip", "discount", "deposit", "summe", "zwischensumme", "gesamt", "gesamtbetrag", "netto"}
    | {"nettobetrag", "brutto", "bruttobetrag", "rechnungsbetrag", "mwst", "ust", "steuer", "rabatt", "bar", "gegeben"}
    | {"rückgeld", "karte", "trinkgeld", "somme", "ht", "ttc", "tva", "remise", "espèces", "rendu", "carte", "cb"}
    | {"acompte", "suma", "importe", "base", "imponible", "iva", "descuento", "efectivo", "cambio", "tarjeta", "pagar"}
)
_CHINESE = re.compile(r"合计|总计|小计|总额|金额|税|优惠|折扣|实付|应付|实收|应收|找零|现金|支付")
_WORD = re.compile(r"[^\W\d_]+")
_AMOUNT = re.compile(r"[^\w\n]{0,3}[\w€$£¥]{0,3}[^\w\n]{0,3}\d[\d.,'’ \u00a0\u202f]*[^\W\d_]{0,3}\W{0,3}")
_MOST = 8  # lines


def are_sums(grid: Grid) -> bool:
    """Two columns of labels and amounts, or one record of them, and every label is one of a sum."""
    if len(grid.rows) > _MOST:
        return False
    if grid.kind == "key_value":
        pairs = [(title, found) for title, found in zip(grid.header, grid.rows[0], strict=True) if len(grid.rows) == 1]
        return bool(pairs) and all(_is_sum(title, found) for title, found in pairs)
    return len(grid.header) == 2 and all(_is_sum(label, amount) for label, amount in grid.rows)


def _is_sum(label: Span | str | None, amount: Cell) -> bool:
    text = "" if label is None else label if isinstance(label, str) else label.text
    is_label = not _WORDS.isdisjoint(map(str.casefold, _WORD.findall(text))) or _CHINESE.search(text) is not None
    return is_label and amount is not None and _AMOUNT.fullmatch(amount.text) is not None
