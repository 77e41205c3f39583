"""Provisional titles of conversations, from the words of the first message or from the table that it became."""

import re

_THINKING = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCED = re.compile(r"^(```|~~~).*?(?:^\1|\Z)", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"^\s*(?:#{1,6}\s+|>\s*|[-*+\u2022]\s+(?:\[[ xX]\]\s+)?|\d{1,3}[.)]\s+)+")
_EMPHASIS = re.compile(r"(\*\*|__|~~|`|(?<!\w)[*_]|[*_](?!\w))")
_TAGS = re.compile(r"<[^>]{1,200}>")
_SUBJECT = re.compile(  # of a mail, without RE: and FW:
    r"[>\s*]*(?:subject|betreff|objet|asunto|oggetto|assunto|onderwerp|temat|тема|主题|主旨|件名|제목|الموضوع)\**\s*[:：]\**\s*"
    r"(?:(?:re|fwd?|aw|wg|tr|rv|sv|vs|odp|回复|转发|返信)\s*[:：]\s*)*(\S.*)",
    re.IGNORECASE,
)
_PAGE_MARK = re.compile(r"[-–—\s]*(?:page|seite|página|pagina|страница|strona|side|sida)\s*\d+.{0,12}", re.IGNORECASE)
_SEPARATORS = (",", ";", "\t", "|")
_GENERATED = re.compile(r"(?:Table|Column) \d+")
MAX_LINES = 200  # of a message that are looked through
MAX_COLUMN_NAMES = 3  # that stand for the name of a table without one


def title_of_message(text: str) -> str:
    """Return the first lines of a message that are prose, without Markdown; "" for a paste that has none."""
    plain = _FENCED.sub("", _THINKING.sub("", text))
    lines = [line.strip() for line in plain.strip().splitlines()[:MAX_LINES]]
    if subject := next((match[1] for line in lines if (match := _SUBJECT.fullmatch(line))), ""):
        return _without_markup(subject)
    own = [line for line in lines if not line.startswith(">")]
    return _first_prose(own) or _first_prose(lines)


def _first_prose(lines: list[str]) -> str:
    prose: list[str] = []
    for index, line in enumerate(lines):
        if (
            line
            and not _PAGE_MARK.fullmatch(line)
            and not _is_data(line, lines[index + 1 : index + 2], lines[max(0, index - 1) : index])
        ):
            prose.append(_without_markup(line))
        elif prose:
            break
        if line.startswith("#"):
            break
    return " ".join(prose)


def title_of_table(name: str, columns: list[str]) -> str:
    """Return the name of a table, or the names of its first columns when nobody named it."""
    if not _GENERATED.fullmatch(name):
        return name
    named = [column for column in columns if not _GENERATED.fullmatch(column)]
    return ", ".join(named[:MAX_COLUMN_NAMES])


def _is_data(line: str, following: list[str], previous: list[str]) -> bool:
    """Return whether a line is part of a table, of JSON or of markup, or says nothing in words."""
    if not any(character.isalpha() for character in line) or line[0] in "|{[<+":
        return True
    neighbours = following + previous
    for separator in _SEPARATORS:
        count = line.count(separator)
        if count and any(other.count(separator) == count for other in neighbours) and (count > 1 or separator != ","):
            return True
    is_short_record = line.count(",") == 1 and not line.endswith((".", "!", "?", ":"))
    return is_short_record and any(other.count(",") == 1 for other in neighbours)


def _without_markup(line: str) -> str:
    line = _LINK.sub(r"\1", _TAGS.sub("", _MARKS.sub("", line)))
    return " ".join(_EMPHASIS.sub("", line).split()).rstrip(":")
