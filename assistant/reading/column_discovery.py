"""Which columns a text has when nobody said which are wanted: asked of a model."""

import json
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from assistant.prompt.tokens import counted
from assistant.reading import structured_call
from assistant.reading.extraction import MAX_NAME, unique
from assistant.reading.json_stream import JsonItemParser
from assistant.reading.passages import Piece
from db.models.usage import Tokens
from integrations.llm.chat_completions import ChatModel, Finished, Turn
from tables.types.types import Column, ColumnType

MAX_COLUMNS = 50

ASKED = (
    "Which table would hold what the text lists? Name it, and give its columns with their types, in the language of "
    "the text. Give no columns when the text lists nothing."
)


@dataclass(frozen=True)
class Discovered:
    """No columns when there is nothing to list; `name` is what the table may be called, "" where nobody says."""

    columns: list[Column]
    name: str
    tokens: Tokens


async def discover(model: ChatModel, name: str | None, piece: Piece, max_tokens: int | None = None) -> Discovered:
    """What a text lists, asked of the model `name`, which writes at most `max_tokens`. Raises ModelFailure."""
    turns = [Turn("system", ASKED), Turn("user", piece.text)]
    text, finished = "", Finished("", None, None)
    schema = structured_call.columns_schema()
    answer = model.stream(turns, model=name, temperature=0, max_tokens=max_tokens, schema=schema)
    async with aclosing(answer) as events:
        async for event in events:
            if isinstance(event, Finished):
                finished = event
            else:
                text += event.text
    return Discovered(_columns(JsonItemParser("columns").feed(text)), _name(text), counted(turns, text, finished))


def _name(text: str) -> str:
    """The name in an answer; a model that thinks aloud around its answer gives none."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    name = answer.get("name") if isinstance(answer, dict) else None
    return _one_line(name) if isinstance(name, str) else ""


def _one_line(name: str) -> str:
    return " ".join(structured_call.storable(name).split())[:MAX_NAME].rstrip()


def _columns(items: Sequence[object]) -> list[Column]:
    """Those that have a name, each name once; a type that there is not is TEXT."""
    given = [item for item in items if isinstance(item, dict) and _one_line(str(item.get("name") or ""))][:MAX_COLUMNS]
    names = unique(_one_line(str(item["name"])) for item in given)
    return [
        Column(key=f"c{n + 1}", name=name, type=_type(item.get("type")), position=n)
        for n, (name, item) in enumerate(zip(names, given, strict=True))
    ]


def _type(said: object) -> ColumnType:
    return ColumnType(str(said)) if said in ColumnType.__members__ else ColumnType.TEXT
