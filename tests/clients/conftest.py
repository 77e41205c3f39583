"""Fixture of the Node clients: what they report of one server."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes.product_process import BareProduct, running

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run every client against one server and return the report of `check.mjs`."""
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules").exists():
        pytest.skip("THE NODE CLIENTS ARE NOT TESTED: install Node 20 and run `npm ci --prefix tests/clients`.")
    with running(tmp_path_factory.mktemp("clients"), BareProduct) as product:
        command = [node, str(HERE / "check.mjs"), product.url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
