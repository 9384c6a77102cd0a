"""Group commit in Postgres: one journey for a group, or two, decided exactly once.

A group is read with one call, its operations are applied here, and their changes are written with
one call that proves that what was read is still true: the versions of the jobs, and the budgets
with what others have spent meanwhile. If not, the group is applied again. No transaction is open in
between, so that a client that stops there keeps nobody waiting. The write also returns its jobs as
they are then; a group of which enough is known by that is not read. Only what a write has proved is
believed then: whatever ends in an error, or changes nothing, is applied again to what is read.

The groups of a writer are numbered, and the number of the last one is stored in its transaction.
If a reply was lost, the next call finds out which of the tries was committed, if any, and the
operations get the results of that one.
"""

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg

from pipeline.errors import LedgerUnusable, LocalFault, PipelineError
from pipeline.ledger.group_queue import GroupQueue, QueuedOperation, copy_fault
from pipeline.ledger.postgres import leases
from pipeline.ledger.postgres.connection import (
    PATIENCE,
    Address,
    as_pipeline_error,
    connect,
    connect_patiently,
    transaction,
    unreachable,
)
from pipeline.ledger.postgres.rows.columns import digits_of
from pipeline.ledger.postgres.rows.group_rows import Needs, NotRead
from pipeline.ledger.postgres.rows.remembered_rows import RememberedRows
from pipeline.ledger.postgres.rows.row_queries import Connection, columns_of
from pipeline.ledger.postgres.rows.row_store import PostgresRowStore
from pipeline.ledger.postgres.schema.tables import SCHEMA
from pipeline.model.job import JobKey
from pipeline.model.run import RunId

_READ = f"select {SCHEMA}.read_group(%s)"
_WRITE = f"select {SCHEMA}.write_group(%s)"
_WRITE_AND_READ = f"select {SCHEMA}.write_group_and_read(%s)"
_LOCK = "select from ledger where one = 1 for update"

_TRIES = 8
"""Tries of a group whose jobs others change, after which it is applied under the lock."""
_TRANSIENT = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)
_LOST = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,  # a replica, before it takes over
)
"""Errors after which the group is tried again on another connection."""


