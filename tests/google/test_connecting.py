"""Connecting a Google account by OAuth: the way of a person, and the attacks on it."""

import asyncio
import logging
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest
from sqlalchemy import select

from auth.encryption import Cipher
from auth.viewer import Viewer
from db.accounts.administration import perform
from db.core.base import now
from db.core.prepared import Prepared
from db.core.session import Session
from db.models.google import GoogleAccount, GoogleConsent, GoogleRevocation
from integrations.google.oauth import AccessTokens
from jobs.google.revocations import Revocations
from resolvers.google.accounts import google_person
from tests.support.app import App, open_app
from tests.support.browser_at_google import CONFIRM, Browser, account_of, code_on
from tests.support.client import Client, Refused
from tests.support.loopback.google_state import CLIENT_SECRET, PERSON, Consent, LoopbackSheets

DRIVE_FILE = "https://www.googleapis.com/auth/drive.file"
PEOPLE = [f"{name}@example.com" for name in ("ann", "root", "ben", "cleo")]
SYSTEM = Viewer.system()
MEMBERS = """query M($id: ID!) { organization(id: $id) { members { nodes { user {
  email googleAccount { email } } } } } }"""
DISCONNECT = "mutation { disconnectGoogle { isRevoked user { googleAccount { email } } } }"
PASSWORD = "correct horse battery"
DELETE = f'mutation {{ deleteAccount(input: {{password: "{PASSWORD}"}}) {{ ok }} }}'

every_account: Prepared[GoogleAccount] = Prepared(select(GoogleAccount).limit(10))
every_consent: Prepared[GoogleConsent] = Prepared(select(GoogleConsent).limit(10))


async def stored(app: App) -> GoogleAccount:
    (row,) = await app.backend.database.read(every_account, SYSTEM)
    return row


async def test_a_person_connects_and_disconnects_their_account(app: App, google: LoopbackSheets) -> None:
    ann = await app.person("ann")
    browser = Browser(ann)
    url = httpx.URL(await browser.begin())
    requested = parse_qs(url.query.decode())
    assert requested["redirect_uri"] == ["https://sheets.example.com/oauth/google/callback"]
    assert (requested["scope"], requested["code_challenge_method"]) == ([DRIVE_FILE], ["S256"])
    assert (requested["access_type"], requested["prompt"]) == (["offline"], ["consent"])
    page = await browser.come_back(await browser.consent(str(url)))
    assert (page.status_code, "is connected" in page.text) == (200, True)
    account = await account_of(ann)
    assert account is not None
    assert (account["email"], account["scopes"], account["needsReconnect"]) == (PERSON, [DRIVE_FILE], False)
    ((token, _),) = google.grants.items()
    row = await stored(app)
    assert row.refresh_token is not None
    assert token.encode() not in row.refresh_token
    done = (await ann.run(DISCONNECT))["disconnectGoogle"]
    assert done == {"isRevoked": True, "user": {"googleAccount": None}}
    assert (google.grants, await app.backend.database.read(every_account, SYSTEM)) == ({}, [])


async def test_the_page_is_plain_and_reflects_nothing(app: App, google: LoopbackSheets) -> None:
    browser = Browser(await app.person("ann"))
    back = await browser.consent(await browser.begin())
    pages = [
        await browser.come_back(httpx.URL("/oauth/google/callback?error=<script>x</script>&state=<script>x</script>")),
        await browser.come_back(back),
    ]
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert policy == "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
        assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
        assert "location" not in page.headers
        assert "script" not in page.text
        assert back.params["code"] not in page.text
        assert back.params["state"] not in page.text
        assert "set-cookie" not in page.headers


@pytest.mark.parametrize(
    ("consent", "says", "calls"),
    [
        (Consent(is_allowed=False), "You did not allow the access", []),
        (Consent(withheld=frozenset({DRIVE_FILE})), "leave all boxes checked", ["token", "revoke"]),
    ],
)
async def test_a_consent_that_is_denied_or_partial_connects_nothing(
    app: App, google: LoopbackSheets, consent: Consent, says: str, calls: list[str]
) -> None:
    browser = Browser(await app.person("ann"))
    google.consent = consent
    page = await browser.connect()
    assert (page.status_code, says in page.text) == (400, True)
    assert (await account_of(browser.client), google.calls, google.grants) == (None, ["authorize", *calls], {})


