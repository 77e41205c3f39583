"""Single sign-on: the way of a person, and the account that they get."""

import json
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from sqlalchemy import select

from db.core.base import now
from db.core.session import Session
from db.models.single_sign_on import SignInCode
from db.models.users import User
from tests.support.app import App, open_app
from tests.support.client import Client, Refused
from tests.support.loopback.openid import ANN, LoopbackOpenID
from tests.support.loopback.openid_browser import ProviderBrowser, code_in, counts, exchange
from tests.support.superusers import sign_up_superuser
from tests.support.world import SYSTEM

PASSWORD = "correct horse battery"
PROVIDERS = "{ signInProviders { key name url } }"
MEMBERSHIPS = "{ me { memberships { nodes { role status organization { id name } } } } }"


async def person(app: App, provider: str = "loopback") -> tuple[Client, Any]:
    """Return a client that has signed in with a provider, and the user."""
    client = app.client()
    return client, await exchange(client, await ProviderBrowser(client).sign_in(provider))


async def verify(app: App, email: str) -> None:
    def unit(session: Session) -> None:
        session.scalars(select(User).where(User.email == email)).one().is_email_verified = True

    await app.backend.database.write(unit, SYSTEM)


async def test_a_person_signs_in_and_gets_an_account_with_a_verified_address(
    sign_in_app: App, provider: LoopbackOpenID
) -> None:
    client = sign_in_app.client()
    providers = (await client.run(PROVIDERS))["signInProviders"]
    assert providers[0] == {
        "key": "loopback", "name": "Loopback", "url": "https://sheets.example.com/oauth/oidc/loopback"
    }  # fmt: skip
    browser = ProviderBrowser(client)
    url = await browser.begin()
    query = parse_qs(httpx.URL(url).query.decode())
    assert query["redirect_uri"] == ["https://sheets.example.com/oauth/oidc/loopback/callback"]
    assert (query["scope"], query["code_challenge_method"]) == (["openid email profile"], ["S256"])
    response = await browser.come_back(await browser.authorize(url))
    assert response.headers["location"].startswith("https://sheets.example.com/#signInCode=")
    assert (response.headers["cache-control"], response.headers["referrer-policy"]) == ("no-store", "no-referrer")
    user = await exchange(client, response)
    assert (user["email"], user["name"], user["isEmailVerified"]) == ("ann@example.com", "Ann Lee", True)
    assert provider.calls == ["openid-configuration", "authorize", "token", "keys"]
    _, again = await person(sign_in_app)
    assert again["id"] == user["id"]
    assert await counts(sign_in_app) == (1, 1, 2, 1, 2)
    # The account has no password, which no password equals.
    for password in ("", PASSWORD):
        error = await sign_in_app.client().refused("logIn", email="ann@example.com", password=password)
        assert error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_cookie_is_for_this_host_over_https_alone_and_ends_with_the_sign_in(sign_in_app: App) -> None:
    browser = ProviderBrowser(sign_in_app.client())
    (cookie,) = (await browser.open("/oauth/oidc/loopback")).headers.get_list("set-cookie")
    assert cookie.startswith("__Host-sheetgpt-sign-in=")
    assert cookie.endswith("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure")
    (removal,) = (await browser.sign_in()).headers.get_list("set-cookie")
    assert removal == "__Host-sheetgpt-sign-in=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure"


async def test_an_identity_stays_with_its_account_when_the_address_changes_there(
    sign_in_app: App, provider: LoopbackOpenID
) -> None:
    _, user = await person(sign_in_app)
    provider.person |= {"email": "ann.lee@example.com", "email_verified": False}
    _, again = await person(sign_in_app)
    assert (again["id"], again["email"]) == (user["id"], "ann@example.com")
    assert (await counts(sign_in_app))[:2] == (1, 1)


async def test_a_verified_address_links_an_account_which_keeps_its_password_and_sessions(sign_in_app: App) -> None:
    ann = await sign_in_app.person("ann")
    await verify(sign_in_app, "ann@example.com")
    _, user = await person(sign_in_app)
    assert user["id"] == (await ann.run("{ me { id } }"))["me"]["id"]
    await sign_in_app.client().mutate("logIn", "{ __typename }", email="ann@example.com", password=PASSWORD)
    assert (await counts(sign_in_app))[:2] == (1, 1)


