"""Sums, taxes and payments below a table: `Total: 88.95`, `VAT 20 %  14.80` are no table of their own."""

import re
from collections.abc import Sequence

from tables.readers.spans import Cell, Grid, Span

_TOTAL_LIST = """
total totals totaux totali totales totais totalt
sum summe gesamt gesamtsumme gesamtbetrag insgesamt endbetrag rechnungsbetrag zahlbetrag ttc somme totale
totaal totalt razem suma toplam genel итого всего ukupno celkem összesen yhteensä summa łącznie 合计 总计 合計 総計
المجموع الإجمالي σύνολο 합계 총계
"""
_WORD_LIST = """
subtotal subtotaal sub net gross vat tax taxes due balance paid payment card cash change tip discount deposit
zwischensumme netto
nettobetrag brutto bruttobetrag mwst ust steuer rabatt bar gegeben rückgeld karte trinkgeld ht tva remise espèces rendu
carte cb acompte geg bezahlt ec girocard visa mastercard gutschein guthaben
eingezahlt importe base imponible iva descuento efectivo cambio tarjeta pagar subtotale imponibile sconto contanti
resto totais troco dinheiro desconto cartão btw contant wisselgeld korting pin moms rabat kontant kort växel vat ptu
gotówka reszta karta rabat ндс скидка наличные
наличными безналичными сдача карта к оплате kdv topkdv nakit naki̇t indirim shipping versand porto livraison
"""
# Words of things too, `Paid parking permit`, `Phone card`: they make a sum only where each word beside them may.
_WEAK_LIST = """
net card change tip paid due cash deposit bar karte gegeben visa ec pin sub gutschein rabatt porto shipping versand
livraison carte cb ht base efectivo cambio tarjeta moms kort karta base troco payment discount balance gross
"""
_BESIDE_LIST = """
amount by in to for of the with and pay payable received given total back payment credit debit now charge charges
remaining outstanding account bank your mastercard amex maestro contactless auth per mit in zu erhalten betrag wert
par en le la de du des reçu reçue rendue client con di da il el del al ricevuto recibido em met ontvangen betaald
incl excl inkl exkl zzgl abzgl and kr eur usd gbp chf pln sek nok dkk z od до bancaria bancaire bancomat credito
crédito débito debito crédit débit bancario carta electronic elektronisch zahlung kartenzahlung chip
из за наличными карта картой
"""
_BESIDE = frozenset(_BESIDE_LIST.split())
_WEAK = frozenset(_WEAK_LIST.split())
TOTALS = frozenset(_TOTAL_LIST.split())
_WORDS = TOTALS | frozenset(_WORD_LIST.split()) - {"к", "sub"}
_CHINESE = re.compile(
    r"合计|总计|小计|总额|金额|税|优惠|折扣|实付|应付|实收|应收|找零|现金|支付|小計|合計|お釣り|お預り|합계|부가세|총액"
)
_WORD = re.compile(r"[^\W\d_]+")
_AMOUNT = re.compile(r"[^\w\n]{0,3}[\w€$£¥]{0,3}[^\w\n]{0,3}\d[\d.,'’ \u00a0\u202f]*[^\W\d_]{0,3}\W{0,3}")
_LINE = re.compile(
    # The label ends before the marks, so that each run of them is tried once.
    r"\W*(?:\d{1,2}(?:[.,]\d{1,2})?[ ]?%[ ]+)?"
    r"(?P<label>[^\W\d_](?:[^\n]{0,57}?[^\n:.=·…_|\t ])?)[:.=·…_|\t ]++(?<=[ \t.:|=])"
    r"(?P<amount>[-−(]?(?:[^\W\d_]{1,3}|[€$£¥₹])?[ ]?-?\d[\d.,'’ \u00a0\u202f]*"
    r"[ ]?(?:[^\W\d_]{1,3}\.?|[€$£¥₹₽₺₩])?\)?)[ *|]*"
)
_MOST = 8  # lines


def are_sums(grid: Grid) -> bool:
    """Return True for columns of labels and amounts, or a record of them, in which every label is one of a sum."""
    if len(grid.rows) > _MOST:
        return False
    if grid.kind == "key_value" and len(grid.rows) == 1:
        return all(_is_sum(title, value) for title, value in zip(grid.header, grid.rows[0], strict=True))
    if len(grid.header) == 2:
        label = grid.rows[0][0]
        begins_with_total = label is not None and is_total(label.text)
        sums = sum(_is_sum(label, amount) for label, amount in grid.rows)
        return begins_with_total or 3 * sums >= 2 * len(grid.rows)  # `DEBIT` may be a card's name
    titles = [title.text for title in grid.header[1:] if isinstance(title, Span)]
    # `Rate  Net  VAT  Gross`: the taxes of a receipt, by rate.
    if len(titles) == len(grid.header) - 1 and all(title == "%" or is_label(title) for title in titles):
        return all(_is_rate(row[0]) or (len(row) > 1 and _is_rate(row[1])) for row in grid.rows)
    return all(any(row) and _is_sum(row[0], row[-1]) for row in grid.rows) and all(
        len(value.text) <= 3 for row in grid.rows for value in row[1:-1] if value
    )


def _is_rate(cell: Cell) -> bool:
    return cell is not None and ("%" in cell.text or is_label(cell.text))


def is_sum_line(line: str) -> bool:
    """Return True for a line with nothing but the label of a sum and its amount."""
    match = _LINE.fullmatch(line) if len(line) <= 120 else None
    return match is not None and is_label(match["label"])


def stated(text: str, start: int, end: int) -> list[tuple[str, str, str]]:
    """Return the (line, label, amount) of the sums in the first lines of text[start:end]."""
    totals: list[tuple[str, str, str]] = []
    for line in text[start : min(end, start + 1_000)].split("\n")[: _MOST + 2]:
        match = _LINE.fullmatch(line.strip("> \t\r")) if len(line) <= 120 else None
        if match and is_label(match["label"]):
            totals.append((line.strip(), match["label"].strip(" .:=*|"), match["amount"].strip()))
        elif line.strip() and any(c.isalnum() for c in line):
            break
    return totals


def is_label(text: str) -> bool:
    """Return True for a few words with one of a sum, a tax or a payment in them."""
    words = [word.casefold() for word in _WORD.findall(text)]
    return (len(words) <= 4 and _has_sum(words)) or _CHINESE.search(text) is not None


def _has_sum(words: Sequence[str]) -> bool:
    known = _WORDS.intersection(words)
    return bool(known) and (not known <= _WEAK or all(word in _WORDS or word in _BESIDE for word in words))


def is_total(label: str) -> bool:
    """Return True for the label of the sum of all rows, and not of a tax, a payment or a part."""
    words = {word.casefold() for word in _WORD.findall(label)}
    return bool(words & TOTALS) and words.isdisjoint({"sub", "vat", "net", "tax"}) and len(words) <= 3


def _is_sum(label: Span | str | None, amount: Cell) -> bool:
    text = "" if label is None else label if isinstance(label, str) else label.text
    is_labelled = _has_sum([word.casefold() for word in _WORD.findall(text)]) or _CHINESE.search(text) is not None
    return is_labelled and amount is not None and _AMOUNT.fullmatch(amount.text) is not None
