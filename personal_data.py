"""Export of everything that the installation has of one person: rows as JSON lines, tables as CSV, and files."""

import asyncio
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

from assembly.components import create_database
from auth.viewer import Viewer
from db.accounts import personal_data
from db.backups.dumps import dump, explaining, is_postgresql
from db.core.base import Base
from db.core.engine import Database
from db.models.attachments import Attachment
from db.models.exports import Export
from db.models.tables import Table
from integrations.blobs import DirectoryBlobs
from jobs.exports.snapshots import take
from settings.settings import Settings
from tables.writers.file_names import file_name
from tables.writers.text import write_csv

SYSTEM = Viewer.system()
BYTE_ORDER_MARK = "\ufeff"  # Excel reads a CSV as UTF-8 only behind one


def export(settings: Settings, email: str, directory: Path) -> dict[str, Any]:
    """Write a new directory below `directory`, and return its path with the numbers of rows and files.

    A running server has the SQLite file open, so that a copy of it is read, which is erased afterwards.
    """
    with explaining(f"{directory}: {{problem}}. Name a directory with room for the export, in which you may write."):
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".export-", dir=directory) as part:
            url = settings.database_url
            if not is_postgresql(url):
                url = f"sqlite:///{dump(url, Path(part))}"
            database = create_database(settings.model_copy(update={"database_url": url}))
            exporter = Exporter(database, settings.files_dir, Path(part) / "export")
            address = asyncio.run(exporter.run(email))
            target = directory / f"{file_name(address)}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
            exporter.directory.rename(target)
    return {"email": address, "path": str(target), "rows": dict(exporter.rows), "missing": exporter.missing}


@dataclass
class Exporter:
    """Export into a directory that does not exist yet; `missing` are files that were erased before."""

    database: Database
    files: Path
    directory: Path
    rows: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)

    async def run(self, email: str) -> str:
        """Write everything of the person with an address, and return the address as it is stored."""
        await self.database.start()
        try:
            user_id = await self.database.write(personal_data.person_id, SYSTEM, email)
            for name in ("data", "tables", "attachments", "exports"):
                (self.directory / name).mkdir(parents=True, mode=0o700)
            address = email.strip().lower()
            for model in personal_data.models():
                await self._write_model(model, user_id)
            return address
        finally:
            await self.database.stop()

    async def _write_model(self, model: type[Base], user_id: UUID) -> None:
        """Write the rows of a model as JSON lines, and what belongs to them as files."""
        path, after = self.directory / "data" / f"{model.__tablename__}.jsonl", None
        while rows := await self.database.write(personal_data.batch_of, SYSTEM, model, user_id, after):
            after = rows[-1]["id"]
            self.rows[model.__tablename__] += len(rows)
            with path.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(row, ensure_ascii=False, default=_encoded) + "\n" for row in rows)
            for row in rows:
                await self._write_files(model, row)

    async def _write_files(self, model: type[Base], row: dict[str, Any]) -> None:
        if model is Table and row["deleted_at"] is None:
            await self._write_table(row)
        elif model is Attachment:
            self._copy_attachment(row)
        elif model is Export and row["file"]:
            self._copy(self.files / row["file"], self.directory / "exports" / row["file"])

    async def _write_table(self, row: dict[str, Any]) -> None:
        path = self.directory / "tables" / f"{file_name(row['name'])}-{row['id'].hex[-8:]}.csv"
        with await take(self.database, SYSTEM, row["id"], self.directory) as snapshot:
            values: Iterator[Any] = (values for batch in snapshot.batches() for _, _, values in batch)
            with path.open("w", encoding="utf-8", newline="") as file:
                file.write(BYTE_ORDER_MARK)
                file.writelines(write_csv(snapshot.columns, values))

    def _copy_attachment(self, row: dict[str, Any]) -> None:
        name = f"{row['id'].hex[-8:]}-{file_name(row['name'], 'file')}"
        content = DirectoryBlobs(self.files / "attachments").open(row["blob_id"])
        if content is None:
            self.missing.append(row["name"])
            return
        with content, (self.directory / "attachments" / name).open("wb") as file:
            shutil.copyfileobj(content, file)

    def _copy(self, source: Path, target: Path) -> None:
        try:
            shutil.copyfile(source, target)
        except FileNotFoundError:  # its retention is over
            self.missing.append(source.name)


def _encoded(value: object) -> Any:
    """Return a value that JSON does not know: times as ISO 8601, members of enums by value, the rest as text."""
    if isinstance(value, date):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else str(value)
