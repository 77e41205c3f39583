"""Browser of a person who signs in with the loopback identity provider."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import func, select

from db.core.prepared import Prepared
from db.models.memberships import Membership
from db.models.sessions import SignIn
from db.models.single_sign_on import Identity, SignInCode
from db.models.users import User
from tests.support.app import App
from tests.support.client import Client
from tests.support.world import SYSTEM

EXCHANGE = "{ user { id email name isEmailVerified } session { accessToken } }"

everything: Prepared[Any] = Prepared(
    select(
        func.count(User.id).label("users"),
        select(func.count(Identity.id)).scalar_subquery().label("identities"),
        select(func.count(SignIn.id)).scalar_subquery().label("sessions"),
        select(func.count(Membership.id)).scalar_subquery().label("memberships"),
        select(func.count(SignInCode.digest)).scalar_subquery().label("codes"),
    )
)


async def counts(app: App) -> tuple[int, int, int, int, int]:
    """Return the numbers of users, identities, sessions, memberships and one-time codes."""
    (row,) = await app.backend.database.read(everything, SYSTEM)
    return row.users, row.identities, row.sessions, row.memberships, row.codes


@dataclass
class ProviderBrowser:
    """Cookies of one browser; the application is reached at the address of `client`, not at its public one."""

    client: Client
    cookies: dict[str, str] = field(default_factory=dict)

    async def open(self, path: str) -> httpx.Response:
        """Open a path of the application with the cookies, and store those that it sets."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": cookie} if cookie else {}
        response = await self.client.http.get(f"{self.client.url}{path}", headers=headers)
        for header in response.headers.get_list("set-cookie"):
            name, _, value = header.partition(";")[0].partition("=")
            self.cookies[name] = value
        self.client.http.cookies.clear()  # the HTTP client of the tests is no browser
        return response

    async def begin(self, provider: str = "loopback", challenge: str | None = None) -> str:
        """Begin to sign in and return the page of the provider."""
        query = f"?challenge={challenge}" if challenge else ""
        response = await self.open(f"/oauth/oidc/{provider}{query}")
        assert response.status_code == 303, response.text
        return response.headers["location"]

    async def authorize(self, url: str) -> httpx.URL:
        """Open the page of the provider and return where it sends the browser."""
        response = await asyncio.to_thread(httpx.get, url)
        assert response.status_code == 302, response.text
        return httpx.URL(response.headers["location"])

    async def come_back(self, url: httpx.URL) -> httpx.Response:
        return await self.open(url.raw_path.decode())

    async def sign_in(self, provider: str = "loopback", challenge: str | None = None) -> httpx.Response:
        return await self.come_back(await self.authorize(await self.begin(provider, challenge)))


def code_in(response: httpx.Response) -> str:
    """Return the one-time code in the address that a browser is sent to."""
    assert response.status_code == 303, response.text
    return response.headers["location"].partition("#signInCode=")[2]


async def exchange(client: Client, response: httpx.Response, **more: Any) -> Any:
    """Exchange the code of a response, and sign the client in with the session."""
    payload = await client.mutate("exchangeSignInCode", EXCHANGE, code=code_in(response), **more)
    client.token = payload["session"]["accessToken"]
    return payload["user"]
