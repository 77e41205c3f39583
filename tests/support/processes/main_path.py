"""Databases and replies of the main path through the product."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.processes.postgres import Postgres

MODEL_REPLY = """Here is what you spent:

| Item | Price |
|------|------:|
| Café | €3.20 |
| 茶   | €4.10 |

Enjoy ☕"""


LONG = " ".join(f"word{n}" for n in range(4_000))


@contextmanager
def empty_database(request: pytest.FixtureRequest, kind: str, directory: Path) -> Iterator[str]:
    """DATABASE_URL of a new, empty database."""
    if kind == "sqlite":
        yield f"sqlite:///{directory / 'product.db'}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name = f"empty_{uuid4().hex}"
    asyncio.run(postgres.create_database(name))
    yield postgres.url(name)
    asyncio.run(postgres.drop_database(name))
