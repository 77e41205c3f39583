"""Number of statements that an operation reads with."""

from typing import Any

import pytest

from db.core.engine import Database
from db.core.prepared import Plan
from tests.support.tables.table_client import TableClient


async def counted(
    sheet: TableClient, database: Database, monkeypatch: pytest.MonkeyPatch, document: str, **variables: Any
) -> int:
    """Return the number of statements that an operation reads with."""
    statements: list[str] = []
    fetch = database._fetch

    async def count(plan: Plan, values: list[Any]) -> list[Any]:
        statements.append(plan.sql)
        return await fetch(plan, values)

    with monkeypatch.context() as patch:
        patch.setattr(database, "_fetch", count)
        await sheet.run(document, **variables)
    return len(statements)
