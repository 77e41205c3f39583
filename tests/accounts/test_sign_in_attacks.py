"""Attacks on single sign-on: forged tokens, replays and providers that play false; nothing happens in any of them."""

import json
import logging
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from assembly.product import assemble
from checks import check_providers
from db.models.single_sign_on import LIFETIME
from settings.settings import Misconfigured, Settings
from tests.support.app import App
from tests.support.loopback.openid import ANN, CLIENT_ID, CLIENT_SECRET, LoopbackOpenID
from tests.support.loopback.openid_browser import ProviderBrowser, code_in, counts, exchange

HOUR = 3_600
FORGERIES: dict[str, dict[str, Any]] = {
    "another nonce": {"changes": {"nonce": "n" * 43}},
    "no nonce": {"changes": {"nonce": None}},
    "another audience": {"changes": {"aud": "another-client"}},
    "another audience, with us as its party": {"changes": {"aud": "another", "azp": CLIENT_ID}},
    "no audience": {"changes": {"aud": None}},
    "an audience beside us, without the party it is for": {"changes": {"aud": [CLIENT_ID, "another-client"]}},
    "a party other than us": {"changes": {"aud": [CLIENT_ID, "another"], "azp": "another"}},
    "another issuer": {"changes": {"iss": "https://accounts.evil.example"}},
    "expired": {"changes": {"exp": int(time.time()) - HOUR}},
    "without an end": {"changes": {"exp": None}},
    "an end that is no time": {"changes": {"exp": "tomorrow"}},
    "of the future": {"changes": {"iat": int(time.time()) + HOUR, "exp": int(time.time()) + 2 * HOUR}},
    "no subject": {"changes": {"sub": None}},
    "an empty subject": {"changes": {"sub": ""}},
    "a subject that is no text": {"changes": {"sub": {"$ne": 1}}},
    "a hash of another access token": {"changes": {"at_hash": "x" * 22}},
    "not signed": {"algorithm": "none"},
    "signed with what everybody has": {"algorithm": "HS256"},
    "signed with another algorithm": {"algorithm": "RS512"},
    "signed with a key that is not published": {"key_number": 2},
    "an address that is not verified": {"person": {**ANN, "email_verified": False}},
    "an address of which nothing is said": {"person": {"sub": "1", "email": "ann@example.com"}},
    "a text for the verified address": {"person": {**ANN, "email_verified": "yes"}},
    "an address that is none": {"person": {**ANN, "email": "ann@example.com\r\nBcc: eve@example.com"}},
    "an address of another type": {"person": {**ANN, "email": ["ann@example.com"]}},
    "the user info of somebody else": {"person": {"sub": "1"}, "user_info": ANN},
}


async def test_a_forged_token_signs_nobody_in(sign_in_app: App, provider: LoopbackOpenID) -> None:
    """Ann has an account with the address, to which a wrong identity must not be linked."""
    await sign_in_app.person("ann")
    before = await counts(sign_in_app)
    for name, forgery in FORGERIES.items():
        usual = {field: getattr(provider, field) for field in forgery}
        vars(provider).update(forgery)
        page = await ProviderBrowser(sign_in_app.client()).sign_in()
        vars(provider).update(usual)
        assert (name, page.status_code in (400, 403), "location" in page.headers) == (name, True, False)
        assert (name, await counts(sign_in_app)) == (name, before)
    assert (await ProviderBrowser(sign_in_app.client()).sign_in()).status_code == 303


async def test_each_algorithm_and_rotated_keys_are_accepted_and_old_keys_are_not(
    sign_in_app: App, provider: LoopbackOpenID
) -> None:
    for algorithm in ("RS256", "ES256"):
        provider.algorithm = algorithm
        assert (await ProviderBrowser(sign_in_app.client()).sign_in()).status_code == 303
    assert provider.calls.count("keys") == 1
    provider.rotate()
    assert (await ProviderBrowser(sign_in_app.client()).sign_in()).status_code == 303
    assert provider.calls.count("keys") == 2
    before = await counts(sign_in_app)
    provider.key_number = 1  # stolen, and revoked by the rotation
    assert (await ProviderBrowser(sign_in_app.client()).sign_in()).status_code == 400
    assert (await counts(sign_in_app), provider.calls.count("keys")) == (before, 3)


async def test_an_address_in_the_user_info_counts_too(sign_in_app: App, provider: LoopbackOpenID) -> None:
    provider.person, provider.user_info = {"sub": ANN["sub"], "name": "Ann  Lee Kim"}, dict(ANN, email_verified="true")
    client = sign_in_app.client()
    user = await exchange(client, await ProviderBrowser(client).sign_in())
    assert (user["email"], user["name"]) == ("ann@example.com", "Ann Lee")


