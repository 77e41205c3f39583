"""Exactly what a model is sent."""

from pathlib import Path
from typing import Literal

import pytest

from assistant.prompt import tokens
from assistant.prompt.prompt import TABLES, Room, Sheet, build, room_for
from db.billing.usage import estimate_tokens
from integrations.llm.chat_completions import Turn

SYSTEM = Turn("system", f"Be brief.\n\n{TABLES}")
LARGE = Room(10_000, len)  # a token for each character
PRICES = Sheet("Prices", ["Item", "Price"], [["Ink | blue", "3.50 EUR"], ["Pen\nred", ""]], 1200)


def sent(*turns: Turn, room: int = 10_000) -> list[Turn]:
    """Return the turns after the system's turn that fit into so many tokens."""
    system, *rest = build("Be brief.", turns, Room(len(SYSTEM.text) + 4 + room, len))
    assert system == SYSTEM
    return rest


def user(text: str) -> Turn:
    return Turn("user", text)


def assistant(text: str) -> Turn:
    return Turn("assistant", text)


def test_a_short_conversation_is_sent_as_it_is() -> None:
    text = [user("Hello"), assistant("Hello!"), user("What did I say?")]
    assert sent(*text) == text


def test_the_oldest_go_first_each_with_its_reply() -> None:
    text = [user("first"), assistant("reply"), user("x" * 10), assistant("and"), user("last")]
    assert sent(*text, room=4 + 4 + 10 + 4 + 3 + 4) == text[2:]
    assert sent(*text, room=4 + 4 + 10 + 4 + 3 + 3) == text[4:]


def test_nothing_older_is_sent_than_what_did_not_fit() -> None:
    text = [user("a"), assistant("b"), user("short"), assistant("x" * 100), user("Go on")]
    assert sent(*text, room=50) == [user("Go on")]


def test_a_message_that_is_longer_than_all_the_room_keeps_its_end() -> None:
    long = "".join(chr(0x4E00 + n % 1000) for n in range(105))
    assert sent(user("before"), assistant("yes"), user(long), room=104) == [user(long[5:])]
    assert sent(user(long), room=-50) == [user(long[-1])]


def test_a_reply_without_a_word_is_left_out_and_the_messages_around_it_become_one_turn() -> None:
    assert sent(user("Hello?"), assistant(""), user("Still there?"), assistant("Yes."), user("Good.")) == [
        user("Hello?\n\nStill there?"),
        assistant("Yes."),
        user("Good."),
    ]


def test_a_person_begins_and_the_roles_take_turns() -> None:
    roles: list[Literal["user", "assistant"]] = ["assistant", "user", "user", "assistant", "assistant", "user"]
    got = sent(*(Turn(role, str(number)) for number, role in enumerate(roles)))
    assert [turn.role for turn in got] == ["user", "assistant", "user"]
    assert [turn.text for turn in got] == ["1\n\n2", "3\n\n4", "5"]


def test_the_tables_in_question_stand_behind_the_system_prompt() -> None:
    system, last = build("Be brief.", [user("Which is cheaper?")], LARGE, [PRICES])
    assert last == user("Which is cheaper?")
    assert system.text == (
        f"{SYSTEM.text}\n\nThe table “Prices” has 1,200 rows. The first of them:\n"
        "| Item | Price |\n| Ink \\| blue | 3.50 EUR |\n| Pen red |  |"
    )


def test_tables_get_a_quarter_of_the_room_and_lose_their_last_rows_first() -> None:
    wide = Sheet("Long", ["Item"], [["x" * 50]] * 100, 100)
    system, _ = build("Be brief.", [user("Hi")], Room(2000, len), [wide, PRICES])
    assert (system.text.count("x" * 50), "Prices" in system.text) == (6, False)


def test_an_attachment_stands_before_what_was_said_and_is_cut_with_a_mark() -> None:
    files = [("notes.txt", "Short."), ("long.csv", "x" * 9000)]
    *_, last = build("Be brief.", [user("Read these.")], Room(len(SYSTEM.text) + 4 + 8000, len), [], files)
    assert last.text == (
        f"Attached file notes.txt:\nShort.\n\nAttached file long.csv:\n{'x' * 2000}\n"
        "[… cut here: 7,000 more characters do not fit]\n\nRead these."
    )


def test_a_reply_s_own_length_is_kept_free_but_never_more_than_half() -> None:
    assert room_for(1000, 300, len).tokens == 700
    assert room_for(1000, 900, len).tokens == 500


def test_tokens_are_estimated_by_bytes() -> None:
    assert [estimate_tokens(text) for text in ("", "a", "abcd", "abcde", "日本語", "\ud800")] == [0, 1, 1, 2, 3, 1]


def test_without_the_encoding_s_own_file_tokens_are_estimated_and_nothing_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    for content in (None, b"something else"):
        if content is not None:
            (tmp_path / tokens.FILE).write_bytes(content)
        assert tokens.counter.__wrapped__() is estimate_tokens
    assert (tmp_path / tokens.FILE).read_bytes() == b"something else"