async def test_a_state_is_unknown_used_or_too_old(app: App, google: LoopbackSheets) -> None:
    browser = Browser(await app.person("ann"))
    first = await browser.consent(await browser.begin())
    assert (await browser.come_back(first)).status_code == 200
    connected = await account_of(browser.client)
    calls = list(google.calls)
    second = await browser.consent(await browser.begin())
    strange = second.copy_set_param("state", "x" * 43)
    twice = second.copy_add_param("state", second.params["state"])
    for url in (first, first.copy_set_param("code", "another"), strange, twice, second.copy_remove_param("state")):
        page = await browser.come_back(url)
        assert (page.status_code, "does not work any more" in page.text) == (400, True)
    await app.backend.database.write(expire, SYSTEM)
    assert (await browser.come_back(second)).status_code == 400
    assert (await account_of(browser.client), google.calls) == (connected, [*calls, "authorize"])


def expire(session: Session) -> None:
    for consent in session.scalars(select(GoogleConsent)):
        consent.expires_at = now()


async def test_an_answer_of_another_issuer_is_refused_before_its_code_is_sent_anywhere(
    app: App, google: LoopbackSheets
) -> None:
    browser = Browser(await app.person("ann"))
    back = await browser.consent(await browser.begin())
    page = await browser.come_back(back.copy_set_param("iss", "https://accounts.evil.example"))
    assert (page.status_code, google.calls, await account_of(browser.client)) == (400, ["authorize"], None)


async def test_a_code_of_another_consent_does_not_fit_the_verifier(app: App, google: LoopbackSheets) -> None:
    ann, eve = Browser(await app.person("ann")), Browser(await app.person("eve"))
    stolen = (await ann.consent(await ann.begin())).params["code"]
    own = await eve.consent(await eve.begin())
    page = await eve.come_back(own.copy_set_param("code", stolen))
    assert (page.status_code, "did not confirm" in page.text) == (400, True)
    assert (await account_of(eve.client), google.grants) == (None, {})


async def test_a_session_that_has_ended_connects_nothing(app: App, google: LoopbackSheets) -> None:
    browser = Browser(await app.person("ann"))
    back = await browser.consent(await browser.begin())
    await browser.client.run("mutation { logOutEverywhere { ok } }")
    assert (await browser.come_back(back)).status_code == 400
    assert google.calls == ["authorize"]


async def test_a_link_that_somebody_else_sent_connects_nothing_to_their_session(
    app: App, google: LoopbackSheets
) -> None:
    eve, ben = Browser(await app.person("eve")), Browser(await app.person("ben"))
    ben_begun = await ben.begin()
    page = await ben.come_back(await ben.consent(await eve.begin()))
    assert (page.status_code, "close this page" in page.text) == (200, True)
    assert (await account_of(eve.client), google.grants) == (None, {})
    # The code is for the session that began, and shown to the person who consented alone.
    code = code_on(page)
    with pytest.raises(Refused) as refused:
        await ben.client.run(CONFIRM, code=code)
    assert refused.value.codes == ["BAD_USER_INPUT"]
    for guess in ["A" * 12] * 5:
        with pytest.raises(Refused):
            await eve.client.run(CONFIRM, code=guess)
    with pytest.raises(Refused):
        await eve.client.run(CONFIRM, code=code)  # five wrong codes have ended it
    assert (await account_of(eve.client), google.grants) == (None, {})
    assert (await ben.come_back(await ben.consent(ben_begun))).status_code == 200
    assert await account_of(ben.client)


async def test_another_browser_of_the_same_person_confirms_with_the_code(app: App, google: LoopbackSheets) -> None:
    ann = await app.person("ann")
    page = await Browser(ann).come_back(await Browser(ann).consent(await Browser(ann).begin()))
    done = await ann.run(CONFIRM, code=code_on(page).lower())
    assert done["confirmGoogle"]["user"]["googleAccount"] == {"email": PERSON}
    with pytest.raises(Refused):
        await ann.run(CONFIRM, code=code_on(page))