async def test_an_answer_comes_back_once_in_time_and_to_the_browser_that_began(
    sign_in_app: App, provider: LoopbackOpenID, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.are_codes_reusable = True
    eve, ann = ProviderBrowser(sign_in_app.client()), ProviderBrowser(sign_in_app.client())
    of_eve = await eve.authorize(await eve.begin())
    mine = await ann.authorize(await ann.begin())
    cookies = dict(ann.cookies)
    before, calls = await counts(sign_in_app), list(provider.calls)
    stranger = ProviderBrowser(sign_in_app.client())
    for browser, url in (
        (ann, of_eve),  # a link that Eve sent, to sign Ann in as Eve
        (stranger, mine),  # a code that was stolen on its way
        (ann, mine.copy_set_param("state", "x" * 43)),
        (ann, mine.copy_remove_param("state")),
        (ann, mine.copy_add_param("state", mine.params["state"])),
    ):
        page = await browser.come_back(url)
        assert (page.status_code, "does not work" in page.text) == (400, True)
        assert "set-cookie" not in page.headers  # so that the sign-in which goes on is not lost
    assert (await counts(sign_in_app), provider.calls) == (before, calls)
    assert (await ann.come_back(mine)).status_code == 303
    after, calls = await counts(sign_in_app), list(provider.calls)
    ann.cookies = cookies  # as a thief of the cookie would have it
    assert (await ann.come_back(mine)).status_code == 400
    late = await eve.authorize(await eve.begin())
    start = time.time()
    monkeypatch.setattr("resolvers.accounts.single_sign_on.now", lambda: _Later(start + LIFETIME.total_seconds() + 1))
    assert (await eve.come_back(late)).status_code == 400
    assert (await counts(sign_in_app), provider.calls) == (after, [*calls, "authorize"])


class _Later:
    """Moment of which only the timestamp is read."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def timestamp(self) -> float:
        return self._seconds


async def test_a_code_that_was_used_or_is_of_another_sign_in_is_refused(
    sign_in_app: App, provider: LoopbackOpenID
) -> None:
    ann, eve = ProviderBrowser(sign_in_app.client()), ProviderBrowser(sign_in_app.client())
    used = await ann.authorize(await ann.begin())
    assert (await ann.come_back(used)).status_code == 303
    before = await counts(sign_in_app)
    other = await ann.authorize(await ann.begin())
    for code in (used.params["code"], other.params["code"], "x" * 8_193, ""):
        own = await eve.authorize(await eve.begin())
        assert (await eve.come_back(own.copy_set_param("code", code))).status_code == 400
    assert await counts(sign_in_app) == before


async def test_a_mixed_up_provider_never_gets_the_code_of_another(
    sign_in_app: App, provider: LoopbackOpenID, evil_provider: LoopbackOpenID
) -> None:
    """Ann begins with a provider that sends her on to the honest one, for the code that she gets there."""
    evil_provider.metadata = {"authorization_response_iss_parameter_supported": False}
    evil_provider.calls.clear()
    ann = ProviderBrowser(sign_in_app.client())
    state = (await ann.authorize(await ann.begin("evil"))).params["state"]
    honest = await ProviderBrowser(sign_in_app.client()).begin()
    back = (await ann.authorize(honest)).copy_set_param("state", state)
    before, calls = await counts(sign_in_app), list(provider.calls)
    # The honest provider sends its codes to its own callback alone, and says whose they are.
    assert (await ann.come_back(back)).status_code == 400
    page = await ann.open(f"/oauth/oidc/evil/callback?{back.query.decode()}")
    assert page.status_code == 400
    assert "token" not in evil_provider.calls
    assert (await counts(sign_in_app), provider.calls) == (before, calls)
    provider.answer = {"iss": None}  # missing, although the provider says that it sends it
    assert (await ProviderBrowser(sign_in_app.client()).sign_in()).status_code == 400
    assert provider.calls.count("token") == 0


async def test_a_configuration_of_another_issuer_or_without_encryption_is_refused(
    sign_in_app: App, provider: LoopbackOpenID
) -> None:
    before = await counts(sign_in_app)
    for change in (
        {"issuer": "https://accounts.evil.example"},
        {"issuer": f"{provider.issuer}/"},
        {"token_endpoint": "http://accounts.example.com/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": None},
    ):
        provider.metadata = change
        page = await ProviderBrowser(sign_in_app.client()).open("/oauth/oidc/loopback")
        assert (page.status_code, "set-cookie" in page.headers) == (400, False)
    provider.metadata, provider.status = {}, 503
    assert (await ProviderBrowser(sign_in_app.client()).open("/oauth/oidc/loopback")).status_code == 502
    assert (await counts(sign_in_app), set(provider.calls)) == (before, {"openid-configuration"})
    provider.status = 200
    for path in ("/oauth/oidc/loopback?challenge=short", "/oauth/oidc/unknown", "/oauth/oidc/unknown/callback"):
        assert (await ProviderBrowser(sign_in_app.client()).open(path)).status_code == 400


async def test_a_person_who_declines_is_told_so(sign_in_app: App, provider: LoopbackOpenID) -> None:
    provider.answer = {"code": None, "error": "access_denied", "error_description": "<script>x</script>"}
    before = await counts(sign_in_app)
    page = await ProviderBrowser(sign_in_app.client()).sign_in()
    assert (page.status_code, "was not allowed" in page.text, "script" in page.text) == (400, True, False)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (await counts(sign_in_app), "token" in provider.calls) == (before, False)


async def test_no_code_token_or_secret_is_in_the_log(
    sign_in_app: App, provider: LoopbackOpenID, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser = ProviderBrowser(sign_in_app.client())
    urls: list[httpx.URL] = []
    cookies: list[str] = []
    forgeries: list[dict[str, Any]] = [{}, {"changes": {"nonce": "x"}}, {"changes": {}, "codes": {}}]
    for forgery in forgeries:
        url = await browser.authorize(await browser.begin())
        cookies += browser.cookies.values()
        vars(provider).update(forgery)
        response = await browser.come_back(url)
        urls.append(url)
        if response.status_code == 303:
            one_time = code_in(response)
            await exchange(sign_in_app.client(), response)
    # httpx, the browser of the test, writes down the addresses that it opens.
    records = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    texts = [f"{record.getMessage()} {vars(record)}" for record in records]
    assert [record.getMessage() for record in records].count("sign-in failed") == 2
    secrets = [CLIENT_SECRET, one_time, *provider.tokens, *cookies]
    secrets += [url.params[name] for url in urls for name in ("code", "state")]
    assert [secret for secret in secrets if any(secret in text for text in texts)] == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"issuer": "http://login.example.com"}, "OIDC_PROVIDERS.0.issuer: .*write the issuer's address"),
        ({"issuer": "https://login.example.com?tenant=1"}, "OIDC_PROVIDERS.0.issuer: "),
        ({"key": "Our Login"}, "OIDC_PROVIDERS.0.key: "),
        ({"scopes": "email"}, "the scopes must contain openid"),
        ({"domains": ["*"]}, "OIDC_PROVIDERS.0.domains.0: "),
        ({"organization": "x"}, "an organization needs domains"),
        ({"organization": "x", "domains": ["a.example"]}, "organization is not the id of an organization"),
        ({"client_secret_env": "NO_SUCH_VARIABLE"}, "name one of client_secret"),
        ({"client_secret": None, "client_secret_env": "NO_SUCH_VARIABLE"}, "NO_SUCH_VARIABLE, which is not set"),
        ({"client_secret": None, "client_secret_file": "/no/such/file"}, "client_secret_file cannot be read"),
        ({"colour": "red"}, "OIDC_PROVIDERS.0.colour: "),
    ],
)
def test_a_wrong_provider_is_refused_at_the_start(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    config = {"key": "login", "name": "Login", "issuer": "https://login.example.com", "client_id": "a"}
    config |= {"client_secret": CLIENT_SECRET, **change}
    with pytest.raises(Misconfigured, match=message) as refused:
        assemble_with(json.dumps([config]), tmp_path)
    assert CLIENT_SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[{", "is not JSON"),
        ('{"key": "a"}', "must be a list"),
        ("/no/such/file", "neither a JSON list nor a file"),
    ],
)
def test_providers_that_are_no_list_are_refused_at_the_start(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=message):
        assemble_with(text, tmp_path)


def test_two_providers_of_one_key_or_without_an_address_are_refused_at_the_start(tmp_path: Path) -> None:
    config = {"key": "login", "name": "Login", "issuer": "https://login.example.com", "client_id": "a"}
    with pytest.raises(Misconfigured, match="login is taken"):
        assemble_with(json.dumps([config, config]), tmp_path)
    with pytest.raises(Misconfigured, match="OIDC_PROVIDERS needs PUBLIC_URL"):
        assemble_with(json.dumps([config]), tmp_path, public_url="http://sheets.example.com")


def test_the_check_of_an_installation_tries_each_provider(provider: LoopbackOpenID) -> None:
    configs = [provider.config(), provider.config("elsewhere", issuer=f"{provider.issuer}/elsewhere")]
    settings = Settings(_env_file=None, oidc_providers=json.dumps(configs), public_url="https://sheets.example.com")
    good, bad = check_providers(settings)
    address = "https://sheets.example.com/oauth/oidc/loopback/callback"
    assert (good.name, good.detail, good.problem) == ("oidc loopback", f"5 keys; redirect URI {address}", None)
    assert (bad.name, "is of another issuer" in str(bad.problem)) == ("oidc elsewhere", True)
    (refused,) = check_providers(settings.model_copy(update={"public_url": "http://sheets.example.com"}))
    assert "OIDC_PROVIDERS needs PUBLIC_URL" in str(refused.problem)


def assemble_with(providers: str, directory: Path, **settings: Any) -> None:
    arguments: dict[str, Any] = {"public_url": "https://sheets.example.com", "secret_key": "s" * 40, **settings}
    files = directory / "files"
    database = f"sqlite:///{directory / 'x.db'}"
    assemble(Settings(_env_file=None, oidc_providers=providers, files_dir=files, database_url=database, **arguments))