async def test_an_account_that_somebody_else_began_with_the_address_is_taken_from_them(sign_in_app: App) -> None:
    eve = await sign_in_app.person("ann")
    key = (await eve.mutate("createApiKey", "{ secret }", name="Spy", scopes=["READ"]))["secret"]
    organization = (await eve.run(MEMBERSHIPS))["me"]["memberships"]["nodes"][0]["organization"]["id"]
    hook = {"url": "https://8.8.8.8/", "events": ["REPORT_READY"], "organizationId": organization}
    await eve.mutate("createWebhook", "{ __typename }", **hook)
    ann, user = await person(sign_in_app)
    assert user["isEmailVerified"] is True
    stolen = sign_in_app.client()
    stolen.token = key
    for client in (eve, stolen):
        with pytest.raises(Refused) as refused:
            await client.run("{ me { id } }")
        assert refused.value.codes == ["UNAUTHENTICATED"]
    error = await sign_in_app.client().refused("logIn", email="ann@example.com", password=PASSWORD)
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert (await ann.run("{ webhooks { nodes { id } } }"))["webhooks"]["nodes"] == []
    assert (await counts(sign_in_app))[:2] == (1, 1)


async def test_the_address_of_a_former_person_gives_a_new_one_nothing(
    sign_in_app: App, provider: LoopbackOpenID
) -> None:
    await person(sign_in_app)
    before = await counts(sign_in_app)
    provider.person["sub"] = "another Ann"
    page = await ProviderBrowser(sign_in_app.client()).sign_in()
    assert (page.status_code, "another identity" in page.text) == (403, True)
    assert await counts(sign_in_app) == before


async def test_only_people_of_the_domain_who_have_an_account_sign_in_with_a_closed_provider(
    sign_in_app: App, provider: LoopbackOpenID
) -> None:
    before = await counts(sign_in_app)
    for changes, advice in (
        ({}, "You have no account here"),
        ({"email": "ann@other.example"}, "Addresses of your domain"),
        ({"email": "ann@sub.example.com"}, "Addresses of your domain"),
        ({"email": "ann@notexample.com"}, "Addresses of your domain"),
        ({"email_verified": False}, "has not verified"),
    ):
        provider.person = {**ANN, **changes}
        page = await ProviderBrowser(sign_in_app.client()).sign_in("members")
        assert (page.status_code, advice in page.text) == (403, True), changes
        assert await counts(sign_in_app) == before
    provider.person = dict(ANN)
    await sign_in_app.person("ann")
    await verify(sign_in_app, "ann@example.com")
    _, user = await person(sign_in_app, "members")
    assert user["email"] == "ann@example.com"
    # A known identity signs in with an address of the domain alone, too.
    provider.person["email"] = "ann@other.example"
    assert (await ProviderBrowser(sign_in_app.client()).sign_in("members")).status_code == 403


async def test_a_deactivated_account_stays_closed(sign_in_app: App) -> None:
    root = await sign_up_superuser(sign_in_app, "root")
    _, user = await person(sign_in_app)
    response = await ProviderBrowser(sign_in_app.client()).sign_in()
    await root.mutate("updateUser", "{ __typename }", id=user["id"], isActive=False)
    before = await counts(sign_in_app)
    error = await sign_in_app.client().refused("exchangeSignInCode", code=code_in(response))
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    page = await ProviderBrowser(sign_in_app.client()).sign_in()
    assert (page.status_code, "deactivated" in page.text, await counts(sign_in_app)) == (403, True, before)


async def test_a_deleted_account_frees_its_identity(sign_in_app: App) -> None:
    ann = await sign_in_app.person("ann")
    await verify(sign_in_app, "ann@example.com")
    _, first = await person(sign_in_app)
    await sign_in_app.product.purger.stop()  # the identity is free before anything is erased
    await ann.mutate("deleteAccount", "{ ok }", password=PASSWORD)
    _, second = await person(sign_in_app)
    assert second["id"] != first["id"]
    assert (await counts(sign_in_app))[1] == 1


