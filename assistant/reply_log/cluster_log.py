"""Log of replies across processes: the text that one process writes reaches the others through Redis."""

import asyncio
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from assistant.reply_log.log import MERGE_SECONDS, MemoryLog, Text
from integrations.redis.connection import RETRY_SECONDS, ended
from integrations.redis.streams import Entry, Fields, Streams

LIFE_SECONDS = 15 * 60  # longer than a reply may take
KEEP_SECONDS = 60  # for readers who arrive at the end, before they see in the row that it is over
MAX_ENTRIES = 20_000  # of one reply; readers take what was trimmed from the row
MAX_ENDS = 1_000


@dataclass(frozen=True)
class Piece:
    """Part of a reply's text, with its offset in code points."""

    reply_id: UUID
    offset: int
    text: str
    is_last: bool = False

    @property
    def end(self) -> int:
        return self.offset + len(self.text)

    def entry(self) -> Entry:
        fields: dict[str, str | bytes | int] = {"at": self.offset, "text": self.text.encode("utf-8", "surrogatepass")}
        if self.is_last:
            fields["last"] = 1
        return Entry(_stream(self.reply_id), fields, KEEP_SECONDS if self.is_last else LIFE_SECONDS, MAX_ENTRIES)


class SharedLog(MemoryLog):
    """Log of the replies of this process, and of those of others that are read here.

    Pieces carry their offset: a duplicate changes nothing, and a lost one leaves a gap, which readers fill from the
    row. While Redis is away, texts grow here and are sent when it is back.
    """

    def __init__(self, streams: Streams) -> None:
        super().__init__()
        self._streams = streams
        self._sent: dict[UUID, int] = {}
        self._ends: list[Piece] = []
        self._has_news = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._sender = asyncio.create_task(self._send_on())

    async def stop(self) -> None:
        """Send what is left, above all the ends."""
        if self._sender:
            await ended([self._sender])
        await self._send()

    def begin(self, key: UUID) -> None:
        super().begin(key)
        self._streams.leave(_stream(key))
        self._sent[key] = 0

    def append(self, key: UUID, text: str) -> None:
        super().append(key, text)
        self._has_news.set()

    def end(self, key: UUID) -> None:
        """Tell every process, even if no process began the reply."""
        entry, sent = self.texts.get(key), self._sent.pop(key, None)
        rest = "" if entry is None or sent is None else entry.since(sent)
        self._ends = [*self._ends, Piece(key, sent or 0, rest, is_last=True)][-MAX_ENDS:]
        self._has_news.set()
        self._end_here(key)

    def _end_here(self, key: UUID) -> None:
        self._streams.leave(_stream(key))
        super().end(key)

    def _open(self, key: UUID) -> Text:
        entry = self.texts[key] = Text(is_known=False)
        self._streams.follow(_stream(key), partial(self._receive, key), entry.is_known.set)
        return entry

    def _close(self, key: UUID) -> None:
        self._streams.leave(_stream(key))
        super()._close(key)

    def _receive(self, key: UUID, fields: Fields) -> None:
        """Append a piece that another process wrote."""
        entry, offset = self.texts.get(key), int(fields[b"at"])
        if entry is None or entry.is_own:
            return
        text = fields[b"text"].decode("utf-8", "surrogatepass")
        if text and offset > entry.length:
            entry.restart(offset)
        is_first = bool(text) and not entry.is_live
        if new := text[entry.length - offset :]:
            entry.append(new)
        if new or is_first:  # a duplicate must not wake readers: they would take it for silence and read the row
            entry.is_live = True
            entry.show()
        if b"last" in fields:
            self._end_here(key)

    async def _send_on(self) -> None:
        """Send pieces: the first at once, and those that follow it fast together."""
        while True:
            await self._has_news.wait()
            self._has_news.clear()
            if await self._send():
                await asyncio.sleep(MERGE_SECONDS)
            else:
                self._has_news.set()
                await asyncio.sleep(RETRY_SECONDS)

    async def _send(self) -> bool:
        """Return whether Redis has everything. Ends are sent once: later, readers see them in the row."""
        ends, self._ends = self._ends, []
        texts = [(key, sent, self.texts[key]) for key, sent in self._sent.items()]
        pieces = [Piece(key, sent, text.since(sent)) for key, sent, text in texts if sent < text.length]
        if not pieces and not ends:
            return True
        if not await self._streams.write([piece.entry() for piece in [*pieces, *ends]]):
            return False
        for piece in pieces:
            if piece.reply_id in self._sent:
                self._sent[piece.reply_id] = piece.end
        return True


def _stream(reply_id: UUID) -> str:
    return f"reply:{reply_id.hex}"
