"""Discovery of the tables and columns that a text has, asked of a model when nobody named any."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from assistant.prompt.tokens import counted
from assistant.reading import structured_call
from assistant.reading.extraction import MAX_NAME, unique
from assistant.reading.json_stream import JsonItemParser
from assistant.reading.structured_call import NO_GUIDANCE, Guidance
from db.models.usage import Tokens
from integrations.llm.chat_completions import ChatModel, Finished, Turn
from tables.types.money import CODES
from tables.types.types import Column, ColumnType

MAX_COLUMNS, MAX_TABLES = 50, 10
EXCERPT, EXCERPT_PARTS = 12_000, 12  # characters that are shown of a text, and the places that they come from
GAP = "\n[…]\n"

TASK = (
    "Which tables would hold what the text lists? Give one table for each kind of thing, usually a single one. Name "
    "it, and give its columns with their types, in the language of the text; `currency` is the ISO 4217 code of the "
    "amounts of a CURRENCY column, else null. Give no table when the text lists nothing. Of a long text you see parts "
    "from its beginning to its end."
)


@dataclass(frozen=True)
class DiscoveredTable:
    """Table that a text lists; `name` is "" where the model gave none."""

    name: str
    columns: list[Column]


@dataclass(frozen=True)
class Discovered:
    """Result of a discovery; no tables when the text lists nothing."""

    tables: list[DiscoveredTable]
    tokens: Tokens


async def discover(
    model: ChatModel,
    name: str | None,
    text: str,
    max_tokens: int | None = None,
    *,
    guidance: Guidance = NO_GUIDANCE,
    images: Sequence[str] = (),
) -> Discovered:
    """Return the tables that a text lists, as the model `name` sees them.

    The model writes at most `max_tokens`; `images` are `data:` URLs. Raises ModelFailure.
    """
    task = f"{TASK}\n\nThe person who asked wants this: {guidance.instructions}" if guidance.instructions else TASK
    turns = [Turn("system", task), Turn("user", excerpt(text), images)]
    answer_text, finished = "", Finished("", None, None)
    schema = structured_call.tables_schema()
    answer = model.stream(turns, model=name, temperature=0, max_tokens=max_tokens, schema=schema)
    async with aclosing(answer) as events:
        async for event in events:
            if isinstance(event, Finished):
                finished = event
            else:
                answer_text += event.text
    tables = [table for item in JsonItemParser("tables").feed(answer_text) if (table := _table(item)).columns]
    return Discovered(tables[:MAX_TABLES], counted(turns, answer_text, finished))


def excerpt(text: str) -> str:
    """Return a text of at most EXCERPT characters, or as much from places spread over all of it, in whole lines."""
    if len(text) <= EXCERPT:
        return text
    size = EXCERPT // EXCERPT_PARTS
    step = (len(text) - size) / (EXCERPT_PARTS - 1)
    parts = []
    for number in range(EXCERPT_PARTS):
        start = int(number * step)
        end = start + size
        first = text.find("\n", start, end) + 1 if number else 0
        last = text.rfind("\n", first or start, end)
        parts.append(text[first or start : last if last > (first or start) else end])
    return GAP.join(parts)


def _table(item: object) -> DiscoveredTable:
    fields: Mapping[str, object] = item if isinstance(item, dict) else {}
    name, columns = fields.get("name"), fields.get("columns")
    return DiscoveredTable(
        _one_line(name) if isinstance(name, str) else "", _columns(columns if isinstance(columns, list) else [])
    )


def _one_line(name: str) -> str:
    return " ".join(structured_call.storable(name).split())[:MAX_NAME].rstrip()


def _columns(items: Sequence[object]) -> list[Column]:
    """Return the columns that have a name, each name once; an unknown type is TEXT."""
    named = [item for item in items if isinstance(item, dict) and _one_line(str(item.get("name") or ""))][:MAX_COLUMNS]
    names = unique(_one_line(str(item["name"])) for item in named)
    return [
        Column(key=f"c{n + 1}", name=name, type=_type(item.get("type")), position=n, format=_currency(item))
        for n, (name, item) in enumerate(zip(names, named, strict=True))
    ]


def _type(name: object) -> ColumnType:
    return ColumnType(str(name)) if name in ColumnType.__members__ else ColumnType.TEXT


def _currency(item: Mapping[str, object]) -> str | None:
    code = str(item.get("currency") or "").upper()
    return code if _type(item.get("type")) is ColumnType.CURRENCY and code in CODES else None
