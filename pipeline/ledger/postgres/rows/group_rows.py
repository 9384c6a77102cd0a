"""The rows of one group of operations: read together, changed here, and written together."""

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pipeline.ledger.postgres.rows.columns import (
    Columns,
    Named,
    attempt_columns,
    attempt_from,
    changing_job,
    fixed_job,
    job_from,
    purchase_columns,
    purchase_from,
    run_from,
)
from pipeline.ledger.postgres.rows.row_queries import Connection, RowQueries, columns_of
from pipeline.ledger.row_store import SpendScope
from pipeline.ledger.rows import AttemptRow, JobRow, PurchaseRow, RunRow
from pipeline.model.job import JobKey
from pipeline.model.money import Amount, Spent
from pipeline.model.run import RunId

Key = TypeVar("Key")
Value = TypeVar("Value")

_ABSENT: Any = object()
_KEPT = 100
"""Most runs, and most sums, that are read for every group."""


class NotRead(Exception):
    """An operation needs a run or a sum that was not read for its group."""


@dataclass(kw_only=True, slots=True)
class Needs:
    """The runs and sums that operations ask for; the next groups will, too."""

    runs: dict[RunId, None] = field(default_factory=dict)
    scopes: dict[SpendScope, None] = field(default_factory=dict)

    def copy(self) -> "Needs":
        """Return the newest of them."""
        return Needs(
            runs=dict.fromkeys([*self.runs][-_KEPT:]), scopes=dict.fromkeys([*self.scopes][-_KEPT:])
        )


