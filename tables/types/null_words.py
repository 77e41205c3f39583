"""Marks that stand in a cell for the absence of a value, and marks that refer from a value to a note."""

import re

_WORDS = r"""
n/a n.a. n.a na n\a #n/a #na <na> nan null (null) <null> [null] none nil nat - – — − -- --- ― … ...
k.a. k.a n/d n.d. n.d nd s/d s.d. b/d b.d. н/д н.д. 无 暂无 なし 없음 無
"""
_NULL_WORDS = frozenset(_WORDS.split())
_PHRASES = """
not specified,not provided,not stated,not given,not mentioned,not listed,not available,not applicable,not found,
not recorded,not measured,not tested,not known,not reported,not disclosed,not determined,not assigned,not set,not sure,
not yet known,not yet available,not in text,not in the text,no information,no info,no date,information not available,
to be determined,to be confirmed,to be announced,to be defined,tbd,tba,tbc,unspecified,unassigned,unknown,
none given,none stated,no value,no data,empty,blank,missing,
nicht angegeben,keine angabe,nicht verfügbar,nicht vorhanden,nicht genannt,nicht gemessen,nicht bekannt,
noch offen,unbekannt,leer,entfällt,
non spécifié,non précisé,non indiqué,non renseigné,non mentionné,non disponible,inconnu,vide,sans objet,
non mesuré,à définir,à confirmer,non communiqué,
no especificado,no indicado,no disponible,no consta,desconocido,sin datos,vacío,
no especificada,no mencionado,por definir,por confirmar,non fornito,da definire,não mencionado,a definir,не измерено,
non specificato,non indicato,sconosciuto,vuoto,não especificado,não informado,não indicado,não disponível,vazio,
niet vermeld,niet opgegeven,onbekend,leeg,nie podano,brak,brak danych,не указано,не указана,не указан,нет данных,
неизвестно,пусто,未提供,未指定,未注明,未说明,未知,空,記載なし,不明,未記入,없음,미기재,غير محدد,غير مذكور,غير متوفر
"""
_NULL_PHRASES = frozenset(phrase.strip() for phrase in _PHRASES.split(",")) | {"none", "n/a"}
_LONGEST, _LONGEST_PHRASE = 8, 28
_FRAME = " *_`~()[]{}<>."
_SPACES = re.compile(r"\s+")
_REFERENCE = re.compile(
    r"(?<=[\w)%€$£¥.\-])\s?(?:(?:\[(?:\d{1,3}|[a-z]{1,2}|(?:note|nb|n|fn)\.?\s?\d{1,3})\])+|[*†‡§¶#]{1,3}|[¹²³⁰⁴-⁹]{1,2})\Z",
    re.IGNORECASE,
)
_POWER = re.compile(r"\D*\d{1,2}[¹²³]\Z")


def is_null(text: str) -> bool:
    """Return True for `N/A`, `NULL`, `NaN`, a dash and their like, also in words: `not specified`, `(none)`."""
    word = text.strip()
    if not 0 < len(word) <= _LONGEST_PHRASE or word[0].isdecimal():  # no mark begins with a digit
        return False
    if len(word) <= _LONGEST and _SPACES.sub("", word).casefold() in _NULL_WORDS:
        return True
    return " ".join(word.strip(_FRAME).split()).casefold() in _NULL_PHRASES


def without_reference(text: str) -> str:
    """Return the text without a footnote's mark behind it: `9,833,517[3]`, `12.5*`; `5²` stays, it may be a power."""
    text = text.rstrip()
    if not text or (text[-1].isalnum() and text[-1] not in "¹²³⁰⁴⁵⁶⁷⁸⁹") or _POWER.match(text):
        return text
    match = _REFERENCE.search(text, max(0, len(text) - 24))
    return text[: match.start()].rstrip() if match else text
