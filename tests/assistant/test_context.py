"""Exactly what a model is sent."""

from typing import Literal

from assistant.context import MAX_CHARACTERS, TABLES, build
from integrations.llm import Turn

SYSTEM = Turn("system", f"Be brief.\n\n{TABLES}")


def sent(*turns: Turn) -> list[Turn]:
    system, *rest = build("Be brief.", turns)
    assert system == SYSTEM
    return rest


def user(text: str) -> Turn:
    return Turn("user", text)


def assistant(text: str) -> Turn:
    return Turn("assistant", text)


def test_a_short_conversation_is_sent_as_it_is() -> None:
    said = [user("Hello"), assistant("Hello!"), user("What did I say?")]
    assert sent(*said) == said


def test_what_does_not_fit_is_left_out_from_the_oldest_on() -> None:
    half = "x" * (MAX_CHARACTERS // 2)
    said = [user("first"), assistant("reply"), user(half), assistant("and"), user(half[:-3])]
    assert sent(*said) == said[2:]
    assert sum(len(turn.text) for turn in sent(*said)) == MAX_CHARACTERS


def test_nothing_older_is_sent_than_what_did_not_fit() -> None:
    said = [user("short"), assistant("x" * MAX_CHARACTERS), user("Go on")]
    assert sent(*said) == [user("Go on")]


def test_a_message_that_is_longer_than_all_the_room_keeps_its_end() -> None:
    long = "".join(chr(0x4E00 + n % 1000) for n in range(MAX_CHARACTERS + 5))
    assert sent(user("before"), assistant("yes"), user(long)) == [user(long[5:])]


def test_a_person_begins() -> None:
    cut = "x" * (MAX_CHARACTERS - 3)
    assert sent(user("left out"), assistant("yes"), user(cut)) == [user(cut)]


def test_a_reply_without_a_word_is_left_out_and_the_messages_around_it_become_one_turn() -> None:
    assert sent(user("Hello?"), assistant(""), user("Still there?"), assistant("Yes."), user("Good.")) == [
        user("Hello?\n\nStill there?"),
        assistant("Yes."),
        user("Good."),
    ]


def test_the_roles_take_turns() -> None:
    roles: list[Literal["user", "assistant"]] = ["assistant", "user", "user", "assistant", "assistant", "user"]
    got = sent(*(Turn(role, str(number)) for number, role in enumerate(roles)))
    assert [turn.role for turn in got] == ["user", "assistant", "user"]
    assert [turn.text for turn in got] == ["1\n\n2", "3\n\n4", "5"]
