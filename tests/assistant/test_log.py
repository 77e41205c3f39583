"""The log of replies: every reader gets the same text, however late, slow or lost it is."""

import asyncio
import time
import tracemalloc
from uuid import UUID, uuid4

import pytest

from assistant.reply_log import log as module
from assistant.reply_log.log import Log, MemoryLog

TEXT = "Ää 👩‍👩‍👧 中文 é\u0301 ok\n" * 20


async def collect(log: Log, key: UUID, after: int = 0, idle: float = 5) -> list[tuple[int, str]]:
    async with asyncio.timeout(10):
        return [piece async for piece in log.follow(key, after, idle=idle)]


async def started(log: MemoryLog, key: UUID, *readers: asyncio.Task[list[tuple[int, str]]]) -> None:
    """Returns when the readers wait for a text."""
    async with asyncio.timeout(5):
        while log.texts.get(key) is None or log.texts[key].readers < len(readers):
            await asyncio.sleep(0)


def joined(pieces: list[tuple[int, str]], stored: str = "") -> str:
    """Return the text of a client after these pieces, each written at its offset."""
    for offset, text in pieces:
        assert offset in (0, len(stored)), "a gap, or something twice"
        stored = stored[:offset] + text
    return stored


async def test_readers_get_the_text_in_pieces_and_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MERGE_SECONDS", 0)
    log, key = MemoryLog(), uuid4()
    log.begin(key)
    reader = asyncio.create_task(collect(log, key))
    await started(log, key, reader)
    for piece in ("One ", "two ", "three"):
        log.append(key, piece)
        await asyncio.sleep(0.01)
    log.end(key)
    assert await reader == [(0, "One "), (4, "two "), (8, "three")]


async def test_a_reader_gets_exactly_the_rest_at_every_place() -> None:
    log, key = MemoryLog(), uuid4()
    log.begin(key)
    for character in TEXT:
        log.append(key, character)
    half = [asyncio.create_task(collect(log, key, offset)) for offset in range(len(TEXT) + 1)]
    await started(log, key, *half)
    log.append(key, "end")
    log.end(key)
    for offset, reader in enumerate(half):
        pieces = await reader
        assert pieces[0][0] == offset
        assert joined(pieces, TEXT[:offset]) == TEXT + "end"


@pytest.mark.parametrize("size", [1, 2, 7, 1_000])
async def test_the_text_since_a_place_does_not_depend_on_how_it_was_cut(size: int) -> None:
    text = module.Text()
    for start in range(0, len(TEXT), size):
        text.append(TEXT[start : start + size])
    assert text.length == len(TEXT)
    assert [text.since(offset) for offset in range(len(TEXT) + 1)] == [TEXT[n:] for n in range(len(TEXT) + 1)]


async def test_a_place_that_the_text_has_not_reached_starts_again_from_0() -> None:
    log, key = MemoryLog(), uuid4()
    log.begin(key)
    log.append(key, "Hello")
    reader = asyncio.create_task(collect(log, key, 99))
    await started(log, key, reader)
    log.append(key, " you")
    log.end(key)
    pieces = await reader
    assert pieces[0][0] == 0
    assert joined(pieces) == "Hello you"


async def test_who_says_that_they_hold_something_of_a_text_that_had_not_begun_gets_all_of_it() -> None:
    log, key = MemoryLog(), uuid4()
    early = asyncio.create_task(collect(log, key, 3))
    await started(log, key, early)
    log.begin(key)
    log.append(key, "Hello")
    log.end(key)
    assert await early == [(0, "Hello")]


async def test_a_position_that_the_row_has_reached_is_valid_before_anything_is_known_here() -> None:
    """A reader who has the whole saved text is not sent it again, also when this process has not seen the reply."""
    log, key = MemoryLog(), uuid4()

    async def follow(after: int, saved: int) -> list[tuple[int, str]]:
        return [piece async for piece in log.follow(key, after, idle=5, saved=saved)]

    readers = [asyncio.create_task(follow(after, saved)) for after, saved in ((5, 5), (4, 5), (6, 5))]
    await started(log, key, *readers)
    log.begin(key)
    log.append(key, "Hello")
    log.append(key, " you")
    log.end(key)
    assert [joined(await reader, "Hello you"[:after]) for reader, after in zip(readers[:2], (5, 4), strict=True)] == [
        "Hello you"
    ] * 2
    assert [(await reader)[0][0] for reader in readers] == [5, 4, 0]


