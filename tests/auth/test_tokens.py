"""Access tokens: the claims of genuine ones, and the refusal of forgeries."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auth.tokens import EXPIRED, NOT_VALID, Claims, issue_access, new_refresh, read_access, refresh_digest
from errors import Unauthenticated
from tests.support.forged_tokens import (
    AT,
    CLAIMS,
    FORGERIES,
    HEADER,
    HOUR,
    KEY,
    NOW,
    SECRET,
    SESSION,
    USER,
    genuine,
    signed,
    with_claims,
    with_header,
)


def test_a_token_is_read_as_it_was_issued() -> None:
    claims = read_access([SECRET], genuine(), now=NOW)
    expires_at = datetime(2026, 3, 1, 13, tzinfo=UTC)
    assert claims == Claims(USER, "ada@example.org", SESSION, expires_at, claims.token_id)
    assert len(claims.token_id) == 22
    assert claims.token_id != read_access([SECRET], genuine(), now=NOW).token_id


def test_a_token_is_what_the_standard_says() -> None:
    header, payload, _ = genuine().split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == HEADER
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert claims | {"jti": "one"} == CLAIMS


def test_the_forgers_tools_make_a_genuine_token_when_nothing_is_changed() -> None:
    assert read_access([SECRET], signed(HEADER, CLAIMS), now=NOW).token_id == "one"
    assert read_access([SECRET], with_header(kid="any"), now=NOW).user_id == USER
    assert read_access([SECRET], with_claims(nbf=AT), now=NOW).user_id == USER


def test_a_token_of_the_previous_secret_is_read_until_it_is_retired() -> None:
    token = genuine()
    assert read_access([b"n" * 32, SECRET], token, now=NOW).user_id == USER
    with pytest.raises(Unauthenticated):
        read_access([b"n" * 32], token, now=NOW)
    with pytest.raises(Unauthenticated):
        read_access([], token, now=NOW)


def test_a_token_ends_with_its_last_second_and_says_so() -> None:
    token = genuine()
    ends = datetime(2026, 3, 1, 13, tzinfo=UTC)
    assert read_access([SECRET], token, now=ends - timedelta(seconds=1)).expires_at == ends
    with pytest.raises(Unauthenticated) as refused:
        read_access([SECRET], token, now=ends)
    assert refused.value.message == EXPIRED


def test_clocks_may_differ_by_a_minute() -> None:
    assert read_access([SECRET], genuine(), now=NOW - timedelta(seconds=60)).user_id == USER
    with pytest.raises(Unauthenticated, match="not valid"):
        read_access([SECRET], genuine(), now=NOW - timedelta(seconds=61))


@pytest.mark.parametrize("lifetime", [timedelta(0), -HOUR, timedelta(hours=24, seconds=1)])
def test_no_token_is_issued_for_longer_than_a_day_or_for_no_time(lifetime: timedelta) -> None:
    with pytest.raises(ValueError, match="lives up to"):
        issue_access(SECRET, user_id=USER, email="", session_id=SESSION, lifetime=lifetime, now=NOW)


def test_a_token_may_live_for_a_day() -> None:
    day = timedelta(hours=24)
    token = issue_access(SECRET, user_id=USER, email="", session_id=SESSION, lifetime=day, now=NOW)
    assert read_access([SECRET], token, now=NOW).expires_at == datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize("token", [pytest.param(token, id=name) for name, token in FORGERIES.items()])
def test_a_forged_token_is_refused(token: str) -> None:
    with pytest.raises(Unauthenticated) as refused:
        read_access([SECRET], token, now=NOW)
    assert refused.value.message == NOT_VALID


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"exp": AT, "iat": AT - 1}, KEY),
        ({"exp": AT - 86400, "iat": AT - 90000}, KEY),
        ({"exp": 5, "iat": 0}, KEY),
        ({"exp": -(10**30) + 5, "iat": -(10**30)}, KEY),
    ],
)
def test_only_a_genuine_token_is_said_to_have_expired(changes: dict[str, int], key: bytes) -> None:
    with pytest.raises(Unauthenticated) as refused:
        read_access([SECRET], signed(HEADER, CLAIMS | changes, key), now=NOW)
    assert refused.value.message == EXPIRED
    with pytest.raises(Unauthenticated) as refused:
        read_access([SECRET], signed(HEADER, CLAIMS | changes, b"x" * 32), now=NOW)
    assert refused.value.message == NOT_VALID


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def outcome(token: str) -> Claims | Unauthenticated:
    try:
        return read_access([SECRET], token, now=NOW)
    except Unauthenticated as refused:
        return refused


@settings(deadline=None, max_examples=60)
@given(
    header=st.dictionaries(st.sampled_from(["alg", "typ", "kid", "crit", "b64", "jwk", "x5u"]), json_values),
    claims=st.dictionaries(st.sampled_from([*CLAIMS, "nbf"]), json_values, min_size=1),
)
def test_no_header_and_no_claim_is_an_accident(header: dict[str, Any], claims: dict[str, Any]) -> None:
    for token in (signed(HEADER | header, CLAIMS), signed(HEADER, CLAIMS | claims), signed(header, claims)):
        assert type(outcome(token)) in (Claims, Unauthenticated)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_text_is_an_accident(token: str) -> None:
    with pytest.raises(Unauthenticated):
        read_access([SECRET], token, now=NOW)
    assert len(refresh_digest(token)) == 32


def test_a_refresh_token_has_256_random_bits_and_is_kept_as_a_digest() -> None:
    token, digest = new_refresh()
    assert len(base64.urlsafe_b64decode(token + "=")) == 32
    assert digest == hashlib.sha256(token.encode()).digest() == refresh_digest(token)
    assert len({new_refresh()[0] for _ in range(100)}) == 100
    assert refresh_digest("\ud800") != refresh_digest("?")
