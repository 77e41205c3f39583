"""Several processes on one PostgreSQL and one Redis: what one writes, everybody at another sees at once."""

import asyncio

import pytest

import jobs.writing
import resolvers.messages
from tests.dictation import (
    Dictation,
    begin,
    dictation,
    follow,
    held,
    joined,
    read,
    texts_of,
    watched,
)
from tests.several import installation, web, worker
from tests.site import Site

__all__ = ["dictation", "installation", "web", "worker"]

PIECES = ["Grüße ", "👩", "\u200d👩\u200d", "👧 ", "中", "文 e", "\u0301", "\n| a |", " b |\n", "🇩🇪", "\r\n", "Schluß"]
TEXT = "".join(PIECES)


@pytest.fixture
def without_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but Redis can bring a text to another process before its end."""
    monkeypatch.setattr(jobs.writing, "CHECKPOINT_SECONDS", 3600)
    monkeypatch.setattr(resolvers.messages, "IDLE_SECONDS", 3600)


@pytest.mark.usefixtures("without_checkpoints")
async def test_what_a_worker_writes_is_followed_piece_by_piece_from_a_server(web: Site, dictation: Dictation) -> None:
    ann = await web.person()
    id_ = await begin(ann)
    following = [asyncio.create_task(follow(web, ann, id_)) for _ in range(5)]
    await watched(web, 5)
    so_far = ""
    for piece in PIECES:
        dictation.say(piece)
        so_far += piece
        await held(web, ann, id_, so_far)
    late = [asyncio.create_task(follow(web, ann, id_, place)) for place in range(len(TEXT) + 1)]
    await watched(web, 5 + len(late))
    dictation.finish()
    for place, events in enumerate(await asyncio.gather(*late)):
        assert joined(events, TEXT[:place]) == TEXT
        assert place == len(TEXT) or events[0]["offset"] == place
        assert events[-1]["message"] == {"id": id_, "text": TEXT, "status": "COMPLETED"}
    for events in await asyncio.gather(*following):
        offsets = [event["offset"] for event in events if event["__typename"] == "ReplyDelta"]
        assert joined(events) == TEXT
        assert len(offsets) == len(PIECES)
        assert offsets == sorted(set(offsets))
    assert (await read(ann, id_))["text"] == TEXT
    assert texts_of(web) == {}