async def test_many_readers_get_the_same_and_the_text_is_kept_once() -> None:
    log, key, piece, count = MemoryLog(), uuid4(), "word " * 200, 500
    log.begin(key)
    readers = [asyncio.create_task(collect(log, key)) for _ in range(count)]
    await started(log, key, *readers)
    begun = time.perf_counter()
    for _ in range(20):
        log.append(key, piece)
        await asyncio.sleep(0.005)
    log.end(key)
    texts = [joined(pieces) for pieces in await asyncio.gather(*readers)]
    assert texts == [piece * 20] * count
    assert time.perf_counter() - begun < 5


async def test_a_slow_reader_gets_what_it_missed_at_once() -> None:
    log, key = MemoryLog(), uuid4()
    log.begin(key)
    log.append(key, "First.")
    reading = log.follow(key, 0, idle=5)
    assert await anext(reading) == (0, "First.")
    for number in range(1_000):
        log.append(key, f" {number}")
    log.end(key)
    missed = "".join(f" {number}" for number in range(1_000))
    assert [piece async for piece in reading] == [(6, missed)]


async def test_what_comes_fast_is_sent_together() -> None:
    log, key = MemoryLog(), uuid4()
    log.begin(key)
    reader, begun = asyncio.create_task(collect(log, key)), time.perf_counter()
    for number in range(200):
        log.append(key, f"{number} ")
        await asyncio.sleep(0.001)
    log.end(key)
    pieces = await reader
    assert joined(pieces) == "".join(f"{number} " for number in range(200))
    assert 2 <= len(pieces) <= 2 + (time.perf_counter() - begun) / module.MERGE_SECONDS


async def test_silence_ends_the_reading_so_that_the_row_is_looked_at() -> None:
    log, key = MemoryLog(), uuid4()
    log.begin(key)
    log.append(key, "Hm")
    assert await collect(log, key, idle=0.05) == [(0, "Hm")]
    assert await collect(log, key, after=2, idle=0.05) == []


async def test_nothing_is_kept_of_what_is_over_or_was_never_written() -> None:
    log, written, unknown = MemoryLog(), uuid4(), uuid4()
    assert await collect(log, unknown, idle=0.01) == []
    log.begin(written)
    log.append(written, "Hello")
    reader = asyncio.create_task(collect(log, written))
    await started(log, written, reader)
    log.end(written)
    assert await reader == [(0, "Hello")]
    log.end(unknown)
    assert log.texts == {}


async def test_a_reader_that_goes_away_leaves_nothing_behind() -> None:
    log, live, unknown = MemoryLog(), uuid4(), uuid4()
    log.begin(live)
    readers = [asyncio.create_task(collect(log, key)) for key in (live, unknown)]
    for key, reader in zip((live, unknown), readers, strict=True):
        await started(log, key, reader)
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    assert [(key, text.readers) for key, text in log.texts.items()] == [(live, 0)]


async def test_the_end_of_a_reply_that_nobody_began_wakes_who_waits_for_it() -> None:
    log, key = MemoryLog(), uuid4()
    reader = asyncio.create_task(collect(log, key))
    await started(log, key, reader)
    log.end(key)
    assert await asyncio.wait_for(reader, 1) == []


async def test_a_long_reply_costs_no_more_for_each_word_than_a_short_one() -> None:
    log, key, words = MemoryLog(), uuid4(), 250_000
    log.begin(key)
    begun = time.perf_counter()
    for _ in range(words):
        log.append(key, "ab茶d")
    assert time.perf_counter() - begun < 2
    tracemalloc.start()
    reader = asyncio.create_task(collect(log, key, words * 4 - 8))
    await started(log, key, reader)
    await asyncio.sleep(0)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
    log.end(key)
    assert await reader == [(words * 4 - 8, "ab茶dab茶d")]
