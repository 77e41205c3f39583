"""Revocation of sign-ins: it closes their sockets and event streams in every process."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import websockets

import resolvers.core.revocation as revocation
from db.core.session import Session
from db.models.users import User
from tests.support.app import App, open_app
from tests.support.client import Client, Refused, Socket
from tests.support.processes.running_app import listening
from tests.support.world import SYSTEM

PASSWORD = "correct horse battery"
OTHER = "another long passphrase"
TOKENS = "{ session { accessToken refreshToken } }"
FOLLOW = "subscription F($id: ID!) { tableChanges(tableId: $id) { number } }"
COLUMNS = [{"name": "Item", "type": "TEXT"}]
NARROWED = "your rights in an organization were removed or changed: connect again"
LOG_OUT = "mutation { logOut { ok } }"
LOG_OUT_EVERYWHERE = "mutation { logOutEverywhere { ok } }"
SESSIONS = "{ me { sessions { id isCurrent } } }"


class Device:
    """Signed-in client with a socket and an event stream, both subscribed to a table."""

    def __init__(self, client: Client, table: str, refresh: str) -> None:
        self.client, self.table, self.refresh = client, table, refresh
        self.ends: list[asyncio.Task[Any]] = []

    async def open(self, opened: AsyncExitStack) -> None:
        socket = await opened.enter_async_context(self.client.socket())
        self.ends = [
            asyncio.create_task(self._closing(socket)),
            asyncio.create_task(self._end_of_stream()),
        ]

    async def _closing(self, socket: Socket) -> tuple[int, str]:
        """Return the code and reason of the socket's close."""
        payload = {"query": FOLLOW, "variables": {"id": self.table}}
        await socket.connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        with suppress(websockets.ConnectionClosedError):
            async for _ in socket.connection:
                pass
        assert socket.connection.close_code is not None
        return socket.connection.close_code, socket.connection.close_reason or ""

    async def _end_of_stream(self) -> tuple[str, str]:
        """Return the code and message of the error that ends the event stream."""
        with pytest.raises(Refused) as caught:
            async for _ in self.client.follow_sse(FOLLOW, id=self.table):
                pass
        (code,) = caught.value.codes
        return code, caught.value.errors[0]["message"]

    async def closed(self) -> tuple[int, str]:
        """Wait until both are closed for the same reason; return the code and reason."""
        (code, reason), end = await asyncio.wait_for(asyncio.gather(*self.ends), 5)
        assert end == ({4401: "UNAUTHENTICATED", 4403: "FORBIDDEN"}[code], reason)
        return code, reason

    @property
    def is_open(self) -> bool:
        return not any(end.done() for end in self.ends)


class Person:
    """User Ann with a table and devices at one or several servers."""

    def __init__(self, opened: AsyncExitStack, at: list[Client]) -> None:
        self.opened, self.at, self.devices = opened, at, list[Device]()

    async def sign_up(self, email: str = "ann@example.com") -> None:
        self.email = email
        self.id = (await self.at[0].sign_up(email))["user"]["id"]
        created = await self.at[0].mutate("createTable", "{ table { id } }", name="List", columns=COLUMNS)
        self.table: str = created["table"]["id"]

    async def device(self, at: int = 0) -> Device:
        client = Client(self.at[at].url, self.at[at].http)
        logged = (await client.mutate("logIn", TOKENS, email=self.email, password=PASSWORD))["session"]
        client.token = logged["accessToken"]
        device = Device(client, self.table, logged["refreshToken"])
        await device.open(self.opened)
        self.devices.append(device)
        return device


async def wait_for_streams(*sites: App, streams: int) -> None:
    """Wait until `count` streams are open in total."""
    async with asyncio.timeout(5):
        while sum(len(app.product.connections) for app in sites) < streams:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)


@asynccontextmanager
async def person(*sites: App) -> AsyncIterator[Person]:
    async with AsyncExitStack() as opened:
        clients = [await opened.enter_async_context(listening(app)) for app in sites]
        ann = Person(opened, clients)
        await ann.sign_up()
        try:
            yield ann
        finally:
            ends = [end for device in ann.devices for end in device.ends]
            for end in ends:
                end.cancel()
            await asyncio.gather(*ends, return_exceptions=True)


Way = Callable[[Device, Device, App], Awaitable[Any]]


async def revoke_other(one: Device, other: Device, app: App) -> None:
    sessions = (await other.client.run(SESSIONS))["me"]["sessions"]
    (current,) = (session["id"] for session in sessions if session["isCurrent"])
    assert await one.client.mutate("revokeSession", "{ ok }", id=current) == {"ok": True}


async def reuse_token(one: Device, other: Device, app: App) -> None:
    await other.client.mutate("refreshSession", TOKENS, refreshToken=other.refresh)
    one.client.user_agent = "another device"
    await one.client.refused("refreshSession", refreshToken=other.refresh)
    one.client.user_agent = None