async def test_a_cookie_is_for_this_host_over_https_alone(app: App) -> None:
    ann = await app.person("ann")
    body = {"query": 'mutation { connectGoogle(input: {loginHint: "a@b.example"}) { authorizationUrl } }'}
    response = await ann.http.post(f"{ann.url}/graphql", json=body, headers=ann.headers)
    (cookie,) = response.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-sheetgpt-google=")
    assert cookie.endswith("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure")
    assert "login_hint=a%40b.example" in response.json()["data"]["connectGoogle"]["authorizationUrl"]


async def test_a_google_that_is_away_or_refuses_the_client_is_named(app: App, google: LoopbackSheets) -> None:
    browser = Browser(await app.person("ann"))
    google.fail("token", 503)
    page = await browser.connect()
    assert (page.status_code, "could not be reached" in page.text) == (502, True)
    google.fail("about.get", 500)
    page = await browser.connect()
    assert (page.status_code, await account_of(browser.client)) == (502, None)


async def test_only_the_person_sees_their_account(app: App, google: LoopbackSheets) -> None:
    ann, *others = [await app.person(name) for name in ("ann", "root", "ben", "cleo")]
    root = others[0]
    await perform(app.backend.database, "superuser grant", {"email": "root@example.com"})
    await Browser(ann).connect()
    organization = await app.organization(ann, *others)
    before = len(app.reads)
    assert await accounts_seen(root, organization) == dict.fromkeys(PEOPLE)
    # The viewer's own row is there before the others', so there are two batches at most.
    assert 1 <= sum("google_accounts" in sql for sql in app.reads[before:]) <= 2
    assert await accounts_seen(ann, organization) == dict.fromkeys(PEOPLE) | {"ann@example.com": {"email": PERSON}}


async def accounts_seen(client: Client, organization: str) -> dict[str, object]:
    nodes = (await client.run(MEMBERS, id=organization))["organization"]["members"]["nodes"]
    return {node["user"]["email"]: node["user"]["googleAccount"] for node in nodes}


async def test_another_account_takes_the_place_of_the_first_which_is_revoked(app: App, google: LoopbackSheets) -> None:
    ann = await app.person("ann")
    browser = Browser(ann)
    for _ in range(2):
        await browser.connect()
    assert google.count("revoke") == 0
    google.consent = Consent(address="second@gmail.example")
    await browser.connect()
    account = await account_of(ann)
    assert account is not None
    assert account["email"] == "second@gmail.example"
    assert {grant.address for grant in google.grants.values()} == {"second@gmail.example"}


async def test_the_end_of_an_account_revokes_its_google_account(app: App, google: LoopbackSheets) -> None:
    ann = await app.person("ann")
    browser = Browser(ann)
    await browser.connect()
    await ann.run(DELETE)
    assert (google.grants, await app.backend.database.read(every_account, SYSTEM)) == ({}, [])


async def test_a_google_that_is_away_does_not_keep_a_connection(app: App, google: LoopbackSheets) -> None:
    browser = Browser(await app.person("ann"))
    await browser.connect()
    google.fail("revoke", 503)
    assert (await browser.client.run(DISCONNECT))["disconnectGoogle"]["isRevoked"] is False
    assert await account_of(browser.client) is None
    assert len(google.grants) == 1


def make_due(session: Session) -> None:
    for revocation in session.scalars(select(GoogleRevocation)).all():
        revocation.due_at = now()


@pytest.mark.parametrize("end", [DISCONNECT, DELETE])
async def test_a_token_that_google_did_not_revoke_is_revoked_later_once(
    app: App, google: LoopbackSheets, end: str
) -> None:
    browser, database = Browser(await app.person("ann")), app.backend.database
    await browser.connect()
    google.fail("revoke", 503)
    await browser.client.run(end)
    revocations = Revocations(database, app.backend.google)
    await revocations.revoke_due()  # not due yet
    assert (len(google.grants), google.count("revoke")) == (1, 1)
    google.fail("revoke", 503)
    await database.write(make_due, SYSTEM)
    await asyncio.gather(*(revocations.revoke_due() for _ in range(3)))
    assert (len(google.grants), google.count("revoke")) == (1, 2)
    await app.product.purger.purge()
    await database.write(make_due, SYSTEM)
    for _ in range(2):
        await revocations.revoke_due()
    assert (google.grants, google.count("revoke")) == ({}, 3)


