"""Signed links: valid for one path until they expire."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from auth.links import sign, verify
from auth.tokens import issue_access
from errors import Forbidden

SECRET, OLD = b"s" * 32, b"o" * 32
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PATH = "/exports/0195a-7/Ausgaben März.xlsx"
HOUR = timedelta(hours=1)


def parts(link: str) -> tuple[str, str, str]:
    split = urlsplit(link)
    query = parse_qs(split.query, strict_parsing=True)
    return split.path, query["expires"][0], query["signature"][0]


EXPIRES, SIGNATURE = parts(sign(SECRET, PATH, expires_at=NOW + HOUR))[1:]


def test_a_link_opens_its_path_until_it_expires() -> None:
    path, expires, signature = parts(sign(SECRET, PATH, expires_at=NOW + HOUR))
    assert (path, expires) == (PATH, "1772370000")
    verify([SECRET], path, expires, signature, now=NOW)
    verify([SECRET], path, expires, signature, now=NOW + HOUR - timedelta(seconds=1))


def test_an_expired_link_says_to_ask_for_a_new_one() -> None:
    with pytest.raises(Forbidden, match=r"^This link has expired: ask for a new link\.$"):
        verify([SECRET], PATH, EXPIRES, SIGNATURE, now=NOW + HOUR)


def test_a_link_signed_with_the_previous_secret_still_opens() -> None:
    verify([b"new" * 11, SECRET], PATH, EXPIRES, SIGNATURE, now=NOW)


@pytest.mark.parametrize(
    ("path", "expires", "signature"),
    [
        pytest.param(PATH + "x", EXPIRES, SIGNATURE, id="another path"),
        pytest.param("/exports", EXPIRES, SIGNATURE, id="a shorter path"),
        pytest.param(PATH, str(int(EXPIRES) + 1), SIGNATURE, id="a later time"),
        pytest.param(PATH, "0" + EXPIRES, SIGNATURE, id="a time spelled otherwise"),
        pytest.param(PATH, f" {EXPIRES}", SIGNATURE, id="a time with a space"),
        pytest.param(PATH, "١٧٧٢٣٧٠٠٠٠", SIGNATURE, id="a time in other digits"),
        pytest.param(PATH, EXPIRES + "\n", SIGNATURE, id="a time with a line end"),
        pytest.param(PATH, "9" * 5000, SIGNATURE, id="a huge time"),
        pytest.param(PATH, "-1", SIGNATURE, id="a negative time"),
        pytest.param(PATH, "nan", SIGNATURE, id="no number"),
        pytest.param(PATH, None, SIGNATURE, id="no time"),
        pytest.param(PATH, "", SIGNATURE, id="an empty time"),
        pytest.param(PATH, EXPIRES, None, id="no signature"),
        pytest.param(PATH, EXPIRES, "", id="an empty signature"),
        pytest.param(PATH, EXPIRES, SIGNATURE[:-1], id="a short signature"),
        pytest.param(PATH, EXPIRES, SIGNATURE + "=", id="a padded signature"),
        pytest.param(PATH, EXPIRES, SIGNATURE.swapcase(), id="another signature"),
        pytest.param(PATH, EXPIRES, "ü" * 43, id="a signature beyond ASCII"),
        pytest.param(PATH, EXPIRES, "\ud800" * 43, id="a signature of half characters"),
        pytest.param(f"{EXPIRES}\n{PATH}", EXPIRES, SIGNATURE, id="the time moved into the path"),
        pytest.param(PATH, EXPIRES, parts(sign(OLD, PATH, expires_at=NOW + HOUR))[2], id="another secret"),
    ],
)
def test_a_forged_link_is_refused(path: str, expires: str | None, signature: str | None) -> None:
    with pytest.raises(Forbidden, match=r"^This link is not valid: ask for a new link"):
        verify([SECRET], path, expires, signature, now=NOW)


def test_a_forged_expired_link_does_not_look_like_one_of_ours() -> None:
    with pytest.raises(Forbidden, match="not valid"):
        verify([SECRET], PATH, EXPIRES, SIGNATURE[::-1], now=NOW + 2 * HOUR)


def test_what_an_access_token_is_signed_with_signs_no_link() -> None:
    token = issue_access(SECRET, user_id=UUID(int=1), email="a@b.c", session_id=UUID(int=2), lifetime=HOUR, now=NOW)
    with pytest.raises(Forbidden):
        verify([SECRET], PATH, EXPIRES, token.rpartition(".")[2], now=NOW)


@pytest.mark.parametrize("path", ["exports/1", "/exports/1?as=csv", "/exports/1#top", ""])
def test_only_a_plain_absolute_path_is_signed(path: str) -> None:
    with pytest.raises(ValueError, match="can be signed"):
        sign(SECRET, path, expires_at=NOW)
