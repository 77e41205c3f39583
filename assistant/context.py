"""What the model is sent: the system prompt and as much of the conversation as it has room for."""

from collections.abc import Sequence
from itertools import dropwhile, groupby

from integrations.llm import Turn

MAX_CHARACTERS = 100_000
TABLES = (
    "When the answer has facts that fit rows and columns, write them as a Markdown table with a header row; "
    "the table is taken into a spreadsheet. Put only what was said into it, and leave unknown cells empty."
)


def build(system_prompt: str, turns: Sequence[Turn]) -> list[Turn]:
    """The newest turns that fit, oldest first; the last one is always there, cut at its beginning if need be.

    A person begins, and they and the assistant take turns: there are models that take nothing else. So what a
    reply without a word stood between becomes one turn.
    """
    spoken = dropwhile(lambda turn: turn.role == "assistant", _newest(turns))
    merged = [
        Turn(role, "\n\n".join(turn.text for turn in group)) for role, group in groupby(spoken, lambda turn: turn.role)
    ]
    return [Turn("system", f"{system_prompt}\n\n{TABLES}"), *merged]


def _newest(turns: Sequence[Turn]) -> list[Turn]:
    room = MAX_CHARACTERS
    kept: list[Turn] = []
    for turn in reversed(turns):
        if kept and len(turn.text) > room:
            break
        if turn.text:
            kept.append(Turn(turn.role, turn.text[-MAX_CHARACTERS:]))
        room -= len(turn.text)
    return kept[::-1]
