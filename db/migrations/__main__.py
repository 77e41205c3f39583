"""`python -m db.migrations "add sites"` writes a migration from the models."""

import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from alembic import command

from db.migrations import _sqlite, configuration, head, upgrade

VERSIONS = Path(__file__).parent / "versions"


def _number(message: str) -> str:
    last = int(head().partition("_")[0]) if any(VERSIONS.glob("0*.py")) else 0
    return f"{last + 1:04d}_{re.sub(r'[^a-z0-9]+', '_', message.lower()).strip('_')}"


def write(message: str) -> None:
    """Write a migration from the difference between the models and a database at the newest revision."""
    revision = _number(message)
    with tempfile.TemporaryDirectory() as folder, _sqlite(Path(folder) / "empty.db") as connection:
        if any(VERSIONS.glob("0*.py")):
            upgrade(connection)
        config: Any = configuration()
        config.attributes["connection"] = connection
        config.set_main_option("file_template", "%%(rev)s")
        command.revision(config, message=message, autogenerate=True, rev_id=revision)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].strip():
        sys.exit('Name the change: make migration m="add sites"')
    write(sys.argv[1])
