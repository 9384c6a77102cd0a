"""The durable store of files and batches: SQLite for what they are, a folder for contents."""

import json
import os
import secrets
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import apsw

from pipeline.errors import LedgerUnusable
from pipeline.imageserver.billing.group_writer import GroupWriter, connect
from pipeline.imageserver.openai.batches.batch import (
    Batch,
    DoneLine,
    UploadedFile,
    batch_from,
)
from pipeline.imageserver.state_folder import sync_folder

_VERSION = 1
_SCHEMA = """
CREATE TABLE file (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, value TEXT NOT NULL) STRICT;
CREATE TABLE batch (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, value TEXT NOT NULL) STRICT;
CREATE TABLE line (
  batch TEXT NOT NULL, number INTEGER NOT NULL, good INTEGER NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (batch, number)) STRICT, WITHOUT ROWID;
"""


class BatchStore:
    """Files and batches of one server; when an awaited method returns, it is durable."""

    def __init__(self, folder: Path) -> None:
        """Open or create the store. Raises LedgerUnusable."""
        path = folder / "batches.db"
        self.folder = folder / "files"
        """The folder of the contents, named by the files' ids."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = connect(path)
            version = self._connection.pragma("user_version")
            if version not in {0, _VERSION}:
                raise LedgerUnusable(
                    f"{path} has version {version} of the batches; this program reads {_VERSION}"
                )
            if version == 0:
                with self._connection:
                    self._connection.execute(_SCHEMA)
                    self._connection.pragma("user_version", _VERSION)
            self._reader = connect(path)
            self._reading = threading.Lock()
        except apsw.Error as error:
            raise LedgerUnusable(f"{path}: {error}") from error
        for unfinished in self.folder.glob("*.part"):
            unfinished.unlink(missing_ok=True)
        self._writer = GroupWriter(
            self._connection,
            name="store of batches",
            on_commit=lambda: None,
            on_rollback=lambda: None,
        )

    async def close(self) -> None:
        """Finish all writes and close the file."""
        await self._writer.close()
        self._reader.close()
        self._connection.close()

    def temporary(self) -> Path:
        """Return a path for a content that is being written."""
        return self.folder / f"{secrets.token_hex(12)}.part"

    async def add_file(self, temporary: Path, file: UploadedFile) -> None:
        """Take a written content into the store; called once it is whole. Raises LocalFault."""
        await self._writer.run(lambda: self._add_file(temporary, file))

    async def delete_file(self, file: UploadedFile) -> None:
        """Delete a file."""
        await self._execute("DELETE FROM file WHERE id = ?", (file.id,))
        self.path(file).unlink(missing_ok=True)

    def path(self, file: UploadedFile) -> Path:
        """Return the path of a file's content."""
        return self.folder / file.id

    def file(self, file_id: str) -> UploadedFile | None:
        """Return a file by its id."""
        value = self._one("SELECT value FROM file WHERE id = ?", (file_id,))
        return None if value is None else UploadedFile(**value)

    def files(self) -> list[UploadedFile]:
        """Return all files, newest first."""
        return [UploadedFile(**value) for value in self._all("file")]

    async def add_batch(self, batch: Batch) -> None:
        """Store a new batch."""
        await self._execute(
            "INSERT INTO batch (id, value) VALUES (?, ?)", (batch.id, json.dumps(batch.value()))
        )

    async def update_batch(self, batch: Batch) -> None:
        """Store a changed batch."""
        await self._execute(
            "UPDATE batch SET value = ? WHERE id = ?", (json.dumps(batch.value()), batch.id)
        )

    def batch(self, batch_id: str) -> Batch | None:
        """Return a batch by its id."""
        value = self._one("SELECT value FROM batch WHERE id = ?", (batch_id,))
        return None if value is None else batch_from(value)

    def batches(self) -> list[Batch]:
        """Return all batches, newest first."""
        return [batch_from(value) for value in self._all("batch")]

    async def add_line(self, batch: Batch, line: DoneLine) -> None:
        """Store a line that is over; a line that is stored already stays."""
        good = int(line.purchase is not None)
        await self._execute(
            "INSERT OR IGNORE INTO line VALUES (?, ?, ?, ?)",
            (batch.id, line.number, good, json.dumps(asdict(line))),
        )

    def lines(self, batch: Batch) -> dict[int, DoneLine]:
        """Return the lines that are over, by their number."""
        rows = self._read("SELECT value FROM line WHERE batch = ? ORDER BY number", (batch.id,))
        done = [DoneLine(**_parsed(value)) for (value,) in rows]
        return {line.number: line for line in done}

    def counts(self, batch: Batch) -> tuple[int, int]:
        """Return how many lines were bought and how many refused."""
        rows = dict(
            self._read("SELECT good, count(*) FROM line WHERE batch = ? GROUP BY good", (batch.id,))
        )
        return int(rows.get(1, 0)), int(rows.get(0, 0))

    def _add_file(self, temporary: Path, file: UploadedFile) -> None:
        with temporary.open("rb") as content:
            os.fsync(content.fileno())
        temporary.replace(self.path(file))
        sync_folder(self.folder)
        self._connection.execute(
            "INSERT INTO file (id, value) VALUES (?, ?)", (file.id, json.dumps(asdict(file)))
        )

    async def _execute(self, statement: str, values: tuple[str | int, ...]) -> None:
        await self._writer.run(lambda: self._connection.execute(statement, values).fetchall())

    def _read(self, statement: str, values: tuple[str, ...] = ()) -> list[Any]:
        """Return rows; the lock lets threads read that write a batch's files."""
        with self._reading:
            return self._reader.execute(statement, values).fetchall()

    def _one(self, statement: str, values: tuple[str]) -> dict[str, Any] | None:
        rows = self._read(statement, values)
        return _parsed(rows[0][0]) if rows else None

    def _all(self, table: str) -> Iterable[dict[str, Any]]:
        rows = self._read(f"SELECT value FROM {table} ORDER BY number DESC")  # noqa: S608 - one of two names
        return [_parsed(value) for (value,) in rows]


def _parsed(value: object) -> dict[str, Any]:
    parsed: Mapping[str, Any] = json.loads(str(value))
    return dict(parsed)
