"""Copying a ledger file as rows: out of one, or into a new one, which appears whole."""
# ruff: noqa: D102 - dump.LedgerDump documents each method

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import apsw

from pipeline.errors import UsageError
from pipeline.ledger.dump import LedgerDump, ReplyRow, load
from pipeline.ledger.rows import AttemptRow, JobRow, PurchaseRow, RunRow, TicketRow
from pipeline.ledger.shared_columns import verdict_from
from pipeline.ledger.sqlite import errors, statements
from pipeline.ledger.sqlite.columns import attempt_from, purchase_from, ticket_from
from pipeline.ledger.sqlite.opening import (
    check_whole_file,
    open_for_reading,
    open_for_writing,
    refuse_network,
)
from pipeline.ledger.sqlite.row_store import SqliteRowStore
from pipeline.model.names import Slug
from pipeline.model.verdict import Verdict


class SqliteDump(SqliteRowStore):
    """`LedgerDump` of a file; the checksum of every row is verified."""

    def all_runs(self) -> Iterator[RunRow]:
        return reversed(self.runs(None))

    def all_jobs(self) -> Iterator[JobRow]:
        return map(self._job, self._connection.execute("select * from job order by id"))

    def all_purchases(self) -> Iterator[PurchaseRow]:
        rows = self._connection.execute("select * from purchase order by job, nth")
        return map(purchase_from, rows)

    def all_tickets(self) -> Iterator[TicketRow]:
        return map(ticket_from, self._connection.execute("select * from ticket order by id"))

    def all_attempts(self) -> Iterator[AttemptRow]:
        rows = self._connection.execute("select * from attempt order by job, number")
        return map(attempt_from, rows)

    def all_replies(self) -> Iterator[ReplyRow]:
        for job, number, raw in self._connection.execute(
            "select job, number, raw from reply order by id"
        ):
            yield ReplyRow(job=job, number=number, raw=bytes(raw))

    def all_verdicts(self) -> Iterator[tuple[Slug, Verdict]]:
        for row in self._connection.execute("select * from verdict order by id"):
            yield Slug(row[1]), verdict_from(row)


@contextmanager
def dumped_file(file: Path) -> Iterator[LedgerDump]:
    """Open a ledger file to copy it, after a check of the whole file; `UsageError` without one."""
    if not file.is_file():
        raise UsageError(f"there is no ledger {file}: nothing was copied")
    check_whole_file(file)
    connection = open_for_reading(file)
    try:
        connection.execute("begin")
        yield SqliteDump(connection)
    finally:
        connection.close()


def load_file(file: Path, dump: LedgerDump) -> int:
    """Make a ledger file of a dump; return its job count. It gets its name once it is whole."""
    if file.exists() or file.is_symlink():
        raise UsageError(f"{file} exists: nothing was copied. Move it away, or name another file.")
    place = file.absolute().parent.resolve() / file.name
    refuse_network(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        draft = folder / place.name
        count = _load(draft, dump)
        check_whole_file(draft)
        draft.rename(place)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return count


def _load(draft: Path, dump: LedgerDump) -> int:
    connection = open_for_writing(draft)
    try:
        connection.execute("begin immediate")
        count = load(SqliteRowStore(connection), dump)
        connection.execute(statements.COUNT_COMMIT)
        connection.execute("commit")
    except apsw.Error as error:
        raise errors.as_local_fault(draft, error) from error
    finally:
        connection.close()
    journal = draft.with_name(f"{draft.name}-wal")
    if journal.exists() and journal.stat().st_size:
        raise errors.not_made(draft)
    return count
