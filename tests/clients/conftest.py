"""Fixtures of the Node clients: a server with a slow model, and what the compilers of front ends write."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.loopback.slow_model import slow_model
from tests.support.processes.node_clients import SCRIPTS, SECRET, Clients, Report
from tests.support.processes.product_process import ROOT, BareProduct, running


@pytest.fixture(scope="session")
def node_modules() -> Path:
    if shutil.which("node") is None or not (SCRIPTS / "node_modules").exists():
        pytest.skip("THE NODE CLIENTS ARE NOT TESTED: install Node 20 and run `npm ci --prefix tests/clients`.")
    return SCRIPTS / "node_modules"


@pytest.fixture(scope="session")
def compiled(node_modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that copies a folder of sources and runs a compiler there."""
    parent = tmp_path_factory.mktemp("compiled")
    (parent / "node_modules").symlink_to(node_modules)

    def compile(name: str, *command: str) -> Path:
        folder = parent / name
        if not folder.exists():
            shutil.copytree(SCRIPTS / name, folder)
            shutil.copy(ROOT / "schema" / "schema.graphql", folder)
        done = subprocess.run(
            [str(node_modules / ".bin" / command[0]), *command[1:]],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return folder

    return compile


@pytest.fixture(scope="session")
def clients(compiled: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """Run a server that knows the documents of Relay."""
    folder = compiled("relay", "relay-compiler", "relay.config.json")
    with (
        slow_model() as model,
        running(
            tmp_path_factory.mktemp("clients"),
            BareProduct,
            SECRET_KEY=SECRET,
            OPENAI_BASE_URL=model,
            OPENAI_MODEL="slow",
            TRUSTED_DOCUMENTS=str(folder / "documents.json"),
        ) as product,
    ):
        yield Clients(product.url, folder)


@pytest.fixture(scope="session")
def report(clients: Clients) -> Report:
    """Return the report of `check.mjs`, which several tests read."""
    return clients.run("check.mjs")
