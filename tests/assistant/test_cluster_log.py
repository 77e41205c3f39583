"""Shared log of replies: what Redis delivers twice, late or with a gap is shown once and in order."""

import asyncio
from collections.abc import Callable, Iterable
from typing import cast
from uuid import UUID, uuid4

import pytest

from assistant.reply_log import log as module
from assistant.reply_log.cluster_log import Piece, SharedLog
from integrations.redis.streams import Entry, Fields, Streams


class Deliveries:
    """Streams whose deliveries a test makes by hand; a real Redis repeats one only at a reconnect."""

    def __init__(self) -> None:
        self.receive: dict[str, Callable[[Fields], None]] = {}
        self.written: list[Entry] = []

    def follow(self, stream: str, receive: Callable[[Fields], None], caught_up: Callable[[], None]) -> None:
        self.receive[stream] = receive
        caught_up()

    def leave(self, stream: str) -> None:
        self.receive.pop(stream, None)

    async def write(self, entries: Iterable[Entry]) -> bool:
        self.written += entries
        return True

    def deliver(self, piece: Piece) -> None:
        entry = piece.entry()
        if receive := self.receive.get(entry.stream):
            receive(
                {
                    name.encode(): value if isinstance(value, bytes) else str(value).encode()
                    for name, value in entry.fields.items()
                }
            )


async def read(log: SharedLog, key: UUID, after: int) -> list[tuple[int, str]]:
    async with asyncio.timeout(5):
        return [piece async for piece in log.follow(key, after, idle=1, saved=after)]


@pytest.mark.parametrize("after", [0, 3])
async def test_a_piece_that_is_delivered_twice_or_overlaps_is_shown_once(
    monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr(module, "MERGE_SECONDS", 0)
    streams, key = Deliveries(), uuid4()
    log = SharedLog(cast(Streams, streams))
    reader = asyncio.create_task(read(log, key, after))
    await asyncio.sleep(0)
    for piece in (
        Piece(key, 0, "One 🙂"),
        Piece(key, 0, "One 🙂"),
        Piece(key, 0, "One"),
        Piece(key, 3, " 🙂 two"),
        Piece(key, 5, " two"),
        Piece(key, 5, " two three", is_last=True),
    ):
        streams.deliver(piece)
        await asyncio.sleep(0)
    pieces = await reader
    assert pieces[0][0] == after
    assert "".join(text for _, text in pieces) == "One 🙂 two three"[after:]
    assert (log.texts, streams.receive) == ({}, {})


async def test_after_a_lost_piece_a_reader_is_sent_to_the_row_and_another_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "GAP_SECONDS", 0)
    streams, key = Deliveries(), uuid4()
    log = SharedLog(cast(Streams, streams))
    behind, ahead = [asyncio.create_task(read(log, key, after)) for after in (0, 8)]
    await asyncio.sleep(0)
    streams.deliver(Piece(key, 0, "One "))
    streams.deliver(Piece(key, 8, "three", is_last=True))
    assert (await behind, await ahead) == ([], [(8, "three")])


async def test_deliveries_of_a_reply_that_is_written_here_change_nothing() -> None:
    streams, key = Deliveries(), uuid4()
    log = SharedLog(cast(Streams, streams))
    reader = asyncio.create_task(read(log, key, 0))
    await asyncio.sleep(0)
    receive = dict(streams.receive)
    log.begin(key)
    log.append(key, "Hello")
    streams.receive = receive  # as if the last delivery was on its way when the stream was left
    streams.deliver(Piece(key, 0, "Other text"))
    log.end(key)
    assert "".join(text for _, text in await reader) == "Hello"
    await log.stop()
    assert [entry.fields["text"] for entry in streams.written] == [b"Hello"]
