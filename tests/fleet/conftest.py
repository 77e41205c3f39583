"""Fixture of an installation of processes: two servers, a worker, PostgreSQL and Valkey."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from tests.fleet.fleet import Fleet
from tests.support.app import SECRET
from tests.support.processes.product_process import BareProduct, WorkerProduct, running
from tests.support.processes.valkey import valkey_server


@pytest.fixture
def fleet(postgres_url: str, tmp_path: Path) -> Iterator[Fleet]:
    with ExitStack() as stack:
        valkey = stack.enter_context(valkey_server())
        settings = {
            "DATABASE_URL": postgres_url,
            "REDIS_URL": valkey.url,
            "REDIS_PREFIX": uuid4().hex,
            "SECRET_KEY": SECRET,
            "DRAIN_SECONDS": "4",
            "REPLIES_PER_PERSON": "10000",  # they wait while there is no worker
            "RUN_JOBS": "0",
        }
        servers = [stack.enter_context(running(tmp_path, BareProduct, **settings)) for _ in range(2)]
        worker = stack.enter_context(running(tmp_path, WorkerProduct, **settings))
        yield Fleet(servers, worker, valkey)
