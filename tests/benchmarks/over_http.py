"""Reads and writes over HTTP, with the goals for them: CPU of the server's process, and of the floor's in turn.

`python -m tests.benchmarks.over_http` runs it alone.
"""

import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import orjson

from resolvers.core.ids import decode
from tests.benchmarks.operations import CONVERSATIONS, ME, MESSAGES, ROWS
from tests.support.app import SECRET
from tests.support.processes.ports import free_port
from tests.support.processes.product_process import ROOT, BareProduct, running

ROUNDS, CLIENTS = int(os.environ.get("ROUNDS", "15")), 16
TEXT = "What did the trip cost, and who has the receipts? " * 4
SETTINGS = {"SECRET_KEY": SECRET, "LOG_LEVEL": "INFO"}
READS = (("me", 0.9, 100), ("conversations", 1.2, 40), ("messages", 1.35, 25), ("rows", 1.7, 25))
WRITES = (("updateCells", 1_200, 700), ("createConversation", 950, 900))


class Server:
    """Server process, called on one connection of each thread."""

    def __init__(self, pid: int, port: int, token: str = "") -> None:
        self.pid, self.port, self.token = pid, port, token
        self._local = threading.local()

    def post(self, path: str, body: Any) -> Any:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"content-type": "application/json"} | (
            {"authorization": f"Bearer {self.token}"} if self.token else {}
        )
        connection.request("POST", path, orjson.dumps(body), headers)
        response = connection.getresponse()
        answer = orjson.loads(response.read())
        assert response.status == 200, answer
        assert "errors" not in answer, answer
        return answer["data"]

    def run(self, query: str, **variables: Any) -> Any:
        return self.post("/graphql", {"query": query, "variables": variables})

    def mutate(self, name: str, selection: str, /, **values: Any) -> Any:
        kind = name[0].upper() + name[1:]
        return self.run(f"mutation($input: {kind}Input!) {{ {name}(input: $input) {selection} }}", input=values)[name]

    def cpu(self) -> float:
        """Return the seconds of all its threads, which Linux counts in nanoseconds."""
        tasks = Path(f"/proc/{self.pid}/task")
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9

    def cost(self, call: Callable[[], Any], calls: int) -> float:
        """Return the microseconds of CPU of one call."""
        started = self.cpu()
        for _ in range(calls):
            call()
        return (self.cpu() - started) / calls * 1e6


def fill(server: Server) -> tuple[str, str, str]:
    """Create 21 conversations, one of 100 messages, and a table of 100 rows; return the ids of user and of those."""
    selection = "{ conversation { id } }"
    for number in range(20):
        server.mutate("sendMessage", selection, text=f"{number} {TEXT}", wait=True)
    conversation = server.mutate("sendMessage", selection, text=TEXT, wait=True)["conversation"]["id"]
    for _ in range(49):
        server.mutate("sendMessage", selection, text=TEXT, conversationId=conversation, wait=True)
    columns = [{"name": f"C{n}", "type": kind} for n, kind in enumerate(["TEXT", "INTEGER", "DECIMAL", "DATE"] * 3)]
    table = server.mutate("createTable", "{ table { id } }", name="Costs", columns=columns)["table"]["id"]
    values = {f"c{n + 1}": v for n, v in enumerate(["some text", 12, "12.50", "2025-03-10"] * 3)}
    server.mutate("addRows", "{ table { id } }", tableId=table, rows=[values] * 100)
    return server.run("{ me { id } }")["me"]["id"], conversation, table