async def change_password(one: Device, other: Device, app: App) -> None:
    arguments = {"currentPassword": PASSWORD, "newPassword": OTHER}
    await one.client.mutate("changePassword", "{ user { email } }", **arguments)


async def log_out(one: Device, other: Device, app: App) -> None:
    await other.client.run(LOG_OUT)


ONE_OF_TWO: dict[str, tuple[Way, str]] = {
    "logOut": (log_out, "signed out: log in again"),
    "revokeSession": (revoke_other, "signed out: log in again"),
    "a refresh token used twice": (reuse_token, "signed out, because a refresh token was used twice: log in again"),
    "changePassword": (change_password, "signed out, because the password was changed: log in again"),
}


@pytest.mark.parametrize("way", ONE_OF_TWO)
async def test_one_device_is_closed_within_a_second_and_the_other_stays(app: App, way: str) -> None:
    act, reason = ONE_OF_TWO[way]
    async with person(app) as ann:
        one, other = await ann.device(), await ann.device()
        await wait_for_streams(app, streams=4)
        started = time.monotonic()
        await act(one, other, app)
        assert await other.closed() == (4401, reason)
        assert time.monotonic() - started < 1
        await refused(other)
        assert one.is_open
        assert (await one.client.run("{ me { email } }"))["me"] == {"email": "ann@example.com"}


async def test_logging_out_everywhere_closes_every_device(app: App) -> None:
    async with person(app) as ann:
        devices = [await ann.device() for _ in range(3)]
        await wait_for_streams(app, streams=6)
        started = time.monotonic()
        assert await devices[0].client.run(LOG_OUT_EVERYWHERE) == {"logOutEverywhere": {"ok": True}}
        assert [await device.closed() for device in devices] == [(4401, "signed out: log in again")] * 3
        assert time.monotonic() - started < 1
        for device in devices:
            await refused(device)


async def test_a_deactivated_person_is_closed_out_and_gets_one_neutral_answer(app: App) -> None:
    async with person(app) as ann:
        device, root = await ann.device(), await superuser(app)
        await wait_for_streams(app, streams=2)
        started = time.monotonic()
        changed = await root.mutate("updateUser", "{ user { isActive isSuperuser } }", id=ann.id, isActive=False)
        assert changed["user"] == {"isActive": False, "isSuperuser": False}
        assert await device.closed() == (4403, "this account is deactivated: ask the administrator of the server")
        assert time.monotonic() - started < 1
        await refused(device)
        wrong = await app.client().refused("logIn", email="ann@example.com", password="not her password")
        right = await app.client().refused("logIn", email="ann@example.com", password=PASSWORD)
        assert (wrong["message"], wrong["extensions"]["code"]) == (right["message"], right["extensions"]["code"])
        assert right["message"] == "The e-mail address or the password is wrong."
        await root.mutate("updateUser", "{ user { isActive } }", id=ann.id, isActive=True)
        await app.client().mutate("logIn", "{ user { id } }", email="ann@example.com", password=PASSWORD)
        await refused(device)


async def test_revoking_superuser_rights_signs_out_and_granting_does_not(app: App) -> None:
    async with person(app) as ann:
        device, root = await ann.device(), await superuser(app)
        await wait_for_streams(app, streams=2)
        await root.mutate("updateUser", "{ user { isSuperuser } }", id=ann.id, isSuperuser=True)
        assert (await device.client.run("{ me { isSuperuser } }"))["me"] == {"isSuperuser": True}
        assert device.is_open
        await root.mutate("updateUser", "{ user { isSuperuser } }", id=ann.id, isSuperuser=False)
        assert await device.closed() == (4401, "signed out, because your rights were changed: log in again")
        await refused(device)


async def test_losing_rights_in_an_organization_closes_sockets_once_and_keeps_the_sign_in(app: App) -> None:
    async with person(app) as ann:
        root = await app.person("root")
        organization = await app.organization(root, ann.at[0])
        member_id = await membership(root, organization, "ann@example.com")
        await root.mutate("changeMemberRole", "{ __typename }", membershipId=member_id, role="ADMIN")
        for name, arguments in (
            ("changeMemberRole", {"membershipId": member_id, "role": "MEMBER"}),
            ("removeMember", {"membershipId": member_id}),
        ):
            device = await ann.device()
            await wait_for_streams(app, streams=2)
            assert device.is_open
            started = time.monotonic()
            await root.mutate(name, "{ __typename }", **arguments)
            assert await device.closed() == (4403, NARROWED)
            assert time.monotonic() - started < 1
        assert (await device.client.run("{ me { email } }"))["me"] == {"email": "ann@example.com"}
        again = await ann.device()
        await wait_for_streams(app, streams=2)
        await asyncio.sleep(0.6)
        assert again.is_open


async def membership(client: Client, organization: str, email: str) -> str:
    """Return the id of a user's membership in an organization."""
    members = "query M($id: ID!) { organization(id: $id) { members { nodes { id user { email } } } } }"
    nodes = (await client.run(members, id=organization))["organization"]["members"]["nodes"]
    (member_id,) = [str(node["id"]) for node in nodes if node["user"]["email"] == email]
    return member_id


