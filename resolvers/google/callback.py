"""Answer to the browsers that Google sends back from a consent."""

from collections.abc import Awaitable, Callable, Mapping

from auth.tokens import refresh_digest
from auth.viewer import Viewer
from db.core.audit_context import AuditContext, audit_context
from db.google import consents
from db.models.google import GoogleConsent
from integrations.google import oauth
from integrations.google.failures import SheetsFailure
from resolvers.core.context import Backend
from resolvers.google.accounts import configured, connect, cookie_name, new_code

SYSTEM = Viewer.system()
MAX_LENGTH = 2_048  # characters of a code; Google says at most 256 bytes
FAILURES = {oauth.CODE_REFUSED: "refused", oauth.SCOPES_MISSING: "scopes_missing", oauth.UNREACHABLE: "unreachable"}

# The outcome, which is the name of a page, and the code that it shows.
Outcome = tuple[str, str | None]
Complete = Callable[[Mapping[str, str], Mapping[str, str], str, str | None], Awaitable[Outcome]]


def callback(backend: Backend) -> Complete:
    """Return a function that completes a consent from the query and the cookies of a request."""

    async def complete(
        query: Mapping[str, str], cookies: Mapping[str, str], request_id: str, ip_address: str | None
    ) -> Outcome:
        if backend.google.oauth is None:
            return "unknown", None
        consent = await backend.database.write(consents.use, SYSTEM, refresh_digest(query.get("state", "")))
        if consent is None:
            return "unknown", None
        code, error = query.get("code", ""), query.get("error")
        # RFC 9207: an answer that names another issuer is none to what was asked.
        if query.get("iss", oauth.ISSUER) != oauth.ISSUER or len(code) > MAX_LENGTH:
            return "refused", None
        if error is not None or not code:
            return ("denied" if error == "access_denied" else "refused"), None
        browser = cookies.get(cookie_name(backend), "")
        if refresh_digest(browser) != consent.browser_digest:
            return "confirm", await _wait(backend, consent, code)
        with audit_context(AuditContext("connectGoogle", ip_address, request_id)):
            return await _connect(backend, consent, code), None

    return complete


async def _wait(backend: Backend, consent: GoogleConsent, code: str) -> str:
    """Keep the code of Google, and return the one that only the person at this browser sees.

    Someone else may have begun this consent and sent its link: their session must not get this person's account.
    """
    short_code = new_code()
    encrypted = configured(backend)[1].encrypt(code, consent.user_id)
    digest = refresh_digest(short_code)
    await backend.database.write(consents.wait_for_confirmation, SYSTEM, consent.id, encrypted, digest)
    return "-".join(short_code[n : n + 4] for n in range(0, len(short_code), 4))


async def _connect(backend: Backend, consent: GoogleConsent, code: str) -> str:
    viewer = Viewer(consent.user_id, consent.sign_in_id)
    verifier = configured(backend)[1].decrypt(consent.verifier, consent.user_id)
    if verifier is None:
        return "unknown"
    try:
        await connect(backend, viewer, code, verifier)
    except SheetsFailure as failure:
        return FAILURES.get(failure.code, "unreachable")
    except TimeoutError:
        return "unreachable"
    return "connected"