class GroupRows(RowQueries):
    """What was read for a group, and what its operations changed."""

    def __init__(self, connection: Connection, *, needs: Needs | None = None) -> None:
        """With `needs`, no transaction is open: what is not read raises `NotRead`, added there."""
        super().__init__(connection)
        self._needs = needs
        self.now = 0
        """The server's time when the group was read, in milliseconds since 1970, UTC."""
        self.last_job = 0
        """The highest id of a job when the group was read; new ones are counted from there."""
        self._added = {"jobs": 0}
        self._jobs: dict[JobKey, JobRow | None] = {}
        self._versions: dict[JobKey, int] = {}
        self._whole: set[int] = set()
        """Ids of jobs of which every attempt is known."""
        self._keys: dict[int, JobKey] = {}
        self._purchases: dict[tuple[int, int], PurchaseRow] = {}
        self._stored_purchases: dict[tuple[int, int], PurchaseRow] = {}
        """Changed purchases as they were read."""
        self._attempts: dict[tuple[int, int], AttemptRow] = {}
        self._runs: dict[RunId, RunRow | None] = {}
        self._names: dict[int, RunId] = {}
        self._leases: dict[int, Mapping[str, Any] | None] = {}
        """Why the account of a run that has a lease is halted, if it is."""
        self._permits: dict[int, None] = {}
        """The runs that got a permit."""
        self._sums: dict[SpendScope, Spent] = {}
        self._stored_sums: dict[SpendScope, int] = {}
        """What a scope had spent at most when it was read."""
        self._limits: dict[SpendScope, Amount] = {}
        self._new: dict[tuple[str, Any], None] = {}
        self._changed: dict[tuple[str, Any], None] = {}
        self._replies: dict[int, Named] = {}
        self.is_written = False
        """True if something was written at once, in the transaction that is open."""
        self._undo: list[tuple[MutableMapping[Any, Any], Any, Any]] = []

    # What was read beforehand

    def learn_group(self, read: Mapping[str, Any], *, keys: Iterable[JobKey], needs: Needs) -> None:
        """Take in what `read_group` returned for these jobs, runs and sums."""
        self.now, self.last_job = read["now"], read["last_job"]
        self._learn(read["jobs"] or [], read["purchases"] or [], read["attempts"] or [])
        for key in keys:
            self._jobs.setdefault(key, None)
        for name in needs.runs:
            self._runs[name] = None
        for columns in read["runs"] or []:
            self._learn_run(run_from(columns))
        self._leases = dict(read["leases"] or [])
        for scope, (confirmed, held) in zip(needs.scopes, read["sums"] or [], strict=True):
            self._learn_sum(scope, Spent(confirmed=Amount(confirmed), in_doubt=Amount(held)))

    def _learn(
        self, jobs: Iterable[Columns], purchases: Iterable[Columns], attempts: Iterable[Columns]
    ) -> None:
        """Take in jobs with all their purchases and attempts."""
        for columns in jobs:
            job, version = job_from(columns)
            self._jobs[job.key], self._versions[job.key] = job, version
            self._keys[job.id] = job.key
            self._whole.add(job.id)
        for columns in purchases:
            purchase = purchase_from(columns)
            self._purchases[purchase.job, purchase.number] = purchase
        for columns in attempts:
            attempt = attempt_from(columns)
            self._attempts[attempt.job, attempt.number] = attempt

    def _learn_run(self, row: RunRow) -> None:
        self._runs[row.run.id] = row
        self._names[row.id] = row.run.id

    def _learn_sum(self, scope: SpendScope, spent: Spent) -> None:
        """Take in what a scope has spent, without what this group changes."""
        self._sums[scope], self._stored_sums[scope] = spent, spent.upper

    # One operation, whole or not at all

    def begin_operation(self) -> None:
        """Keep what is changed from now on; `undo` takes it back."""
        self._undo.clear()

    def undo(self) -> None:
        """Take back every change since `begin_operation`."""
        for table, key, before in reversed(self._undo):
            if before is _ABSENT:
                del table[key]
            else:
                table[key] = before
        self._undo.clear()

    def _put(self, table: MutableMapping[Key, Value], key: Key, value: Value) -> None:
        self._undo.append((table, key, table.get(key, _ABSENT)))
        table[key] = value

    # What is written afterwards

    @property
    def is_changed(self) -> bool:
        """True if the group changes anything."""
        return bool(self._new or self._changed or self._replies or self.is_written)

    def proves(self, keys: Iterable[JobKey]) -> bool:
        """Return whether writing this group proves what was known of all its jobs."""
        return self.is_changed and all(self._jobs[key] is not None for key in keys)

    def changes(self) -> Mapping[str, Any]:
        """Return the changes of the group, as `write_group` takes them."""
        new, changed = self._by_kind(self._new), self._by_kind(self._changed)
        jobs = {key: row for key, row in self._jobs.items() if row is not None}
        seen = [(jobs[key].id, version) for key, version in self._versions.items()]
        runs = [row for name in changed["run"] if (row := self._runs[name]) is not None]
        return {
            "last_job": self.last_job,
            "seen": [{"id": id_, "version": version} for id_, version in seen],
            "limits": [
                {
                    "scope": columns_of(scope),
                    "most": limit,
                    "more": self._sums[scope].upper - self._stored_sums[scope],
                }
                for scope, limit in self._limits.items()
                if self._sums[scope].upper > self._stored_sums[scope]
            ],
            "permits": list(self._permits),
            "new_jobs": [fixed_job(jobs[key]) | changing_job(jobs[key]) for key in new["job"]],
            "jobs": [changing_job(jobs[key]) for key in changed["job"]],
            "new_purchases": [purchase_columns(self._purchases[at]) for at in new["purchase"]],
            "purchases": [purchase_columns(self._purchases[at]) for at in changed["purchase"]],
            "new_attempts": [attempt_columns(self._attempts[at]) for at in new["attempt"]],
            "attempts": [attempt_columns(self._attempts[at]) for at in changed["attempt"]],
            "replies": list(self._replies.values()),
            "runs": [
                {
                    "id": row.id,
                    "finished": row.finished,
                    "exit_code": row.exit_code,
                    "last_paid": row.last_paid,
                }
                for row in runs
            ],
        }

    def _by_kind(self, marked: Iterable[tuple[str, Any]]) -> Mapping[str, list[Any]]:
        kinds: dict[str, list[Any]] = {"job": [], "purchase": [], "attempt": [], "run": []}
        for kind, key in marked:
            if marked is self._new or (kind, key) not in self._new:
                kinds[kind].append(key)
        return kinds

    def _change_job(self, id_: int) -> None:
        """Count a change of a job, so that nobody overlooks one of its purchases or attempts."""
        self._put(self._changed, ("job", self._keys[id_]), None)