async def test_people_become_members_once_and_stay_removed(
    database_url: str, tmp_path: Path, provider: LoopbackOpenID
) -> None:
    async with open_app(database_url, tmp_path) as app:
        root = await app.person("root")
        works = (await root.mutate("createOrganization", "{ organization { id } }", name="Works"))["organization"]["id"]
    config = provider.config(organization=works, domains=["example.com"])
    settings = {"oidc_providers": json.dumps([config]), "public_url": "http://localhost:8000"}
    async with open_app(database_url, tmp_path, **settings) as app:
        for _ in range(2):
            ann, _ = await person(app)
        memberships = (await ann.run(MEMBERSHIPS))["me"]["memberships"]["nodes"]
        joined = [one for one in memberships if one["organization"]["id"] == works]
        assert [(one["role"], one["status"]) for one in joined] == [("MEMBER", "ACTIVE")]
        provider.person |= {"sub": "eve", "email": "eve@other.example"}
        before = await counts(app)
        assert (await ProviderBrowser(app.client()).sign_in()).status_code == 403
        assert await counts(app) == before
        provider.person = dict(ANN)
        members = "query M($id: ID!) { organization(id: $id) { members { nodes { id user { email } } } } }"
        root = app.client()
        signed_in = await root.mutate(
            "logIn", "{ session { accessToken } }", email="root@example.com", password=PASSWORD
        )
        root.token = signed_in["session"]["accessToken"]
        nodes = (await root.run(members, id=works))["organization"]["members"]["nodes"]
        (membership,) = [node["id"] for node in nodes if node["user"]["email"] == "ann@example.com"]
        await root.mutate("removeMember", "{ __typename }", membershipId=membership)
        ann, _ = await person(app)
        memberships = (await ann.run(MEMBERSHIPS))["me"]["memberships"]["nodes"]
        assert [one for one in memberships if one["organization"]["id"] == works] == []


async def test_a_code_works_once_for_two_minutes_and_with_the_verifier_of_the_page(sign_in_app: App) -> None:
    client = sign_in_app.client()
    verifier = secrets.token_urlsafe(32)
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    plain, bound, late = [
        code_in(await ProviderBrowser(client).sign_in(challenge=each)) for each in (None, challenge, None)
    ]
    again = code_in(await ProviderBrowser(client).sign_in(challenge=challenge))
    before = await counts(sign_in_app)
    refused = [
        {"code": "x"},
        {"code": plain, "verifier": verifier},  # begun by somebody else, without the challenge of this page
        {"code": plain},  # used up by the attempt before
        {"code": bound},
        {"code": bound, "verifier": verifier},
        {"code": late, "verifier": ""},
    ]
    for arguments in refused:
        error = await client.refused("exchangeSignInCode", **arguments)
        assert error["extensions"]["fieldErrors"][0]["field"] == "code"
    late = code_in(await ProviderBrowser(client).sign_in())

    def expire(session: Session) -> None:
        for pending in session.scalars(select(SignInCode).where(SignInCode.challenge.is_(None))):
            pending.expires_at = now()

    await sign_in_app.backend.database.write(expire, SYSTEM)
    await client.refused("exchangeSignInCode", code=late)
    assert (await counts(sign_in_app))[:4] == before[:4]
    await client.mutate("exchangeSignInCode", "{ __typename }", code=again, verifier=verifier)
    await client.refused("exchangeSignInCode", code=again, verifier=verifier)
    assert (await counts(sign_in_app))[2] == before[2] + 1


async def test_a_page_of_another_origin_gets_the_code(
    sqlite_url: str, tmp_path: Path, provider: LoopbackOpenID
) -> None:
    settings: dict[str, Any] = {
        "oidc_providers": json.dumps([provider.config()]),
        "port": 8123,
        "oidc_return_url": "https://app.example.com/signed-in",
    }
    async with open_app(sqlite_url, tmp_path, **settings) as app:
        assert (await app.client().run(PROVIDERS))["signInProviders"][0]["url"] == "/oauth/oidc/loopback"
        browser = ProviderBrowser(app.client())
        (cookie,) = (await browser.open("/oauth/oidc/loopback")).headers.get_list("set-cookie")
        assert cookie.startswith("sheetgpt-sign-in=")
        assert "Secure" not in cookie
        response = await browser.sign_in()
        assert response.headers["location"].startswith("https://app.example.com/signed-in#signInCode=")


async def test_without_providers_there_are_none(app: App) -> None:
    assert (await app.client().run(PROVIDERS))["signInProviders"] == []
    assert (await ProviderBrowser(app.client()).open("/oauth/oidc/google")).status_code == 400
