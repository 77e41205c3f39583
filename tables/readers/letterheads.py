"""Facts that are no table: those about one (`Account: 4417`), heads of e-mails and requests, the foot of a letter."""

import re
from collections.abc import Sequence
from itertools import pairwise

from tables.readers.spans import Grid

_MAIL_FIELDS = """
from to cc bcc date sent subject reply-to attachments importance von an gesendet datum betreff kopie antwort an anlagen
de à a objet envoyé date pièces jointes para asunto fecha enviado assunto data enviada inviato oggetto da da parte van
aan onderwerp verzonden datum till från ämne skickat do od temat wysłano от кому дата тема отправлено 差出人 宛先 件名
日時 发件人 收件人 主题 日期 抄送 发送时间 보낸사람 받는사람 제목 날짜 من إلى الموضوع التاريخ
"""
_CONTACT_FIELDS = """
phone tel telephone mobile cell fax email e mail web website www address office telefon handy mobil adresse téléphone
portable courriel site teléfono móvil correo web telefono cellulare indirizzo telefone celular telefoon телефон моб факс
почта сайт адрес 电话 手机 传真 邮箱 地址 電話 携帯 住所 전화 휴대폰 팩스 이메일 주소 هاتف جوال فاكس بريد iban bic swift
our your letter of reference ref ihr ihre unser unsere zeichen nachricht schreiben vom notre votre référence date datum
vat id no reg ust idnr nr steuernummer tva siret siren nif cif nip regon инн кпп abn ein bank konto blz
"""
_MEETING_FIELDS = """
date time place location venue room present absent apologies attendees participants chair minutes secretary subject
datum ort zeit uhrzeit raum anwesend entschuldigt teilnehmer protokoll protokollant leitung lieu heure présents absents
excusés secrétaire président fecha hora lugar asistentes presentes ausentes secretario luogo ora presenti assenti
verbale
"""
_HTTP_FIELDS = """
host accept accept-encoding accept-language user-agent content-type content-length content-encoding date server
connection cache-control authorization cookie set-cookie etag location referer origin transfer-encoding vary
expires last-modified
"""
_FIELDS = frozenset(_MAIL_FIELDS.split())
_MEETING = frozenset(_MEETING_FIELDS.split())
_ATTENDANCE_FIELDS = """
present absent apologies attendees participants anwesend entschuldigt teilnehmer présents absents excusés asistentes
presentes ausentes presenti assenti
"""
_ATTENDANCE = frozenset(_ATTENDANCE_FIELDS.split())
_HEADERS = frozenset(_HTTP_FIELDS.split())
_CONTACTS = frozenset(_CONTACT_FIELDS.split())
_DRAWN_KINDS = frozenset({"receipt", "aligned", "list", "lines"})
_CONTENTS_LIST = (
    "contents|table of contents|inhalt|inhaltsverzeichnis|sommaire|table des matières|índice|contenido|indice|sommario"
    "|sumário|inhoud|inhoudsopgave|spis treści|содержание|оглавление|目录|目錄|目次|もくじ|목차|المحتويات|içindekiler"
)
_CONTENTS = frozenset(_CONTENTS_LIST.split("|"))
_CHAPTER = re.compile(
    r"\d+(?:\.\d+)*\b|[IVX]+\b|[A-H][.)]? |(?:chapter|kapitel|chapitre|cap[íi]tulo|capitolo|глава|rozdział|appendix"
    r"|anhang|annexe|anexo|part|teil|section) |第",
    re.IGNORECASE,
)
_FEWEST_CHAPTERS = 3
_MOST_PAIRS, _LONGEST_TITLE = 8, 40
_WORD = re.compile(r"[^\W\d_]+")


def without_letterheads(text: str, grids: Sequence[Grid]) -> list[Grid]:
    """Return the grids, which are in text order, without those that only say what the text or a table is about."""
    around = zip([None, *grids[:-1]], grids, [*grids[1:], None], strict=True) if grids else ()
    return [grid for above, grid, below in around if not _is_letterhead(text, above, grid, below)]


def _is_letterhead(text: str, above: Grid | None, grid: Grid, below: Grid | None) -> bool:
    if _is_contents(text, grid):
        return True
    if not _is_record(grid):
        return below is not None and _is_preamble(text, grid, below)
    pairs = [(above, grid), (grid, below)]
    is_beside_table = any(a and b and max(len(a.rows), len(b.rows)) > 1 and _adjoin(text, a, b) for a, b in pairs)
    return is_beside_table or _is_about_text(grid)


def _adjoin(text: str, above: Grid, below: Grid) -> bool:
    """Return True when there is nothing between two tables but blanks, rules, delimiters, and one line for a title."""
    between = text[above.end : below.start].strip(" \t\r\n;,|=-_*")
    return not between or (len(between) <= _LONGEST_TITLE and "\n" not in between and between[-1] not in ".:!?。：")


def _is_preamble(text: str, grid: Grid, below: Grid) -> bool:
    """Return True for pairs right above a wider table that are drawn like it: `Account;IT60 X054`."""
    is_narrow = grid.kind == below.kind == "delimited" and len(grid.header) == 2 < len(below.header)
    return is_narrow and len(grid.rows) < _MOST_PAIRS and _adjoin(text, grid, below)


def _is_contents(text: str, grid: Grid) -> bool:
    """Return True for the contents of a book: pages that grow, behind numbered chapters or under `Contents`."""
    pages = [row[-1].text if row[-1] else "" for row in grid.rows]
    if grid.kind not in _DRAWN_KINDS or len(pages) < _FEWEST_CHAPTERS or len(grid.header) > 3:
        return False
    if not all(page.isdecimal() and len(page) <= 4 for page in pages) or any(
        int(below) < int(above) for above, below in pairwise(pages)
    ):
        return False
    above = text[: grid.start].rstrip("\n").rpartition("\n")[2].strip(" #*:=").casefold()
    if above in _CONTENTS:
        return True
    starts = [text[row[0].start : row[-1].end] if row[0] and row[-1] else "" for row in grid.rows]
    numbered = [bool(_CHAPTER.match(start)) or len(row) > 2 for start, row in zip(starts, grid.rows, strict=True)]
    return 2 * sum(numbered) >= len(numbered) and (
        "..." in text[grid.start : grid.end] or ". . ." in text[grid.start : grid.end]
    )


def _is_record(grid: Grid) -> bool:
    return grid.kind == "key_value" and len(grid.rows) == 1


def _is_about_text(grid: Grid) -> bool:
    """Return True for the head of an e-mail, the addresses of its sender, and a pair of remarks: `Pros: …`."""
    titles = [title if isinstance(title, str) else title.text for title in grid.header]
    words = {word.casefold() for title in titles for word in _WORD.findall(title)}
    if words <= _FIELDS or words <= _CONTACTS or all(title.casefold() in _HEADERS for title in titles):
        return True
    if words <= _MEETING and words & _ATTENDANCE:
        return True
    return len(titles) == 2 and all("," in part.text and not _has_digit(part.text) for part in grid.rows[0] if part)


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)
