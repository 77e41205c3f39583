"""Facts about a text that stand above or below its table: `Account: 4417`, `Period: May`, the head of an e-mail."""

from collections.abc import Sequence

from tables.readers.spans import Grid

_MAIL_FIELDS = """
from to cc bcc date sent subject reply-to attachments importance von an gesendet datum betreff kopie antwort an anlagen
de à a objet envoyé date pièces jointes para asunto fecha enviado assunto data enviada inviato oggetto da da parte van
aan onderwerp verzonden datum till från ämne skickat do od temat wysłano от кому дата тема отправлено 差出人 宛先 件名
日時 发件人 收件人 主题 日期 抄送 发送时间 보낸사람 받는사람 제목 날짜 من إلى الموضوع التاريخ
"""
_FIELDS = frozenset(_MAIL_FIELDS.split())


def without_letterheads(grids: Sequence[Grid]) -> list[Grid]:
    """Return the grids without single records that only say what the text or its table is about."""
    has_table = any(len(grid.rows) > 1 for grid in grids)
    return [grid for grid in grids if not _is_record(grid) or not (has_table or _is_mail_head(grid))]


def _is_record(grid: Grid) -> bool:
    return grid.kind == "key_value" and len(grid.rows) == 1


def _is_mail_head(grid: Grid) -> bool:
    titles = [title if isinstance(title, str) else title.text for title in grid.header]
    return all(word in _FIELDS for title in titles for word in title.casefold().split())
