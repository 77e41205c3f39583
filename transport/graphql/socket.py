"""WebSocket of one client: the messages of graphql-transport-ws and their deadlines."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from errors import ProductError, RateLimited
from execution.executor import Executor
from execution.operations import Request
from telemetry import metrics
from telemetry.catalog import LIMITS
from transport.core.callers import Authenticate, Caller, Context, authenticated, header, ip_address, seconds_left
from transport.core.connections import FORBIDDEN, TRY_AGAIN_LATER, UNAUTHENTICATED
from transport.core.errors import RequestRefused, refusal, unavailable
from transport.core.json import encode
from transport.core.logs import request_id
from transport.graphql import frames
from transport.graphql.deadline import SendDeadline
from transport.graphql.frames import BadFrame
from transport.graphql.persisted import PersistedQueries
from transport.graphql.requests import from_value
from transport.graphql.socket_counts import SocketSlot, TooManySockets
from transport.graphql.socket_operation import Running

RESTARTING = "The server is restarting. Connect again and repeat the operation."

log = logging.getLogger("sheetgpt.error")


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """Limits of sockets, times in seconds. A client that sends no pong or reads nothing is disconnected.

    `per_address` counts the sockets of an IP address on which nobody has signed in, `per_person` those of a person.
    """

    init_deadline: float = 10.0
    ping_interval: float = 25.0
    send_deadline: float = 30.0
    operations: int = 50
    per_address: int = 20
    per_person: int = 20
    message_bytes: int = 2_000_000


class Socket:
    """Connection of one client: reads its frames in order and runs each operation in its own task."""

    kind = "websocket"

    def __init__(
        self,
        executor: Executor,
        authenticate: Authenticate,
        limits: SocketLimits,
        slot: SocketSlot,
        persisted: PersistedQueries,
        scope: Scope,
        send: Send,
    ) -> None:
        self._slot, self._persisted = slot, persisted
        self._executor = executor
        self._authenticate = authenticate
        self._limits = limits
        self._scope = scope
        self._send = send
        self._running: dict[str, Running] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._authorization = header(scope, b"authorization")
        self._has_init = self._is_closed = self._is_given_up = self._is_finishing = False
        self._is_alive = True
        self._operations = 0
        self._acknowledged = asyncio.Event()
        self._reader: asyncio.Task[Any] | None = None
        self._deadline = SendDeadline(limits.send_deadline, self._give_up)
        self.context: Context | None = None

    async def run(self, receive: Receive) -> None:
        self._reader = asyncio.current_task()
        keeper = asyncio.create_task(self._keep())
        try:
            while (message := await receive())["type"] == "websocket.receive":
                await self._on_message(message)
                # The next frames may have arrived already, and then nothing else here waits: 3,000 frames of one
                # client kept every other one waiting for a second.
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            if not self._is_given_up:
                raise
        finally:
            self._is_closed = True
            keeper.cancel()
            for running in self._running.values():
                running.stop()
            await _all_ended({keeper, *self._tasks})
            self._deadline.close()

    async def finish(self) -> None:
        self._is_finishing = True
        for running in list(self._running.values()):
            if not running.is_subscription:
                await asyncio.wait({running.task})

    async def close(self, code: int, reason: str) -> None:
        if not self._is_closed:
            self._is_closed = True
            # The client may be slow to close its side, so the operations are stopped now.
            for running in self._running.values():
                running.stop()
            message = {"type": "websocket.close", "code": code, "reason": frames.shortened(reason)}
            try:
                async with asyncio.timeout(self._limits.send_deadline):
                    await self._send(message)
            except OSError:  # the client is gone, or (TimeoutError) reads nothing
                self._give_up()

    async def send(self, message: dict[str, Any]) -> None:
        if self._is_closed:
            return
        try:
            with self._deadline:
                await self._send({"type": "websocket.send", "text": encode(message).decode()})
        except OSError:  # the client is gone
            self._give_up()

    async def sign_in(self) -> Context:
        """Authenticate again for one operation, so that a revoked session is refused and no cached row is shared."""
        self._operations += 1
        request_id.set(f"{request_id.get()}.{self._operations}")
        return await self._sign_in()

    def release(self, running: Running) -> None:
        if self._running.get(running.id) is running:
            del self._running[running.id]

    async def _sign_in(self) -> Context:
        caller = Caller(
            authorization=self._authorization,
            request_id=request_id.get(),
            ip_address=ip_address(self._scope),
            user_agent=header(self._scope, b"user-agent"),
        )
        return await authenticated(self._authenticate, caller)

    def _give_up(self) -> None:
        """Stop reading: the client is gone or does not read."""
        self._is_closed = self._is_given_up = True
        if self._reader:
            self._reader.cancel()

    async def _keep(self) -> None:
        """Close the socket when `connection_init` or a pong is missing, and when the session ends."""
        try:
            async with asyncio.timeout(self._limits.init_deadline):
                await self._acknowledged.wait()
        except TimeoutError:
            await self.close(frames.INIT_TIMEOUT, "Connection initialisation timeout")
        while not self._is_closed:
            left = seconds_left(self.context)
            await asyncio.sleep(min(left, self._limits.ping_interval))
            if left <= self._limits.ping_interval:
                # After 4401 a client of graphql-ws never connects again; after 4403 it asks for another token.
                await self.close(FORBIDDEN, "token expired")
            elif not self._is_alive:
                await self.close(frames.SERVER_ERROR, "no pong")
            else:
                self._is_alive = False
                await self.send({"type": "ping"})

    async def _on_message(self, message: Message) -> None:
        if self._is_closed:
            return
        self._is_alive = True
        try:
            frame = frames.read(message.get("text"), self._limits.message_bytes)
            await self._handler(frame["type"])(frame)
        except BadFrame as error:
            await self.close(error.code, str(error))

    def _handler(self, type: str) -> Callable[[dict[str, Any]], Awaitable[None]]:
        match type:
            case "connection_init":
                return self._on_init
            case "subscribe":
                return self._on_subscribe
            case "complete":
                return self._on_complete
            case "ping":
                return self._on_ping
            case "pong":
                return self._on_pong
        raise BadFrame(f"Invalid message: unknown type {type[:40]!r}")

    async def _on_init(self, frame: dict[str, Any]) -> None:
        if self._has_init:
            raise BadFrame("Too many initialisation requests", frames.SECOND_INIT)
        self._has_init = True
        self._authorization = frames.authorization_of(frames.payload_of(frame)) or self._authorization
        try:
            self.context = await self._sign_in()
            if self.context.viewer_id is not None:
                self._slot.sign_in(self.context.viewer_id)
        except (RateLimited, TooManySockets) as error:
            await self.close(TRY_AGAIN_LATER, str(error))
        except ProductError as error:
            await self.close(FORBIDDEN, error.message)
        except Exception:
            log.exception("A socket could not be signed in")
            await self.close(frames.SERVER_ERROR, f"Internal server error, request id {request_id.get()}")
        else:
            await self.send({"type": "connection_ack"})
            self._acknowledged.set()

    async def _on_subscribe(self, frame: dict[str, Any]) -> None:
        if not self._acknowledged.is_set():
            raise BadFrame("Unauthorized: send connection_init first", UNAUTHENTICATED)
        id = frames.id_of(frame)
        if id in self._running:
            raise BadFrame(f"Subscriber for {id} already exists", frames.DUPLICATE)
        if self._is_finishing:
            await self.send({"id": id, "type": "error", "payload": [refusal(unavailable(RESTARTING))]})
            return
        if len(self._tasks) >= self._limits.operations:
            metrics.count(LIMITS, "socket_operations")
            too_many = f"This socket already runs {len(self._tasks)} operations, the maximum. Complete one first."
            refused = RequestRefused(too_many, status=429, code="RATE_LIMITED")
            await self.send({"id": id, "type": "error", "payload": [refusal(refused)]})
            return
        try:
            request = _request_of(frame, self._persisted)
        except RequestRefused as error:
            await self.send({"id": id, "type": "error", "payload": [refusal(error)]})
            return
        running = Running(id, request, self._executor, self)
        self._running[id] = running
        self._tasks.add(running.task)
        running.task.add_done_callback(self._on_end)

    def _on_end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("An operation failed", exc_info=error)

    async def _on_complete(self, frame: dict[str, Any]) -> None:
        if running := self._running.pop(frames.id_of(frame), None):
            running.stop()

    async def _on_ping(self, _frame: dict[str, Any]) -> None:
        await self.send({"type": "pong"})

    async def _on_pong(self, _frame: dict[str, Any]) -> None:
        """Do nothing: `_on_message` has noted already that the client is alive."""


def _request_of(frame: dict[str, Any], persisted: PersistedQueries) -> Request:
    """Return the request of a `subscribe` frame.

    Raises BadFrame, and RequestRefused for a frame as the protocol has it whose operation cannot be run.
    """
    payload = frames.payload_of(frame)
    try:
        return from_value(payload, persisted)
    except RequestRefused as error:
        query = payload.get("query")
        if error.code != "BAD_REQUEST" or (isinstance(query, str) and not query.strip()):
            raise
        raise BadFrame(f"Invalid message: {error.message}") from error


async def _all_ended(tasks: set[asyncio.Task[None]]) -> None:
    """Wait for tasks to end, and cancel them when the waiting itself is cancelled."""
    try:
        await asyncio.wait(tasks)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        raise
