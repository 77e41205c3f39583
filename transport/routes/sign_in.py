"""GET /oauth/oidc/{provider} and its callback: browsers go to an identity provider and come back with a code."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from transport.core.callers import ip_address
from transport.core.logs import request_id
from transport.routes.consent import HEADERS, START_AGAIN, page, single

PATH = "/oauth/oidc/{provider}"
REFUSED = "You are not signed in"
# Status, heading and advice of each outcome.
PAGES = {
    "denied": (400, REFUSED, f"The sign-in was not allowed. {START_AGAIN}"),
    "refused": (400, REFUSED, f"The provider did not confirm who you are. {START_AGAIN}"),
    "unreachable": (502, REFUSED, f"The provider could not be reached. {START_AGAIN}"),
    "unknown": (
        400,
        "This link does not work",
        f"A sign-in works once, within ten minutes, in the browser that began it. {START_AGAIN}",
    ),
    "unverified": (
        403,
        REFUSED,
        f"The provider has not verified your e-mail address. Verify it there. {START_AGAIN}",
    ),
    "other_domain": (
        403,
        REFUSED,
        f"Addresses of your domain may not sign in with this provider. {START_AGAIN} Choose another account there.",
    ),
    "no_account": (403, REFUSED, "You have no account here. Ask your administrator for one."),
    "other_identity": (
        403,
        REFUSED,
        "The account with your address belongs to another identity at this provider. Ask your administrator.",
    ),
    "deactivated": (403, REFUSED, "Your account is deactivated. Ask your administrator."),
}


class Step(Protocol):
    """Next step of a browser: a page by its name, or another address; and a Set-Cookie header."""

    @property
    def page(self) -> str: ...
    @property
    def location(self) -> str | None: ...
    @property
    def cookie(self) -> str | None: ...


Begin = Callable[[str, str | None, str | None], Awaitable[Step]]
Complete = Callable[[str, Mapping[str, str], Mapping[str, str], str, str | None], Awaitable[Step]]


def sign_in_routes(begin: Begin, complete: Complete) -> list[Route]:
    """Return the routes.

    `begin` takes the provider, the challenge of the page and the IP address; `complete` the provider, the query, the
    cookies, the id of the request and the IP address.
    """

    async def leave(request: Request) -> Response:
        challenge = request.query_params.get("challenge")
        return _response(await begin(request.path_params["provider"], challenge, ip_address(request.scope)))

    async def come_back(request: Request) -> Response:
        query, provider = single(request.query_params), request.path_params["provider"]
        step = await complete(provider, query, request.cookies, request_id.get(), ip_address(request.scope))
        return _response(step)

    return [Route(PATH, leave), Route(f"{PATH}/callback", come_back)]


def _response(step: Step) -> Response:
    cookie = {"set-cookie": step.cookie} if step.cookie else {}
    if step.location is not None:
        return Response(status_code=303, headers={**HEADERS, **cookie, "location": step.location})
    status, heading, advice = PAGES[step.page]
    return Response(page(heading, advice), status, {**HEADERS, **cookie}, "text/html; charset=utf-8")
