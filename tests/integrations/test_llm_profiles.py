"""Profiles as an operator writes them, the models that they offer, and the breaker before each."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from assembly.components import create_models
from integrations.llm.breaker import FAILURES, OPEN_SECONDS, Breaker
from integrations.llm.catalog import Catalog, catalog_of
from integrations.llm.failures import ModelFailure, token_timeout
from integrations.llm.profiles import Profile, ProfilesRefused, read_profiles
from settings.settings import Misconfigured, Settings

PASSING = token_timeout(1)
LASTING = ModelFailure("KEY_REFUSED", "No.", retryable=False)


def described(*profiles: dict[str, Any]) -> tuple[Profile, ...]:
    return read_profiles(json.dumps(profiles))


def offered(*profiles: dict[str, Any], key: str | None = None, model: str = "gpt") -> Catalog:
    return catalog_of(json.dumps(profiles), key=key, base_url=None, model=model, context_window=1000)


def test_profiles_are_a_text_or_a_file_and_may_be_missing(tmp_path: Path) -> None:
    text = json.dumps([{"name": "local", "models": ["llama"]}])
    (tmp_path / "profiles.json").write_text(text)
    assert read_profiles(text) == read_profiles(str(tmp_path / "profiles.json"))
    assert read_profiles(None) == read_profiles(" ") == ()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("nowhere.json", "LLM_PROFILES is neither a JSON list nor a file that can be read"),
        ("[{]", "LLM_PROFILES is not JSON: "),
        ("{}", "LLM_PROFILES must be a list of at most 50 profiles"),
        ("[5]", "LLM_PROFILES.0: "),
        ('[{"models": ["m"]}]', "LLM_PROFILES.0.name: Field required"),
        ('[{"name": "a b", "models": ["m"]}]', "LLM_PROFILES.0.name: "),
        ('[{"name": "a"}]', "LLM_PROFILES.0.models: Field required"),
        ('[{"name": "a", "models": []}]', "LLM_PROFILES.0.models: "),
        ('[{"name": "a", "models": ["m", {"name": "m"}]}]', "LLM_PROFILES.0: Value error, a model is named twice"),
        ('[{"name": "a", "models": ["m"], "modles": 1}]', "LLM_PROFILES.0.modles: Extra inputs"),
        ('[{"name": "a", "models": [{"name": "m", "context_window": 1}]}]', "LLM_PROFILES.0.models.0.context_window: "),
        ('[{"name": "a", "models": ["m"], "prices": [{"input": "-1", "output": 1}]}]', "LLM_PROFILES.0.prices.0.input"),
        (
            '[{"name": "a", "models": ["m"], "prices": [{"input": 1, "output": 1}, {"input": 1, "output": 1}]}]',
            "LLM_PROFILES.0: Value error, two prices hold on the same day",
        ),
        ('[{"name": "a", "models": ["m"], "api_key": "k", "api_key_env": "K"}]', "name one of api_key, api_key_file"),
        ('[{"name": "a", "models": ["m"]}, {"name": "a", "models": ["m"]}]', "LLM_PROFILES.1.name: a is taken"),
        ('[{"name": "default", "models": ["m"]}]', "LLM_PROFILES.0.name: default is taken"),
    ],
)
def test_what_is_wrong_with_a_profile_is_said_with_its_field(arguments: str, text: str) -> None:
    with pytest.raises(ProfilesRefused) as refused:
        read_profiles(arguments)
    assert text in str(refused.value)


def test_a_mistake_beside_a_key_does_not_show_the_key() -> None:
    with pytest.raises(ProfilesRefused) as refused:
        described({"name": "a", "models": ["m"], "api_key": ["sk-secret"]})
    assert "sk-secret" not in str(refused.value)


def test_a_key_is_written_out_or_in_a_file_or_in_the_environment(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-file\n")
    keys = [{"api_key": "written"}, {"api_key_file": str(tmp_path / "key")}, {"api_key_env": "OURS"}, {}]
    profiles = described(*({"name": f"p{n}", "models": ["m"]} | arguments for n, arguments in enumerate(keys)))
    assert [one.key({"OURS": "from-environment"}) for one in profiles] == [
        "written",
        "from-file",
        "from-environment",
        "none",
    ]
    with pytest.raises(ProfilesRefused, match="p2: api_key_env names OURS, which is not set"):
        profiles[2].key({})
    (tmp_path / "key").unlink()
    with pytest.raises(ProfilesRefused, match="p1: api_key_file cannot be read"):
        profiles[1].key()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"llm_profiles": '[{"name": "a"}]'}, "LLM_PROFILES.0.models: Field required."),
        ({"llm_profiles": '[{"name": "a", "models": ["m"], "base_url": "host"}]'}, "base_url of “a” in LLM_PROFILES"),
        ({"openai_api_key": "sk-schlüssel"}, "OPENAI_API_KEY is empty or has characters that no key can have"),
        ({"openai_api_key": "k", "openai_model": "two words"}, "OPENAI_MODEL is the name of one model"),
    ],
)
def test_the_server_does_not_start_with_a_model_that_cannot_be(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        create_models(Settings(_env_file=None, **arguments))
    assert text in str(refused.value)


def test_a_model_is_named_with_its_profile_only_where_two_have_one_of_that_name() -> None:
    catalog = offered({"name": "a", "models": ["m", "n"]}, {"name": "b", "models": ["m"]}, key="k")
    assert catalog.names == ("gpt", "a/m", "n", "b/m")
    assert [(offer.profile.name, offer.model) for offer in catalog.offers] == [
        ("default", "gpt"),
        ("a", "m"),
        ("a", "n"),
        ("b", "m"),
    ]
    assert catalog.find("a/n") is catalog.find("n") is catalog.offers[2]
    assert catalog.find("default/gpt") is catalog.offers[0]
    assert catalog.find("m") is None


def test_with_no_profile_there_is_only_the_offline_assistant() -> None:
    assert (offered().names, offered().is_offline) == (("offline",), True)


def test_a_model_is_as_its_profile_says_unless_it_says_otherwise() -> None:
    own = {"name": "n", "context_window": 512, "capabilities": {"images": True}, "prices": []}
    catalog = offered(
        {
            "name": "a",
            "models": ["m", own],
            "context_window": 9000,
            "max_output": 500,
            "prices": [{"input": 0.1, "output": "2.50"}],
        }
    )
    m, n = catalog.offers
    assert (m.context_window, m.max_output, m.capabilities.images) == (9000, 500, False)
    assert (n.context_window, n.max_output, n.capabilities.images, n.price(date(2026, 1, 1))) == (512, 500, True, None)
    price = m.price(date(2026, 1, 1))
    assert price is not None
    assert (price.input, price.output) == (Decimal("0.1"), Decimal("2.50"))


def test_a_price_holds_from_its_first_day_to_its_last() -> None:
    catalog = offered(
        {
            "name": "a",
            "models": ["m"],
            "prices": [
                {"from": "2026-02-01", "input": 2, "output": 2},
                {"from": "2026-01-01", "until": "2026-01-31", "input": 1, "output": 1},
            ],
        }
    )
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1), date(2030, 1, 1)]
    prices = [catalog.offers[0].price(day) for day in days]
    assert [price and price.input for price in prices] == [None, 1, 1, 2, 2]


class Hours:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def fail(breaker: Breaker, failure: ModelFailure = PASSING) -> None:
    tries = breaker.admit()
    breaker.failed(failure, is_trial=tries)
    breaker.ended(is_trial=tries)


def refused_for(breaker: Breaker) -> float | None:
    with pytest.raises(ModelFailure) as refused:
        breaker.admit()
    assert (refused.value.code, refused.value.retryable) == ("PROVIDER_UNAVAILABLE", True)
    return refused.value.retry_after


def opened() -> tuple[Breaker, Hours]:
    hours = Hours()
    breaker = Breaker("p", hours)
    for _ in range(FAILURES):
        fail(breaker)
    return breaker, hours


def test_a_breaker_opens_after_failures_in_a_row_and_says_for_how_long() -> None:
    breaker, hours = opened()
    assert refused_for(breaker) == OPEN_SECONDS
    hours.now = 4
    assert refused_for(breaker) == OPEN_SECONDS - 4


def test_failures_between_successes_and_those_that_last_do_not_open_it() -> None:
    breaker = Breaker("p", Hours())
    for _ in range(FAILURES * 2):
        fail(breaker, LASTING)
    for _ in range(3):
        for _ in range(FAILURES - 1):
            fail(breaker)
        breaker.admit()
        breaker.succeeded()
    assert breaker.admit() is False


def test_when_its_time_is_over_one_call_tries_and_success_closes_it() -> None:
    breaker, hours = opened()
    hours.now = OPEN_SECONDS
    assert breaker.admit() is True
    assert refused_for(breaker) == 1
    breaker.succeeded()
    breaker.ended(is_trial=True)
    assert breaker.admit() is False
    for _ in range(FAILURES - 1):
        fail(breaker)
    assert breaker.admit() is False


def test_a_try_that_fails_opens_it_for_twice_as_long() -> None:
    breaker, hours = opened()
    hours.now = OPEN_SECONDS
    fail(breaker)
    assert refused_for(breaker) == OPEN_SECONDS * 2
    hours.now += OPEN_SECONDS * 2
    fail(breaker, ModelFailure("RATE_LIMITED", "Wait.", retryable=True, retry_after=120))
    assert refused_for(breaker) == 120


def test_a_try_that_is_cancelled_leaves_the_next_one_to_try() -> None:
    breaker, hours = opened()
    hours.now = OPEN_SECONDS
    breaker.ended(is_trial=breaker.admit())
    assert breaker.admit() is True


def test_the_first_token_lets_others_call_and_the_next_failure_opens_it_again() -> None:
    breaker, hours = opened()
    hours.now = OPEN_SECONDS
    breaker.heard(is_trial=breaker.admit())
    assert breaker.admit() is False
    fail(breaker)
    assert refused_for(breaker) == OPEN_SECONDS * 2


def test_a_call_from_before_it_opened_changes_nothing() -> None:
    breaker, _ = opened()
    breaker.failed(PASSING, is_trial=False)
    breaker.ended(is_trial=False)
    assert refused_for(breaker) == OPEN_SECONDS
