import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from execution.executor import Executor
from tests.support.misbehaving_schema import World, authentication, schema
from tests.support.processes.transport_app import Served, serving
from transport.core.connections import Connections
from transport.core.errors import format_error
from transport.graphql.socket import SocketLimits
from transport.graphql.websocket import WebSocketEndpoint

TRANSPORT_WS = [Subprotocol("graphql-transport-ws")]


class Client:
    """Speaks frames; every read has a deadline."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, **frame: Any) -> None:
        await self.socket.send(json.dumps(frame))

    async def receive(self) -> dict[str, Any]:
        frame = json.loads(await asyncio.wait_for(self.socket.recv(), 3))
        assert isinstance(frame, dict)
        return frame

    async def subscribe(self, id: str, query: str, **payload: Any) -> None:
        await self.send(type="subscribe", id=id, payload={"query": query, **payload})

    async def closed(self) -> tuple[int, str]:
        """Return the code and reason with which the server closes; skip the frames before that."""
        try:
            while True:
                await asyncio.wait_for(self.socket.recv(), 3)
        except ConnectionClosed as error:
            frame = error.rcvd
        assert frame is not None
        return frame.code, frame.reason


@asynccontextmanager
async def opened(served: Served, subprotocols: list[Subprotocol] | None = None) -> AsyncIterator[Client]:
    async with connect(served.ws, subprotocols=subprotocols or TRANSPORT_WS, max_size=None) as socket:
        yield Client(socket)


@asynccontextmanager
async def ready(served: Served, token: str | None = None) -> AsyncIterator[Client]:
    async with opened(served) as client:
        payload = {"Authorization": token} if token else None
        await client.send(type="connection_init", payload=payload)
        assert await client.receive() == {"type": "connection_ack"}
        yield client


async def happens(event: Any) -> bool:
    return bool(await asyncio.to_thread(event.wait, 2))


async def test_a_query_is_answered_with_next_and_complete(shared: Served) -> None:
    async with ready(shared) as client:
        await client.subscribe("1", "query ($n: String!) {hello(name: $n)}", variables={"n": "Zoë"})
        assert await client.receive() == {"id": "1", "type": "next", "payload": {"data": {"hello": "Hello Zoë"}}}
        assert await client.receive() == {"id": "1", "type": "complete"}


async def test_a_subscription_is_answered_with_each_event(shared: Served) -> None:
    async with ready(shared) as client:
        await client.subscribe("a", "subscription {count(to: 2)}")
        assert [await client.receive() for _ in range(3)] == [
            {"id": "a", "type": "next", "payload": {"data": {"count": 0}}},
            {"id": "a", "type": "next", "payload": {"data": {"count": 1}}},
            {"id": "a", "type": "complete"},
        ]


async def test_operations_of_one_socket_run_beside_each_other(shared: Served) -> None:
    async with ready(shared) as client:
        await client.subscribe("slow", "{slow(seconds: 0.1)}")
        await client.subscribe("quick", "{hello}")
        ids = [(await client.receive())["id"] for _ in range(4)]
    assert ids == ["quick", "quick", "slow", "slow"]


@pytest.mark.parametrize("subprotocol", ["graphql-ws", "other"])
async def test_another_subprotocol_is_closed_with_4406(shared: Served, subprotocol: str) -> None:
    async with connect(shared.ws, subprotocols=[Subprotocol(subprotocol)]) as socket:
        assert (await Client(socket).closed())[0] == 4406


async def test_no_subprotocol_is_closed_with_4406(shared: Served) -> None:
    async with connect(shared.ws) as socket:
        reason = "Subprotocol not acceptable: use graphql-transport-ws"
        assert await Client(socket).closed() == (4406, reason)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{hello", "GRAPHQL_PARSE_FAILED"),
        ("{nothing}", "GRAPHQL_VALIDATION_FAILED"),
        ("query A {hello} query B {hello}", "OPERATION_RESOLUTION_FAILURE"),
        ("subscription ($n: Int!) {count(to: $n)}", "BAD_USER_INPUT"),
        ("", "BAD_REQUEST"),
    ],
)
async def test_a_request_error_ends_the_operation_and_leaves_the_socket_open(
    shared: Served, query: str, code: str
) -> None:
    async with ready(shared) as client:
        await client.subscribe("1", query)
        frame = await client.receive()
        assert (frame["id"], frame["type"]) == ("1", "error")
        assert [error["extensions"]["code"] for error in frame["payload"]] == [code]
        await client.subscribe("1", "{hello}")
        assert (await client.receive())["payload"] == {"data": {"hello": "Hello world"}}


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("not json", "Invalid message: not JSON"),
        ("[1]", "Invalid message: send an object with a type"),
        ("null", "Invalid message: send an object with a type"),
        ("3", "Invalid message: send an object with a type"),
        ("[" * 5000, "Invalid message: not JSON"),
        ("{}", "Invalid message: send an object with a type"),
        ('{"type": 3}', "Invalid message: send an object with a type"),
        ('{"type": "start"}', "Invalid message: unknown type 'start'"),
        ('{"type": "subscribe"}', "Invalid message: id must be a string of 1 to 128 characters"),
        ('{"type": "subscribe", "id": 1}', "Invalid message: id must be a string of 1 to 128 characters"),
        ('{"type": "subscribe", "id": ""}', "Invalid message: id must be a string of 1 to 128 characters"),
        ('{"type": "subscribe", "id": "1", "payload": []}', "Invalid message: payload must be an object"),
        (
            '{"type": "subscribe", "id": "1"}',
            'Invalid message: The request has no query: send an object such as {"query": "{ me { name } }"}.',
        ),
        (
            '{"type": "subscribe", "id": "1", "payload": {"query": "{hello}", "variables": []}}',
            "Invalid message: variables must be a JSON object or null.",
        ),
        (
            '{"type": "subscribe", "id": "1", "payload": {"query": "{hello}", "operationName": 1}}',
            "Invalid message: operationName must be a string or null.",
        ),
        ('{"type": "complete"}', "Invalid message: id must be a string of 1 to 128 characters"),
        (b"binary", "Invalid message: send text frames"),
    ],
)
async def test_a_bad_frame_closes_the_socket_with_4400_and_the_reason(
    shared: Served, frame: str | bytes, reason: str
) -> None:
    async with ready(shared) as client:
        await client.socket.send(frame)
        assert await client.closed() == (4400, reason)


@pytest.mark.parametrize("payload", [[], "x", {"Authorization": 3}])
async def test_an_init_that_cannot_be_read_closes_with_4400(shared: Served, payload: object) -> None:
    async with opened(shared) as client:
        await client.send(type="connection_init", payload=payload)
        assert (await client.closed())[0] == 4400


@pytest.mark.parametrize("frame", [{}, {"payload": None}, {"payload": {}}, {"payload": {"other": 1}}])
async def test_an_init_without_token_is_signed_out(shared: Served, frame: dict[str, Any]) -> None:
    async with opened(shared) as client:
        await client.send(type="connection_init", **frame)
        assert await client.receive() == {"type": "connection_ack"}
        await client.subscribe("1", "{viewer}")
        assert (await client.receive())["payload"] == {"data": {"viewer": None}}


@pytest.mark.parametrize("name", ["Authorization", "authorization"])
async def test_the_token_of_the_init_signs_in(shared: Served, name: str) -> None:
    async with opened(shared) as client:
        await client.send(type="connection_init", payload={name: "Bearer good"})
        await client.receive()
        await client.subscribe("1", "{viewer}")
        assert (await client.receive())["payload"] == {"data": {"viewer": "viewer-1"}}


async def test_a_bad_token_closes_with_4403_and_its_message(shared: Served) -> None:
    async with opened(shared) as client:
        await client.send(type="connection_init", payload={"Authorization": "Bearer bad"})
        assert await client.closed() == (4403, "The token was revoked: log in again.")


async def test_a_bug_in_authentication_closes_with_1011_and_tells_nothing(shared: Served) -> None:
    async with opened(shared) as client:
        await client.send(type="connection_init", payload={"Authorization": "Bearer bug"})
        code, reason = await client.closed()
    assert code == 1011
    assert "secret" not in reason


async def test_a_second_init_closes_with_4429(shared: Served) -> None:
    async with ready(shared) as client:
        await client.send(type="connection_init")
        assert await client.closed() == (4429, "Too many initialisation requests")


async def test_a_subscribe_before_the_init_closes_with_4401(shared: Served) -> None:
    async with opened(shared) as client:
        await client.subscribe("1", "{hello}")
        assert await client.closed() == (4401, "Unauthorized: send connection_init first")


async def test_a_second_operation_of_the_same_id_closes_with_4409() -> None:
    with serving() as served:
        async with ready(served) as client:
            await client.subscribe("1", "subscription {forever}")
            await client.receive()
            await client.subscribe("1", "{hello}")
            assert await client.closed() == (4409, "Subscriber for 1 already exists")
        assert await happens(served.world.ended)


async def test_an_id_is_free_again_when_its_operation_has_ended(shared: Served) -> None:
    async with ready(shared) as client:
        for _ in range(20):
            await client.subscribe("1", "{hello}")
            assert (await client.receive())["type"] == "next"
            assert (await client.receive())["type"] == "complete"


async def test_a_complete_stops_the_generator_at_once_and_frees_the_id() -> None:
    with serving() as served:
        async with ready(served) as client:
            await client.subscribe("1", "subscription {forever}")
            assert (await client.receive())["payload"] == {"data": {"forever": "first"}}
            await client.send(type="complete", id="1")
            await client.subscribe("1", "{hello}")
            assert (await client.receive())["payload"] == {"data": {"hello": "Hello world"}}
            assert await happens(served.world.ended)


async def test_a_complete_for_an_unknown_id_is_ignored(shared: Served) -> None:
    async with ready(shared) as client:
        await client.send(type="complete", id="none")
        await client.subscribe("1", "{hello}")
        assert (await client.receive())["type"] == "next"


async def test_a_client_that_goes_stops_its_generators_and_its_socket_is_forgotten() -> None:
    with serving() as served:
        async with ready(served) as client:
            await client.subscribe("1", "subscription {forever}")
            await client.receive()
            assert len(served.connections) == 1
        assert await happens(served.world.ended)
        await until_empty(served)


async def until_empty(served: Served, left: int = 0) -> None:
    async with asyncio.timeout(3):
        while len(served.connections) > left:
            await asyncio.sleep(0.005)


async def test_a_mutation_that_was_begun_is_finished_when_its_client_goes() -> None:
    with serving() as served:
        async with ready(served) as client:
            await client.subscribe("1", "mutation {bump(seconds: 0.1)}")
            assert await happens(served.world.begun)
        await until_empty(served)
        assert served.world.mutations == 1


async def test_an_operation_that_ends_late_keeps_the_new_one_of_its_id() -> None:
    """A completed mutation runs to its end; meanwhile its id belongs to another operation."""
    with serving() as served:
        async with ready(served) as client:
            await client.subscribe("1", "mutation {bump(seconds: 0.1)}")
            assert await happens(served.world.begun)
            await client.send(type="complete", id="1")
            await client.subscribe("1", "subscription {forever}")
            assert (await client.receive())["payload"] == {"data": {"forever": "first"}}
            await client.subscribe("2", "{slow(seconds: 0.2)}")
            assert [(await client.receive())["type"] for _ in range(2)] == ["next", "complete"]
            assert served.world.mutations == 1
            await client.send(type="complete", id="1")  # of the new operation, which this must reach
            assert await happens(served.world.ended)


async def test_a_query_that_was_begun_is_stopped_when_its_client_goes() -> None:
    with serving() as served:
        async with ready(served) as client:
            await client.subscribe("1", "{slow(seconds: 100)}")
            assert await happens(served.world.begun)
        await until_empty(served)


async def test_a_source_that_fails_is_masked_and_completes(shared: Served) -> None:
    async with ready(shared) as client:
        await client.subscribe("1", "subscription {broken}")
        first, second, third = [await client.receive() for _ in range(3)]
    assert first["payload"] == {"data": {"broken": 1}}
    assert second["payload"]["data"] is None
    assert [error["extensions"]["code"] for error in second["payload"]["errors"]] == ["INTERNAL_SERVER_ERROR"]
    assert third == {"id": "1", "type": "complete"}


async def test_pings_are_answered_also_before_the_init(shared: Served) -> None:
    async with opened(shared) as client:
        await client.send(type="ping", payload={"at": 1})
        assert await client.receive() == {"type": "pong"}


async def test_a_client_that_never_inits_is_closed_with_4408() -> None:
    with serving(sockets=SocketLimits(init_deadline=0.05)) as served:
        async with opened(served) as client:
            assert await client.closed() == (4408, "Connection initialisation timeout")


async def test_the_server_pings_and_a_client_that_never_answers_is_closed() -> None:
    with serving(sockets=SocketLimits(ping_interval=0.05)) as served:
        async with ready(served) as client:
            for _ in range(3):
                assert await client.receive() == {"type": "ping"}
                await client.send(type="pong")
            assert await client.closed() == (1011, "no pong")


async def test_a_socket_runs_fifty_operations_at_most() -> None:
    with serving(sockets=SocketLimits(operations=2)) as served:
        async with ready(served) as client:
            for id in ("1", "2"):
                await client.subscribe(id, "subscription {forever}")
                await client.receive()
            await client.subscribe("3", "{hello}")
            frame = await client.receive()
            assert (frame["id"], frame["type"]) == ("3", "error")
            assert (
                frame["payload"][0]["message"]
                == "This socket already runs 2 operations, the maximum. Complete one first."
            )
            assert frame["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
            await client.send(type="complete", id="1")
            await asyncio.sleep(0.05)
            await client.subscribe("3", "{hello}")
            assert (await client.receive())["payload"] == {"data": {"hello": "Hello world"}}
    assert SocketLimits().operations == 50


async def test_few_sockets_of_an_address_wait_for_a_token_and_of_a_person_are_open() -> None:
    with serving(sockets=SocketLimits(per_address=2, per_person=3)) as served:
        async with opened(served) as waiting, ready(served):
            async with opened(served) as third:
                reason = "At most 2 sockets of one IP address may wait for connection_init with a token"
                assert await third.closed() == (1013, reason)
            await waiting.send(type="connection_init", payload={"Authorization": "Bearer good"})
            assert await waiting.receive() == {"type": "connection_ack"}
            async with ready(served, "Bearer good"), ready(served, "Bearer good"), opened(served) as fourth:
                await fourth.send(type="connection_init", payload={"Authorization": "Bearer good"})
                reason = "At most 3 sockets of one person may be open: close one first"
                assert await fourth.closed() == (1013, reason)
            await until_empty(served, 2)
            async with ready(served, "Bearer good"):
                pass
        await until_empty(served)
        async with opened(served), opened(served):
            pass
    assert (SocketLimits().per_address, SocketLimits().per_person) == (20, 20)


async def test_a_process_has_a_limit_of_sockets() -> None:
    with serving(max_connections=1) as served:
        async with ready(served), opened(served) as second:
            assert await second.closed() == (1013, "Too many streams are open: try again later")
        await until_empty(served)
        async with ready(served):
            pass


async def test_a_message_that_is_too_big_closes_with_1009() -> None:
    with serving(sockets=SocketLimits(message_bytes=100)) as served:
        async with ready(served) as client:
            await client.subscribe("1", "é" * 60)
            assert await client.closed() == (1009, "Message too big: at most 100 bytes")


async def test_a_socket_is_closed_with_4403_when_its_token_expires(shared: Served) -> None:
    async with ready(shared, "Bearer short") as client:
        await client.subscribe("1", "subscription {forever}")
        await client.receive()
        assert await client.closed() == (4403, "token expired")


async def test_a_token_that_was_revoked_is_refused_for_the_next_operation() -> None:
    with serving() as served:
        async with ready(served, "Bearer good") as client:
            served.world.revoked = True
            await client.subscribe("1", "{viewer}")
            frame = await client.receive()
    assert (frame["type"], frame["payload"][0]["extensions"]["code"]) == ("error", "UNAUTHENTICATED")


async def test_the_sockets_of_who_logged_out_are_closed() -> None:
    with serving() as served:
        async with ready(served, "Bearer good") as one, ready(served) as other:
            closing = served.connections.close_where(lambda context: context.viewer_id == "viewer-1")
            assert await asyncio.to_thread(served.run, closing) == 1
            assert await one.closed() == (4403, "signed out")
            await other.subscribe("1", "{hello}")
            assert (await other.receive())["type"] == "next"


async def test_sockets_are_closed_with_1012_when_the_server_stops() -> None:
    with serving() as served:
        async with ready(served) as client:
            await client.subscribe("1", "subscription {forever}")
            await client.receive()
            served.server.should_exit = True
            assert await client.closed() == (1012, "the server is restarting")
        assert await happens(served.world.ended)


async def test_a_client_that_reads_nothing_is_given_up() -> None:
    with serving(sockets=SocketLimits(send_deadline=0.1)) as served:
        async with ready(served) as client:
            client.socket.transport.pause_reading()
            await client.subscribe("1", "subscription {forever(large: true)}")
            assert await happens(served.world.ended)
            await until_empty(served)
            client.socket.transport.abort()


async def test_each_operation_has_a_request_id_of_its_own(shared: Served) -> None:
    async with ready(shared) as client:
        ids = []
        for id in ("1", "2"):
            await client.subscribe(id, "{requestId}")
            ids.append((await client.receive())["payload"]["data"]["requestId"])
            await client.receive()
    assert [id.rpartition(".")[2] for id in ids] == ["1", "2"]
    assert len({id.rpartition(".")[0] for id in ids}) == 1


async def test_a_burst_of_sockets_is_served_and_forgotten() -> None:
    with serving(sockets=SocketLimits(per_address=50)) as served:

        async def visit() -> None:
            async with ready(served) as client:
                await client.subscribe("1", "{hello}")
                await client.receive()

        await asyncio.gather(*(visit() for _ in range(50)))
        await until_empty(served)


async def test_an_operation_in_progress_is_answered_before_its_socket_is_closed() -> None:
    with serving(drain_seconds=5) as served:
        async with ready(served) as client:
            await client.subscribe("1", "subscription {forever}")
            await client.receive()
            await client.subscribe("2", "{slow(seconds: 0.6)}")
            assert await happens(served.world.begun)
            served.server.should_exit = True
            await asyncio.sleep(0.3)
            await client.subscribe("3", "{hello}")
            frames = {}
            while "2" not in frames:
                frame = await client.receive()
                frames[frame["id"]] = frame["payload"]
            assert frames["2"] == {"data": {"slow": "done"}}
            assert frames["3"][0]["extensions"]["code"] == "UNAVAILABLE"
            assert await client.closed() == (1012, "the server is restarting")


async def test_a_hash_stands_for_a_query_that_http_or_a_socket_has_sent(shared: Served) -> None:
    query = "{ hello }"
    hashed = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(query.encode()).hexdigest()}}
    data = {"data": {"hello": "Hello world"}}

    async def ask(client: Client, id: str, **payload: Any) -> Any:
        await client.send(type="subscribe", id=id, payload=payload)
        frame = await client.receive()
        if frame["type"] == "next":
            assert await client.receive() == {"type": "complete", "id": id}
            return frame["payload"]
        return frame["payload"][0]["extensions"]["code"]

    async with ready(shared) as client:
        unknown = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
        assert await ask(client, "1", extensions=unknown) == "PERSISTED_QUERY_NOT_FOUND"
        assert await ask(client, "2", extensions={"persistedQuery": {"version": 2}}) == "PERSISTED_QUERY_NOT_SUPPORTED"
        assert await ask(client, "3", documentId="unknown") == "PERSISTED_DOCUMENT_NOT_FOUND"
        assert await ask(client, "4", query=query, extensions=hashed) == data
        assert await ask(client, "5", extensions=hashed) == data
    assert shared.http.post("/graphql", json={"extensions": hashed}).json() == data


async def test_frames_that_have_arrived_together_do_not_keep_other_clients_waiting() -> None:
    world, turns = World(), 0
    endpoint = WebSocketEndpoint(
        Executor(schema, format_error=format_error),
        authenticate=authentication(world),
        connections=Connections(),
    )
    texts = ['{"type": "connection_init"}', *['{"type": "ping"}'] * 100]
    frames: list[Any] = [
        {"type": "websocket.connect"},
        *({"type": "websocket.receive", "text": text} for text in texts),
        {"type": "websocket.disconnect", "code": 1000},
    ]
    pending = iter(frames)

    async def receive() -> Any:
        return next(pending)

    async def send(_message: Any) -> None:
        pass

    async def other_client() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(other_client())
    scope = {"type": "websocket", "subprotocols": TRANSPORT_WS, "headers": [], "client": ("192.0.2.1", 1)}
    await endpoint(scope, receive, send)
    other.cancel()
    assert turns >= 100
