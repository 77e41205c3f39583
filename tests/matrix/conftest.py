"""Fixtures of the policy matrix: one application of each kind for all rows."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from assembly.product import assemble
from resolvers.accounts import accounts
from settings.settings import Settings
from tests.matrix.asking import Stage, digest
from tests.matrix.changes import PASSWORD
from tests.matrix.world import Scene
from tests.support.app import OFTEN, SECRET
from tests.support.processes.postgres import Postgres

KINDS = [pytest.param(kind, marks=pytest.mark.xdist_group(f"matrix-{kind}")) for kind in ("sqlite", "postgresql")]


@pytest.fixture(scope="module", params=KINDS)
def matrix_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the URL of one database of each kind, for all rows."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("matrix") / "sheetgpt.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name = f"matrix_{uuid4().hex}"
    asyncio.run(postgres.create_database(name, request.getfixturevalue("postgres_template")))
    yield postgres.url(name)
    asyncio.run(postgres.drop_database(name))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(matrix_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Yield the application over a world with every person and thing; no worker runs jobs in it."""
    limits = {name: OFTEN for name in Settings.model_fields if "_limit_" in name}
    provider = {"key": "login", "name": "Login", "issuer": "https://login.example.com", "client_id": "client"}
    oauth = {"google_oauth_client_id": "client", "google_oauth_client_secret": "secret"}
    oauth["oidc_providers"] = json.dumps([provider])
    arguments: dict[str, Any] = {"database_url": matrix_url, "secret_key": SECRET, **limits, **oauth}
    product = assemble(Settings(_env_file=None, **arguments))
    database, passwords = product.backend.database, product.backend.passwords
    await database.start()
    scene = Scene(database, product.backend.secrets[0], await passwords.hash(PASSWORD))
    await scene.build()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "RESET_SECONDS", 0)
        yield Stage(product, scene, await digest(database))
    await database.stop()
    passwords.close()
    product.backend.google_work.close()
