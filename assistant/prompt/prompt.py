"""Prompt of a reply: the system prompt, excerpts of tables, and as much of the branch as fits."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import dropwhile, groupby

from assistant.prompt.tokens import Count
from db.billing.usage import estimate_tokens
from integrations.llm.chat_completions import Turn

TABLES = (
    "When the answer has facts that fit rows and columns, write them as a Markdown table with a header row; "
    "the table is taken into a spreadsheet. Put only what was said into it, and leave unknown cells empty."
)
TURN_TOKENS = 4  # overhead that a provider adds to each turn
IMAGE_TOKENS = 1_000  # of one image, estimated: providers count from under a hundred to about 1,700
SHARE_OF_SHEETS, SHARE_OF_ATTACHMENTS = 0.25, 0.5  # of the room that is left when they are added
CUT = "\n[… cut here: {left:,} more characters do not fit]"


@dataclass(frozen=True)
class Sheet:
    """Excerpt of a table; `rows` are its first ones of `row_count`, with cells as formatted text."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    row_count: int


@dataclass(frozen=True)
class Room:
    """Remaining size of a prompt in tokens, and the counter of tokens."""

    tokens: int
    count: Count = estimate_tokens

    def less(self, text: str) -> "Room":
        return Room(self.tokens - self.count(text) - TURN_TOKENS, self.count)

    def share(self, part: float) -> "Room":
        return Room(int(self.tokens * part), self.count)


def room_for(context_window: int, max_output: int, count: Count) -> Room:
    """Return the room for the prompt next to a reply of `max_output` tokens; at least half of the window."""
    return Room(max(context_window - max_output, context_window // 2), count)


def build(
    system_prompt: str,
    turns: Sequence[Turn],
    room: Room,
    sheets: Sequence[Sheet] = (),
    attachments: Sequence[tuple[str, str]] = (),
    images: Sequence[str] = (),
) -> list[Turn]:
    """Return the prompt: the system's turn, then the newest turns of the branch that fit.

    Turns are dropped in pairs of question and reply, the oldest first. The last one is always included, with the
    attachments (name and text) before it and the images (`data:` URLs); its beginning is cut if it does not fit. A user
    begins, and user and assistant alternate, because some models accept nothing else; turns around an empty reply are
    merged.
    """
    system = f"{system_prompt}\n\n{TABLES}"
    if tables := _tables_text(sheets, room.less(system).share(SHARE_OF_SHEETS)):
        system = f"{system}\n\n{tables}"
    room = Room(room.less(system).tokens - IMAGE_TOKENS * len(images), room.count)
    *before, last = _merged(turns) or [Turn("user", "")]
    attached = _attached(attachments, room.share(SHARE_OF_ATTACHMENTS))
    last = Turn(last.role, _ending(last.text, room.less(attached)))
    if attached:
        last = Turn(last.role, f"{attached}\n\n{last.text}")
    last = Turn(last.role, last.text, images)
    return [Turn("system", system), *_newest(before, room.less(last.text)), last]


def tokens_of(turns: Sequence[Turn], count: Count) -> int:
    """Return the tokens of a prompt by our own count."""
    return sum(count(turn.text) + IMAGE_TOKENS * len(turn.images) for turn in turns)


def _merged(turns: Sequence[Turn]) -> list[Turn]:
    spoken = dropwhile(lambda turn: turn.role == "assistant", (turn for turn in turns if turn.text))
    return [Turn(role, "\n\n".join(turn.text for turn in group)) for role, group in groupby(spoken, lambda t: t.role)]


def _newest(turns: Sequence[Turn], room: Room) -> list[Turn]:
    """Return pairs of question and reply, from the newest back to the first that does not fit."""
    pairs: list[Turn] = []
    for begin in range(len(turns) - 2, -1, -2):
        pair = turns[begin : begin + 2]
        for turn in pair:
            room = room.less(turn.text)
        if room.tokens < 0:
            break
        pairs[:0] = pair
    return pairs


def _tables_text(sheets: Sequence[Sheet], room: Room) -> str:
    """Return the tables as text, one after the other while there is room: the columns, then rows."""
    parts: list[str] = []
    for sheet in sheets:
        head = f"The table “{sheet.name}” has {sheet.row_count:,} rows. The first of them:\n{_row(sheet.columns)}"
        if room.less(head).tokens < 0:
            break
        room = room.less(head)
        lines = [head]
        for row in sheet.rows:
            if room.less(_row(row)).tokens < 0:
                break
            room = room.less(_row(row))
            lines.append(_row(row))
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"


def _attached(attachments: Sequence[tuple[str, str]], room: Room) -> str:
    """Return the attachments, each with an equal share of the room; one that does not fit is cut and says so."""
    each = room.share(1 / max(len(attachments), 1))
    return "\n\n".join(f"Attached file {name}:\n{_beginning(text, each)}" for name, text in attachments)


def _beginning(text: str, room: Room) -> str:
    length = _fitting(text, room, from_end=False)
    return text if length == len(text) else text[:length] + CUT.format(left=len(text) - length)


def _ending(text: str, room: Room) -> str:
    return text[len(text) - max(_fitting(text, room, from_end=True), 1) :]


def _fitting(text: str, room: Room, *, from_end: bool) -> int:
    """Return how many characters of one end of a text fit."""
    if room.count(text) <= room.tokens:
        return len(text)
    low, high = 0, len(text)
    while high - low > 1:
        middle = (low + high) // 2
        part = text[-middle:] if from_end else text[:middle]
        low, high = (middle, high) if room.count(part) <= room.tokens else (low, middle)
    return low
