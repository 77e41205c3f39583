"""Secrets that a production server refuses, and separate keys for each purpose."""

import secrets

import pytest

from auth.secrets import derive_key, require_secret

GOOD = "kM4vq0w8Yd_2Xr7JtZ6bNf3LhGc9PsQa"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "is not set"),
        ("", "is not set"),
        ("short", "has 5 bytes and needs at least 32"),
        (GOOD[:31], "has 31 bytes"),
        ("changeme" + GOOD, "is a placeholder"),
        ("ChangeMe-" + GOOD, "is a placeholder"),
        ("<change-me-please-to-something-longer>", "is a placeholder"),
        ("secret-secret-secret-secret-but-longer", "is a placeholder"),
        ("your_secret_key_of_thirty_two_bytes_or_more", "is a placeholder"),
        ("x" * 64, "repeats one short piece"),
        ("0123456789abcdef" * 4, "repeats one short piece"),
    ],
)
def test_production_refuses_a_secret_that_can_be_guessed(value: str | None, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refused:
        require_secret(value, production=True)
    message = str(refused.value)
    assert message.startswith("SECRET_KEY ")
    assert 'python -c "import secrets; print(secrets.token_urlsafe(48))"' in message
    assert not value or value not in message


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(GOOD, id="32 letters and digits"),
        pytest.param("é" * 15 + "ab", id="32 bytes in 17 characters"),
        pytest.param(secrets.token_urlsafe(48), id="what the message says to make"),
        pytest.param(secrets.token_hex(32), id="hexadecimal"),
    ],
)
def test_production_takes_a_long_random_secret(value: str) -> None:
    assert require_secret(value, production=True) == value.encode()


def test_development_goes_without_a_secret_or_with_a_short_one() -> None:
    assert require_secret(None, production=False) is None
    assert require_secret("", production=False) is None
    assert require_secret("dev", production=False) == b"dev"


def test_each_purpose_has_its_own_key_of_32_bytes() -> None:
    keys = {derive_key(secret, purpose) for secret in (b"a", b"b") for purpose in ("tokens", "links")}
    assert len(keys) == 4
    assert {len(key) for key in keys} == {32}
    assert derive_key(b"a", "tokens") == derive_key(b"a", "tokens")