class PostgresGroupCommit(GroupQueue):
    """Applies a group of operations on one connection, used by one thread.

    A group waits for a server that is restarting. Every other error of the server is final: the
    group and every later operation get the same error. The thread also renews the leases of the
    runs that were begun here, before groups and while there are none.
    """

    pause = leases.RENEWAL / 2

    def __init__(self, connection: Connection, *, address: Address) -> None:
        self._connection = connection
        self._address = address
        self._name = os.urandom(12).hex()
        self._number = 0
        """Of the last try of a group; each try has its own."""
        self._commits = 0
        """Most groups of all writers that were ever seen to be durable."""
        self._needs = Needs()
        self._remembered = RememberedRows()
        self._fault: PipelineError | None = None
        self.runs: set[RunId] = set()
        """Runs whose leases are renewed; they are released with the connection."""
        self._renewed = time.monotonic()
        super().__init__()

    @property
    def failed(self) -> bool:
        """True if nothing is written any more."""
        return self._fault is not None

    def _disconnect(self) -> None:
        with suppress(psycopg.Error):
            if self.runs:  # without an end, and without this process
                with transaction(self._connection):
                    leases.release(self._connection, list(self.runs))
            self._connection.close()

    def _idle_work(self) -> None:
        self._renew()

    def _renew(self) -> None:
        """Renew the leases, with a new connection if the old one is lost."""
        runs = list(self.runs)
        if not runs or self._fault is not None or self._renewed + leases.RENEWAL > time.monotonic():
            return
        self._renewed = time.monotonic()
        try:
            with transaction(self._connection):
                self._connection.execute(leases.RENEW, {"runs": runs})
        except psycopg.Error:
            with suppress(psycopg.Error):  # no group will find out that the line is cut
                self._connection.close()
                self._connection = connect(self._address)
                self._renewed = 0.0

    def _apply(self, group: list[QueuedOperation]) -> list[object]:
        """Apply a group, whose parts that may read anything are alone in their transactions."""
        self._renew()
        results: list[object] = []
        named: list[QueuedOperation] = []
        for queued in group:
            if not queued.alone:
                named.append(queued)
            else:
                results += self._apply_whole(named, alone=False) if named else []
                results += self._apply_whole([queued], alone=True)
                named = []
        return results + (self._apply_whole(named, alone=False) if named else [])

    def _apply_whole(self, group: list[QueuedOperation], *, alone: bool) -> list[object]:
        if self._fault is not None:
            return [copy_fault(self._fault) for _ in group]
        since = time.monotonic()
        tries = _Tries(group=group, first=self._number + 1)
        while True:
            self._number += 1
            try:
                if alone or self._number - tries.first >= _TRIES:
                    number = self._try_locked(tries)
                else:
                    number = self._try(tries)
                if number is not None:
                    return tries.results[number]
            except _Refused:
                return tries.results[self._number]
            except (psycopg.IntegrityError, psycopg.DataError) as error:
                if len(group) == 1:
                    return [_refusal(error)]
                return [one for queued in group for one in self._apply_whole([queued], alone=alone)]
            except Exception as error:  # noqa: BLE001 - every caller gets the error
                try:
                    self._recover(error, since=since)
                except PipelineError as fault:
                    self._fault = fault
                    return [copy_fault(fault) for _ in group]

    def _try_locked(self, tries: "_Tries") -> int | None:
        self._remembered.clear()
        with transaction(self._connection):
            self._connection.execute(_LOCK)
            return self._try(tries, locked=True)

    def _try(self, tries: "_Tries", *, locked: bool = False) -> int | None:
        """Read, apply and write a group; return the number under which it is durable, if it is."""
        if not locked:
            needs = self._needs.copy()
            asked = self._arguments_of(tries, needs)
            known = self._remembered.recall(asked)
            if known is not None:
                with suppress(NotRead):
                    return self._try_over(tries, _Read(known, asked, needs, is_recalled=True))
        needs = self._needs.copy()
        asked = self._arguments_of(tries, needs)
        found = self._call(_READ, asked)
        if found["commits"] < self._commits:
            raise self._behind(self._commits - found["commits"])
        self._commits = found["commits"]
        if (found["number"] or 0) >= tries.first:
            return int(found["number"])  # an earlier try was committed, and its reply was lost
        return self._try_over(tries, _Read(found, asked, needs, is_locked=locked))

    def _arguments_of(self, tries: "_Tries", needs: Needs) -> Mapping[str, Any]:
        """Return what `read_group` is asked for a group."""
        return {
            "writer": self._name,
            "keys": [digits_of(key) for key in tries.keys],
            "runs": list(needs.runs),
            "scopes": [columns_of(scope) for scope in needs.scopes],
        }

    def _try_over(self, tries: "_Tries", read: "_Read") -> int | None:
        """Apply a group to what was read, and write it; `NotRead` if that does not suffice."""
        needs = None if read.is_locked else self._needs
        rows = PostgresRowStore(self._connection, needs=needs)
        rows.learn_group(read.found, keys=tries.keys, needs=read.needs)
        is_first = self._number == tries.first
        results = [self._one(queued, rows) for queued in tries.group]
        if read.is_recalled and not (rows.proves(tries.keys) and not _has_error(results)):
            raise NotRead
        tries.results[self._number] = results
        # after a try whose reply was lost, even a refusal is written: that try may still arrive
        single = len(tries.group) == 1 and (is_first or rows.is_written)
        if single and _has_error(results):
            raise _Refused
        if is_first and not rows.is_changed:
            return self._number
        told = {"writer": self._name, "number": self._number, "first": tries.first}
        work = {**rows.changes(), **told, "commits": self._commits}
        if read.is_locked:
            written = self._call(_WRITE, work)
        else:
            reply = self._call(_WRITE_AND_READ, {**work, "asked": read.asked})
            written = reply["written"]
            if "conflict" in written:
                self._remembered.was_wrong()
            self._remembered.learn(reply["read"], asked=read.asked)
        if "behind" in written:
            raise self._behind(written["behind"])
        number = written.get("number")
        if number == self._number:
            self._commits += 1
        return None if number is None else int(number)

    def _one(self, queued: QueuedOperation, rows: PostgresRowStore) -> object:
        rows.begin_operation()
        try:
            return queued.operation(rows)
        except (psycopg.Error, OSError, MemoryError, LocalFault, NotRead):
            raise
        except Exception as error:  # noqa: BLE001 - passed to the caller of this operation
            rows.undo()
            return error

    def _call(self, sql: str, value: Mapping[str, Any]) -> dict[str, Any]:
        row = self._connection.execute(sql, (json.dumps(value, ensure_ascii=False),)).fetchone()
        if row is None:
            raise LedgerUnusable(f"the ledger ({self._address.shown}) does not answer a call")
        result: dict[str, Any] = row[0]
        return result

    def _recover(self, error: Exception, *, since: float) -> None:
        """Make ready for another try of the group; raise a `PipelineError` if there is none."""
        self._remembered.clear()
        if isinstance(error, (NotRead, *_TRANSIENT)):
            return
        if not isinstance(error, _LOST):
            raise as_pipeline_error(self._address, error) from error
        if time.monotonic() - since > PATIENCE:
            raise unreachable(self._address, error) from None
        with suppress(psycopg.Error):
            self._connection.close()
        self._connection = connect_patiently(self._address, since=since, patience=PATIENCE)

    def _behind(self, missing: int) -> LedgerUnusable:
        return LedgerUnusable(
            f"the ledger ({self._address.shown}) lacks the last {missing} writes that were made in "
            "it: an older copy or a replica that lags behind stands in its place. Nothing more is "
            "bought. Bring the newest server back, and run again."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tries:
    """The tries of one group, and what its operations returned in each."""

    group: list[QueuedOperation]
    first: int
    """The number of the first try."""
    results: dict[int, list[object]] = field(default_factory=dict)

    @property
    def keys(self) -> list[JobKey]:
        return list(dict.fromkeys(key for queued in self.group for key in queued.jobs))


@dataclass(frozen=True, slots=True)
class _Read:
    """What a group is applied to."""

    found: Mapping[str, Any]
    asked: Mapping[str, Any]
    needs: Needs
    is_recalled: bool = False
    """True if it was not read for this group: nothing is believed that a write does not prove."""
    is_locked: bool = False
    """True in a transaction under the lock."""


def _has_error(results: list[object]) -> bool:
    return any(isinstance(result, Exception) for result in results)


class _Refused(Exception):
    """An operation that was alone raised an error: nothing is written."""


def _refusal(error: psycopg.Error) -> ValueError:
    refused = ValueError(f"the ledger refuses: {error}")
    refused.__cause__ = error
    return refused
