"""Browser of a person who consents at the loopback Google and comes back to the application."""

import asyncio
import re
from dataclasses import dataclass, field

import httpx

from tests.support.client import Client

CONNECT = "mutation { connectGoogle { authorizationUrl } }"
ACCOUNT = "{ me { googleAccount { email scopes connectedAt needsReconnect } } }"
CONFIRM = "mutation C($code: String!) { confirmGoogle(input: {code: $code}) { user { googleAccount { email } } } }"


@dataclass
class Browser:
    """Cookies of one browser; the application is reached at the address of `client`, not at its public one."""

    client: Client
    cookies: dict[str, str] = field(default_factory=dict)

    async def begin(self) -> str:
        """Call connectGoogle in this browser and return the page of Google."""
        body = {"query": CONNECT}
        response = await self.client.http.post(f"{self.client.url}/graphql", json=body, headers=self.client.headers)
        for header in response.headers.get_list("set-cookie"):
            name, _, value = header.partition(";")[0].partition("=")
            self.cookies[name] = value
        return str(response.json()["data"]["connectGoogle"]["authorizationUrl"])

    async def consent(self, url: str) -> httpx.URL:
        """Open the page of Google and return where it sends the browser."""
        response = await asyncio.to_thread(httpx.get, url)
        assert response.status_code == 302, response.text
        return httpx.URL(response.headers["location"])

    async def come_back(self, url: httpx.URL) -> httpx.Response:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        target = f"{self.client.url}{url.raw_path.decode()}"
        return await self.client.http.get(target, headers={"Cookie": cookie} if cookie else {})

    async def connect(self) -> httpx.Response:
        return await self.come_back(await self.consent(await self.begin()))


def code_on(page: httpx.Response) -> str:
    """Return the code that a page shows."""
    match = re.search(r"<code>([A-Z2-9-]+)</code>", page.text)
    assert match, page.text
    return match[1]


async def account_of(client: Client) -> dict[str, object] | None:
    account: dict[str, object] | None = (await client.run(ACCOUNT))["me"]["googleAccount"]
    return account
