"""Whole application in the test's own process, over a database of either kind."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from assembly.application import application
from assembly.product import Product, assemble
from assembly.running import lifespan
from auth.tokens import issue_access, new_refresh
from auth.viewer import Viewer
from db.accounts import sessions, users
from db.core.base import now
from db.core.session import Session
from db.models.organizations import Organization
from db.models.sessions import SignIn
from db.models.users import User
from execution.executor import Executor
from execution.operations import Operation, Request, Result
from resolvers.core.authentication import authenticate, require_viewer
from resolvers.core.context import Context, Origin
from resolvers.core.ids import decode, global_id
from schema import schema
from schema.core.scopes import require_scope
from settings.settings import Settings
from tests.support.client import PASSWORD, Client, Refused
from tests.support.world import SYSTEM, World
from transport.core.errors import format_error

OFTEN = "1000 per minute"  # all users of a test have one address
SECRET = "a secret of the tests that is long enough to sign with"


class ExplicitSettings(Settings):
    """Settings without the environment: reading it costs milliseconds, and it differs from machine to machine."""

    def __init__(self, **values: Any) -> None:
        BaseModel.__init__(self, **values)


class App:
    """Application that is running; `reads` has the SQL of its prepared reads."""

    def __init__(self, product: Product, http: httpx.AsyncClient) -> None:
        self.product, self.backend, self._http = product, product.backend, http
        self.reads: list[str] = []
        self._password_hash: str | None = None
        fetch = self.backend.database._fetch

        async def counted(plan: Any, values: list[Any]) -> list[Any]:
            self.reads.append(plan.sql)
            return await fetch(plan, values)

        self.backend.database._fetch = counted  # type: ignore[method-assign]  # counts what the real one does
        self._executor = Executor(
            schema,
            format_error=format_error,
            event_context=Context.fresh,
            require_viewer=require_viewer,
            require_scope=require_scope,
        )

    def client(self) -> Client:
        """Return a client that is not signed in."""
        return Client("http://site", self._http)

    async def person(self, name: str = "ann") -> Client:
        """Return a client that is signed in as a new person, without the mail of a sign-up.

        One write creates the account and its session, for most tests need two people, and few need their mails.
        """
        client, database = self.client(), self.backend.database
        _, digest = new_refresh()
        if self._password_hash is None:
            self._password_hash = await self.backend.passwords.hash(PASSWORD)
        email = f"{name}@example.com"
        user, sign_in = await database.write(_create_person, SYSTEM, email, self._password_hash, digest)
        client.token = issue_access(
            self.backend.secrets[0],
            user_id=user.id,
            email=email,
            session_id=sign_in.id,
            lifetime=timedelta(minutes=self.backend.settings.access_token_minutes),
            now=now(),
        )
        return client

    async def sign_up(self, name: str = "ann") -> Client:
        """Return a client that has signed up, and is mailed a token to verify the address."""
        client = self.client()
        await client.sign_up(f"{name}@example.com")
        return client

    async def viewer(self, client: Client) -> Viewer:
        """Return the user that a client is signed in as."""
        decoded = decode((await client.run("{ me { id } }"))["me"]["id"])
        assert decoded is not None
        return Viewer(decoded[1])

    async def organization(self, admin: Client, *members: Client) -> str:
        """Create an organization with these members and return its id."""
        database = self.backend.database
        publish, world = database.publish, World(database)
        database.publish = publish
        people = [await self.viewer(member) for member in members]
        return global_id(Organization, await world.organization(await self.viewer(admin), people))

    async def follow(self, client: Client, document: str, **variables: Any) -> AsyncGenerator[dict[str, Any], None]:
        """Yield the events of a subscription, without a socket."""
        context = await authenticate(self.backend, client.headers.get("Authorization"), Origin())
        operation = self._executor.prepare(Request(document, None, variables, {}), context)
        if isinstance(operation, Result):
            raise Refused(operation.errors)
        assert isinstance(operation, Operation)
        events = await self._executor.subscribe(operation, context)
        if isinstance(events, Result):
            raise Refused(events.errors)
        async for event in events:
            if event.errors:
                raise Refused(event.errors)
            assert event.data is not None
            yield dict(event.data)


def _create_person(session: Session, email: str, password_hash: str, digest: bytes) -> tuple[User, SignIn]:
    user = users.sign_up(session, email, password_hash, "Ann", "Lee")
    lifetime = timedelta(days=30)
    return user, sessions.create(session, user.id, digest, lifetime, user_agent=None, ip_address="127.0.0.1")


@asynccontextmanager
async def open_app(database_url: str, directory: Path, **settings: Any) -> AsyncIterator[App]:
    """Run an application over a database, and stop it at the end."""
    arguments: dict[str, Any] = {
        "database_url": database_url,
        "files_dir": directory / "files",
        "mail_dir": directory / "mail",
        "secret_key": SECRET,
        "title_source": "text",
        "sign_up_limit_address": OFTEN,
        "log_in_limit_address": OFTEN,
        "invite_limit_address": OFTEN,
        "invite_limit_person": OFTEN,
    }
    product = assemble(ExplicitSettings(**(arguments | settings)))
    transport = httpx.ASGITransport(application(product))
    async with lifespan(product), httpx.AsyncClient(transport=transport, timeout=30) as http:
        yield App(product, http)


@pytest.fixture
async def app(database_url: str, tmp_path: Path) -> AsyncIterator[App]:
    """Run the application over each kind of database in turn, without users."""
    async with open_app(database_url, tmp_path) as app:
        yield app