@contextmanager
def servers() -> Iterator[tuple[Server, Server, str, str]]:
    """Start both servers on one core; this process, their client, has another."""
    directory = Path(tempfile.mkdtemp())
    with running(directory, BareProduct, **SETTINGS) as product:
        ours = Server(product.process.pid, urlsplit(product.url).port or 0)
        account = {"email": "ann@example.com", "password": "correct horse battery"}
        ours.token = ours.mutate("signUp", "{ session { accessToken } }", **account)["session"]["accessToken"]
        user, conversation, table = fill(ours)
        port, ids = free_port(), [decoded[1].hex for id_ in (user, conversation, table) if (decoded := decode(id_))]
        command = [sys.executable, "-m", "tests.benchmarks.floor", str(directory / "product.db"), *ids, str(port)]
        with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "FLOOR_SECRET": SECRET}) as floor:
            try:
                pin(ours.pid, floor.pid)
                wait_for(port)
                yield ours, Server(floor.pid, port, jwt.encode({"sub": "ann"}, SECRET, "HS256")), conversation, table
            finally:
                floor.terminate()


def pin(*servers: int) -> None:
    first, *rest = sorted(os.sched_getaffinity(0))
    if rest:
        os.sched_setaffinity(0, rest)
        for pid in servers:
            for task in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(task.name), {first})


def wait_for(port: int) -> None:
    for _ in range(300):
        try:
            http.client.HTTPConnection("127.0.0.1", port).connect()
        except OSError:
            time.sleep(0.1)
        else:
            return


def reads(ours: Server, floor: Server, conversation: str, table: str) -> None:
    documents = {
        "me": (ME, {}),
        "conversations": (CONVERSATIONS, {}),
        "messages": (MESSAGES, {"id": conversation}),
        "rows": (ROWS, {"id": table}),
    }
    for name, goal, calls in READS:
        query, variables = documents[name]

        def ask(query: str = query, variables: dict[str, str] = variables) -> Any:
            return ours.run(query, **variables)

        def plain(name: str = name) -> Any:
            return floor.post(f"/{name}", {})

        pairs = [(ours.cost(ask, calls), floor.cost(plain, calls)) for _ in range(ROUNDS + 1)][1:]
        cost, base = (statistics.median(part) for part in zip(*pairs, strict=True))
        ratio = statistics.median(a / b for a, b in pairs)
        print(f"{name:20} {cost:7.0f} µs   floor {base:7.0f} µs   {ratio:5.2f} ×   goal ≤ {goal} ×", flush=True)


def writes(ours: Server, table: str) -> None:
    nodes = ours.run(ROWS, id=table)["table"]["rows"]["nodes"]

    def update(number: int) -> None:
        cell = {"rowId": nodes[number % 100]["id"], "column": "c1", "value": f"value {number}"}
        ours.mutate("updateCells", "{ rows { id version } }", tableId=table, cells=[cell])

    def create(number: int) -> None:
        ours.mutate("createConversation", "{ conversation { id } }", title=f"Conversation {number}")

    for (name, goal, rate_goal), call in zip(WRITES, (update, create), strict=True):
        rounds = [at_once(ours, call, first) for first in range(0, ROUNDS * 320, 320)][1:]
        cost, rate = (statistics.median(part) for part in zip(*rounds, strict=True))
        goals = f"goals ≤ {goal:,} µs, ≥ {rate_goal}/s"
        print(f"{name:20} {cost:7.0f} µs   {rate:5.0f} a second by {CLIENTS} clients   {goals}", flush=True)


def at_once(server: Server, call: Callable[[int], None], first: int, each: int = 20) -> tuple[float, float]:
    """Return the microseconds of CPU of a call, and the calls in a second, of all clients at once."""

    def work(client: int) -> None:
        for number in range(each):
            call(first + client * each + number)

    threads = [threading.Thread(target=work, args=(client,)) for client in range(CLIENTS)]
    cpu, started = server.cpu(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    calls = CLIENTS * each
    return (server.cpu() - cpu) / calls * 1e6, calls / (time.perf_counter() - started)


def over_http() -> None:
    print(f"\n{ROUNDS} rounds over HTTP, SQLite with synchronous=FULL, one core for the servers; CPU of the process")
    with servers() as (ours, floor, conversation, table):
        reads(ours, floor, conversation, table)
        writes(ours, table)


if __name__ == "__main__":
    over_http()