async def test_an_account_that_is_connected_again_is_not_revoked(app: App, google: LoopbackSheets) -> None:
    browser, database = Browser(await app.person("ann")), app.backend.database
    await browser.connect()
    google.fail("revoke", 503)
    await browser.client.run(DISCONNECT)
    await browser.connect()
    await database.write(make_due, SYSTEM)
    await Revocations(database, app.backend.google).revoke_due()
    assert (google.count("revoke"), len(google.grants) > 0) == (1, True)


async def test_no_secret_is_in_the_log_or_in_an_error(
    app: App, google: LoopbackSheets, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser = Browser(await app.person("ann"))
    back = await browser.consent(await browser.begin())
    google.fail("token", 400, reason="invalid_grant")
    texts = [(await browser.come_back(back)).text]
    again = await browser.consent(await browser.begin())
    texts.append((await browser.come_back(again)).text)
    ((token, _),) = google.grants.items()
    await browser.client.run(DISCONNECT)
    # httpx, the browser of the test, writes down the addresses that it opens.
    texts += [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    secrets = [CLIENT_SECRET, token, *google.tokens, *browser.cookies.values()]
    secrets += [url.params[name] for url in (back, again) for name in ("code", "state")]
    assert [secret for secret in secrets if any(secret in text for text in texts)] == []


async def test_keys_are_rotated_and_a_lost_key_needs_a_new_connection(
    database_url: str, tmp_path: Path, google: LoopbackSheets
) -> None:
    settings = google.oauth_settings()
    async with open_app(database_url, tmp_path, **settings, secret_key="first-" * 8) as app:
        browser = Browser(await app.person("ann"))
        await browser.connect()
        user_id = (await app.viewer(browser.client)).user_id
    async with open_app(
        database_url, tmp_path, **settings, secret_key="second-" * 8, secret_keys_previous="first-" * 8
    ) as app:
        assert await needs_reconnect(app) is False
        # Encrypted with the new key at the next use, so that the former one can go.
        await google_person(app.backend, user_id)
    async with open_app(database_url, tmp_path, **settings, secret_key="second-" * 8) as app:
        assert await needs_reconnect(app) is False
    async with open_app(database_url, tmp_path, **settings, secret_key="third-" * 8) as app:
        assert await needs_reconnect(app) is True


async def needs_reconnect(app: App) -> bool:
    client = app.client()
    session = await client.mutate("logIn", "{ session { accessToken } }", email="ann@example.com", password=PASSWORD)
    client.token = session["session"]["accessToken"]
    account = await account_of(client)
    assert account is not None
    return bool(account["needsReconnect"])


async def test_without_a_client_people_are_told_what_the_operator_sets(database_url: str, tmp_path: Path) -> None:
    async with open_app(database_url, tmp_path) as app:
        ann = await app.person("ann")
        with pytest.raises(Refused) as refused:
            await ann.run("mutation { connectGoogle { authorizationUrl } }")
        assert refused.value.codes == ["NOT_CONFIGURED"]
        assert "GOOGLE_OAUTH_CLIENT_ID" in str(refused.value)
        assert await account_of(ann) is None
        assert (await Browser(ann).come_back(httpx.URL("/oauth/google/callback?state=x&code=y"))).status_code == 400
        assert await app.backend.database.read(every_consent, SYSTEM) == []


def test_a_token_that_is_copied_to_another_person_does_not_decrypt() -> None:
    from uuid import UUID

    cipher, (ann, eve) = Cipher([b"k" * 32], "test"), (UUID(int=1), UUID(int=2))
    encrypted = cipher.encrypt("1//token", ann)
    assert (cipher.decrypt(encrypted, ann), cipher.decrypt(encrypted, eve)) == ("1//token", None)
    assert (cipher.decrypt(None, ann), cipher.decrypt(encrypted[:-1], ann)) == (None, None)


async def test_threads_that_need_a_token_wait_for_one_renewal() -> None:
    renewals: list[str] = []

    def renew(refresh_token: str) -> tuple[str, float]:
        renewals.append(refresh_token)
        return f"token-{len(renewals)}", 3600.0

    tokens = AccessTokens(renew)
    got = await asyncio.gather(*(asyncio.to_thread(tokens.get, "refresh") for _ in range(8)))
    assert ({token for token, _ in got}, renewals) == ({"token-1"}, ["refresh"])
    assert tokens.get("refresh", refused="token-1")[0] == "token-2"
    assert tokens.get("refresh", refused="token-1")[0] == "token-2"