async def test_a_removed_member_stays_signed_in_and_gets_no_more_events(app: App) -> None:
    ann, bob = await app.person(), await app.person("bob")
    organization = await app.organization(ann, bob)
    created = await ann.mutate(
        "createTable",
        "{ table { id } }",
        name="List",
        columns=COLUMNS,
        organizationId=organization,
        visibility="ORGANIZATION",
    )
    table = created["table"]["id"]
    member_id = await membership(ann, organization, "bob@example.com")
    events = app.follow(bob, FOLLOW, id=table)
    following = asyncio.create_task(anext(events))
    await asyncio.sleep(0.1)
    await ann.mutate("addRows", "{ __typename }", tableId=table, rows=[{"c1": "before"}])
    assert await asyncio.wait_for(following, 5) == {"tableChanges": {"number": 2}}
    following = asyncio.create_task(anext(events))
    await asyncio.sleep(0.1)
    await ann.mutate("removeMember", "{ __typename }", membershipId=member_id)
    await ann.mutate("addRows", "{ __typename }", tableId=table, rows=[{"c1": "after"}])
    with pytest.raises(Refused) as caught:
        await asyncio.wait_for(following, 5)
    assert caught.value.codes == ["NOT_FOUND"]
    assert (await bob.run("{ me { email } }"))["me"] == {"email": "bob@example.com"}


async def test_a_sign_out_in_another_process_closes_sockets_within_a_second(postgres_url: str, tmp_path: Path) -> None:
    async with (
        open_app(postgres_url, tmp_path / "here") as here,
        open_app(postgres_url, tmp_path / "there") as there,
        person(here, there) as ann,
    ):
        stays, ended = await ann.device(at=0), await ann.device(at=1)
        await wait_for_streams(here, there, streams=4)
        started = time.monotonic()
        await revoke_other(stays, ended, here)
        assert await ended.closed() == (4401, "signed out: log in again")
        assert time.monotonic() - started < 1
        assert stays.is_open
        root, again = await here.person("root"), await ann.device(at=1)
        organization = await here.organization(root, ann.at[0])
        await wait_for_streams(here, there, streams=4)
        started = time.monotonic()
        member_id = await membership(root, organization, "ann@example.com")
        await root.mutate("removeMember", "{ __typename }", membershipId=member_id)
        assert await again.closed() == await stays.closed() == (4403, NARROWED)
        assert time.monotonic() - started < 1


async def test_nothing_is_read_while_no_stream_is_open_and_little_while_one_is(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert revocation.SWEEP_SECONDS == 0.5
    monkeypatch.setattr(revocation, "SWEEP_SECONDS", 0.1)
    await app.person("bob")
    await asyncio.sleep(0.1)
    app.reads.clear()
    await asyncio.sleep(0.7)
    assert count_reads(app) == 0
    async with person(app) as ann:
        await ann.device()
        await wait_for_streams(app, streams=2)
        app.reads.clear()
        started = time.monotonic()
        async with asyncio.timeout(10):
            while count_reads(app) < 4:
                await asyncio.sleep(0.01)
        assert time.monotonic() - started > 0.29  # four looks are three sweeps apart at least


def count_reads(app: App) -> int:
    """Return the number of reads of ended sign-ins."""
    return len([sql for sql in app.reads if "sign_ins" in sql])


async def test_more_sign_ins_than_are_read_at_once_all_end(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async with person(app) as ann:
        devices = [await ann.device() for _ in range(3)]
        await wait_for_streams(app, streams=6)
        ids = [(await device.client.run(SESSIONS))["me"]["sessions"] for device in devices]
        monkeypatch.setattr("db.accounts.sessions.MAX_ENDED", 1)
        monkeypatch.setattr("db.accounts.sessions.recently_ended", one_at_a_time())
        await devices[0].client.run(LOG_OUT_EVERYWHERE)
        assert [await device.closed() for device in devices] == [(4401, "signed out: log in again")] * 3
        assert len(ids[0]) == 4


def one_at_a_time() -> Any:
    from db.accounts.sessions import recently_ended
    from db.core.prepared import Prepared

    return Prepared(recently_ended.statement.limit(1))


async def superuser(app: App) -> Client:
    client = await app.person("root")
    viewer = await app.viewer(client)

    def grant(session: Session) -> None:
        assert viewer.user_id is not None
        session.get(User, viewer.user_id).is_superuser = True

    await app.backend.database.write(grant, SYSTEM)
    return client


async def refused(device: Device) -> None:
    """Check that both tokens of a device are refused."""
    with pytest.raises(Refused) as caught:
        await device.client.run("{ me { id } }")
    assert caught.value.codes == ["UNAUTHENTICATED"]
    anonymous = Client(device.client.url, device.client.http)
    error = await anonymous.refused("refreshSession", refreshToken=device.refresh)
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
