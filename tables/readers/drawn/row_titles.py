"""Titles in the line above rows with single blanks: one word for each column, or two for some of them."""

from collections.abc import Sequence

from tables.readers.drawn.row_parts import WORD, Range, RowParts, cell_ranges, is_numeric, row_name
from tables.readers.spans import Cell, Line, cell

_LONGEST = 200
_SMALL_LIST = """
of the and for our my your da de do dos des du la le les el los las del di il und der die das im am vom in on at to mit
van het een en y e et i z na и в на для our this
"""
_SMALL_WORDS = frozenset(_SMALL_LIST.split())
_AMOUNT_LIST = """
debit credit débit crédit debito credito débito crédito soll haben cargo abono dare avere paid withdrawn deposited out
income expense expenses einnahmen ausgaben af bij дебет кредит приход расход amount betrag montant importe importo valor
"""
_AMOUNTS = frozenset(_AMOUNT_LIST.split())
_SECOND_LIST = """
price preis unitario unitaire unit. unitário rate cost amount no no. nr nr. number name date val. value total netto
brutto cena цена kwota prijs € eur (€) (eur) ($) (kg) qty
"""
_SECOND_WORDS = frozenset(_SECOND_LIST.split())  # of two-word titles


def titles_above(text: str, run: Sequence[RowParts], above: Line) -> list[Cell] | None:
    """Return the titles in the line above, one for each column; None when it has more or fewer words.

    Where it has more, the words of the rows are as many cells, if each row has enough: `Ulm Augsburg` under
    `Start Ziel`.
    """
    if len(above.text) > _LONGEST:
        return None
    words = [match.span() for match in WORD.finditer(above.text)]
    texts = [above.text[slice(*word)] for word in words]
    columns = len(cell_ranges(run[0]))
    if columns < 2 or not words or any(map(is_numeric, texts)) or texts[-1].endswith((".", ":", "!", "?")):
        return None
    if not _SMALL_WORDS.isdisjoint(texts):
        return None  # a caption: `Carte des vins`
    words = _with_pairs(above.text, words, columns)
    more = len(words) - columns
    if more < 0 or (more and any(row_name(row).count(" ") != more for row in run)):
        return None
    first = len(run[0].leads)
    if more and not _AMOUNTS.isdisjoint(text.casefold() for text in texts[first : first + more + 1]):
        return None  # `Debit Credit` over amounts of which each row has one
    return [cell(text, above.start + start, above.start + end) for start, end in words]


def _with_pairs(content: str, words: list[Range], columns: int) -> list[Range]:
    """Return the titles with `Unit Price` as one, where there are more words than columns."""
    titles = words[:1]
    for n, word in enumerate(words[1:], 1):
        is_second = content[slice(*word)].casefold() in _SECOND_WORDS
        if is_second and len(titles) + len(words) - n > columns and titles[-1] == words[n - 1]:
            titles[-1] = (titles[-1][0], word[1])
        else:
            titles.append(word)
    return titles if len(titles) == columns else words
