"""Which columns a text has when nobody said which are wanted: asked of a model."""

from collections.abc import Sequence
from contextlib import aclosing

from assistant import structured
from assistant.extraction import MAX_NAME, unique
from assistant.passages import Piece
from assistant.reading import Asks
from assistant.tokens import counted
from db.usage import Tokens
from integrations.llm import Finished, Turn
from tables.types import Column, ColumnType

MAX_COLUMNS = 50

ASKED = (
    "Which table would hold what the text lists? Name it, and give its columns with their types, in the language of "
    "the text. Give no columns when the text lists nothing."
)


async def discover(model: Asks, name: str | None, piece: Piece) -> tuple[list[Column], Tokens]:
    """The columns, none when there is nothing to list, and what the call read and wrote. Raises ModelFailure."""
    turns = [Turn("system", ASKED), Turn("user", piece.text)]
    text, finished = "", Finished("", None, None)
    async with aclosing(model.stream(turns, model=name, temperature=0, schema=structured.columns_schema())) as events:
        async for event in events:
            if isinstance(event, Finished):
                finished = event
            else:
                text += event.text
    answer = structured.Answer("columns")
    items = [*answer.feed(text)]
    return _columns(items), counted(turns, text, finished)


def _columns(items: Sequence[object]) -> list[Column]:
    """Those that have a name, each name once; a type that there is not is TEXT."""
    given = [item for item in items if isinstance(item, dict) and str(item.get("name") or "").strip()][:MAX_COLUMNS]
    names = unique(" ".join(str(item["name"]).split())[:MAX_NAME] for item in given)
    return [
        Column(key=f"c{n + 1}", name=name, type=_type(item.get("type")), position=n)
        for n, (name, item) in enumerate(zip(names, given, strict=True))
    ]


def _type(said: object) -> ColumnType:
    return ColumnType(str(said)) if said in ColumnType.__members__ else ColumnType.TEXT
