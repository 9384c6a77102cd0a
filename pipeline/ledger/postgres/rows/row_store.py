"""The row store of Postgres: the rules see an ordinary `RowStore` over the rows of a group.

If they need a run or a sum that was not read, `NotRead` ends the try, and the group is read again
with it; the next groups read it at once. Only an operation that is alone in its transaction may
read and write at any time.
"""
# ruff: noqa: D102 - RowStore documents each method

import base64
from collections.abc import Sequence
from dataclasses import replace

from pipeline.errors import LedgerUnusable
from pipeline.ledger.postgres import leases
from pipeline.ledger.postgres.rows.columns import digits_of, escaped, ticket_columns
from pipeline.ledger.postgres.rows.group_rows import GroupRows, NotRead
from pipeline.ledger.postgres.schema.functions import ATTEMPT, PURCHASE
from pipeline.ledger.row_store import SpendScope
from pipeline.ledger.rows import (
    AttemptRow,
    JobRow,
    PurchaseRow,
    RunRow,
    TicketRow,
    month_of,
    sum_of,
)
from pipeline.model.coordination import LivingRun, SharedHalt
from pipeline.model.job import Coordinates, JobKey
from pipeline.model.money import Amount, Spent
from pipeline.model.names import Slug
from pipeline.model.run import Run, RunId
from pipeline.model.verdict import Verdict

_ADD_RUN = """
insert into run (id, name, campaign, account, started)
select case when %(number)s::int is null or exists (select from run where id = %(number)s)
    then (select coalesce(max(id), 0) + 1 from run) else %(number)s end,
  %(name)s, %(campaign)s, %(account)s, %(started)s
"""
_ADD_VERDICT = """
insert into verdict (campaign, cell, stage, revision, decision, round, take, job, sha256, by, at,
  note)
values (%(campaign)s, %(cell)s, %(stage)s, %(revision)s, %(decision)s, %(round)s, %(take)s,
  %(job)s, %(sha256)s, %(by)s, %(at)s, %(note)s)
"""
_ADD_TICKET = """
insert into ticket (id, name, run, profile, model, images, opened, state, changed, file, batch,
  expires, misses, missed, reason)
values ((select coalesce(max(id), 0) + 1 from ticket), %(name)s, %(run)s, %(profile)s, %(model)s,
  %(images)s, %(opened)s, %(state)s, %(changed)s, %(file)s, %(batch)s, %(expires)s, %(misses)s,
  %(missed)s, %(reason)s)
returning id
"""
_SAVE_TICKET = """
update ticket set state = %(state)s, changed = %(changed)s, file = %(file)s, batch = %(batch)s,
  expires = %(expires)s, misses = %(misses)s, missed = %(missed)s, reason = %(reason)s
where id = %(id)s
"""


class PostgresRowStore(GroupRows):
    """`RowStore` over what was read for a group."""

    def run(self, name: RunId) -> RunRow | None:
        if self._needs is not None:
            self._needs.runs[name] = None
        if name not in self._runs:
            self._require_transaction()
            self._runs[name] = None
            row = super().run(name)
            if row is not None:
                self._learn_run(row)
        found = self._runs[name]
        return replace(found) if found else None

    def run_by_id(self, id_: int) -> RunRow:
        if id_ not in self._names:
            self._require_transaction()
            self._learn_run(super().run_by_id(id_))
        found = self._runs[self._names[id_]]
        if found is None:
            raise LedgerUnusable(f"the ledger is damaged: it lost run {id_}")
        return replace(found)

    def runs(self, campaign: Slug | None) -> Sequence[RunRow]:
        return [self._runs.get(row.run.id) or row for row in super().runs(campaign)]

    def add_run(self, run: Run, *, started: int, number: int | None = None) -> None:
        values = {
            "number": number,
            "name": run.id,
            "campaign": escaped(run.campaign),
            "account": escaped(run.account),
            "started": started,
        }
        self._connection.execute(_ADD_RUN, values)
        self.is_written = True
        self._runs.pop(run.id, None)

    def save_run(self, row: RunRow) -> None:
        self._put(self._runs, row.run.id, replace(row))
        self._put(self._changed, ("run", row.run.id), None)

    def check_lease(self, run: RunRow, *, buying: bool) -> None:
        if self._needs is None:
            self._leases.update(leases.halts_of(self._connection, run.id))
        leases.check(self._leases, run, buying=buying)
        if buying:
            self._put(self._permits, run.id, None)

    def take_lease(self, run: Run, lease: leases.Lease) -> None:
        """Give a run that has just begun its lease."""
        row = self.run(run.id)
        if row is not None:
            leases.take(self._connection, row, lease)

    def refuse_living(self, run: Run, lease: leases.Lease) -> None:
        """Raise `LockHeld` if a run that is alive is in the way; remove leases of dead runs."""
        leases.refuse_living(self._connection, run, lease)
        self.is_written = True

    def release_lease(self, run: RunId) -> None:
        """Remove the lease of a run that has ended."""
        leases.release(self._connection, [run])
        self.is_written = True

    def halt_account(self, run: RunId, halt: SharedHalt) -> None:
        """Halt every run that has a lease on the account of this one."""
        leases.halt_account(self._connection, run, halt)
        self.is_written = True

    def living_runs(self, campaign: Slug, *, place: str) -> Sequence[LivingRun]:
        """Return the runs of a campaign that are alive, but those of one output folder."""
        return leases.living_runs(self._connection, campaign, place=place)

    def job(self, key: JobKey) -> JobRow | None:
        if key not in self._jobs:
            self._require_transaction()
            self._read_job(key)
        row = self._jobs[key]
        return replace(row) if row else None

    def _read_job(self, key: JobKey) -> None:
        row = self._one(self.job_by_key, {"keys": [digits_of(key)]})
        if row is None:
            self._jobs[key] = None
            return
        owned = {"job": row[0]}
        self._learn(
            [row],
            self._all(f"select {PURCHASE} from purchase p where p.job = %(job)s", owned),
            self._all(f"select {ATTEMPT} from attempt a where a.job = %(job)s", owned),
        )

    def add_job(self, key: JobKey, at: Coordinates) -> JobRow:
        self._put(self._added, "jobs", self._added["jobs"] + 1)
        row = JobRow(id=self.last_job + self._added["jobs"], key=key, at=at)
        self._put(self._jobs, key, replace(row))
        self._put(self._keys, row.id, key)
        self._whole.add(row.id)
        self._put(self._new, ("job", key), None)
        return row

    def save_job(self, row: JobRow) -> None:
        self._put(self._jobs, row.key, replace(row))
        self._put(self._changed, ("job", row.key), None)

    def purchase(self, job: int, number: int) -> PurchaseRow:
        if (job, number) not in self._purchases:
            self._require_transaction()
            self._purchases[job, number] = super().purchase(job, number)
        return replace(self._purchases[job, number])

    def add_purchase(self, row: PurchaseRow) -> None:
        self._put(self._purchases, (row.job, row.number), replace(row))
        self._put(self._new, ("purchase", (row.job, row.number)), None)
        self._change_job(row.job)
        self._count(before=(), after=(row,))

    def save_purchase(self, row: PurchaseRow) -> None:
        before = self.purchase(row.job, row.number)
        self._stored_purchases.setdefault((row.job, row.number), before)
        self._put(self._purchases, (row.job, row.number), replace(row))
        self._put(self._changed, ("purchase", (row.job, row.number)), None)
        self._change_job(row.job)
        self._count(before=(before,), after=(row,))

    def attempt(self, job: int, number: int) -> AttemptRow | None:
        row = self._attempts.get((job, number))
        if row is None and job not in self._whole:
            self._require_transaction()
            row = super().attempt(job, number)
            if row is not None:
                self._attempts[job, number] = row
        return replace(row) if row else None

    def add_attempt(self, row: AttemptRow) -> None:
        self._put(self._attempts, (row.job, row.number), replace(row))
        self._put(self._new, ("attempt", (row.job, row.number)), None)
        self._change_job(row.job)

    def save_attempt(self, row: AttemptRow) -> None:
        self._put(self._attempts, (row.job, row.number), replace(row))
        self._put(self._changed, ("attempt", (row.job, row.number)), None)
        self._change_job(row.job)

    def add_ticket(self, row: TicketRow) -> int:
        self.is_written = True
        return int(self._must(_ADD_TICKET, ticket_columns(row))[0])

    def save_ticket(self, row: TicketRow) -> None:
        self._connection.execute(_SAVE_TICKET, ticket_columns(row))
        self.is_written = True

    def keep_reply(self, attempt: AttemptRow, raw: bytes) -> None:
        reply = {
            "job": attempt.job,
            "number": attempt.number,
            "raw": base64.b64encode(raw).decode(),
        }
        self._put(self._replies, len(self._replies), reply)

    def spent(self, scope: SpendScope) -> Spent:
        if self._needs is not None:
            self._needs.scopes[scope] = None
        if scope not in self._sums:
            self._require_transaction()
            self._learn_sum(scope, super().spent(scope))
            kept = [
                self._stored_purchases[at] for at in self._touched() if at in self._stored_purchases
            ]
            now = [self._purchases[at] for at in self._touched()]
            self._move(scope, before=kept, after=now)
        return self._sums[scope]

    def keep_within(self, scope: SpendScope, limit: Amount) -> None:
        self._put(self._limits, scope, min(limit, self._limits.get(scope, limit)))

    def add_verdict(self, campaign: Slug, verdict: Verdict) -> None:
        values = {
            "campaign": escaped(campaign),
            "cell": escaped(verdict.cell),
            "stage": verdict.stage.value,
            "revision": verdict.revision,
            "decision": verdict.decision.value,
            "round": verdict.round,
            "take": verdict.take,
            "job": escaped(verdict.job) or "",
            "sha256": verdict.sha256,
            "by": escaped(verdict.by) or "",
            "at": verdict.at,
            "note": escaped(verdict.note) or "",
        }
        self._connection.execute(_ADD_VERDICT, values)
        self.is_written = True

    def _require_transaction(self) -> None:
        if self._needs is not None:
            raise NotRead

    def _touched(self) -> list[tuple[int, int]]:
        """Return the purchases that this group added or changed."""
        marked = {**self._new, **self._changed}
        return [key for kind, key in marked if kind == "purchase"]

    def _count(self, *, before: Sequence[PurchaseRow], after: Sequence[PurchaseRow]) -> None:
        for scope in self._sums:
            self._move(scope, before=before, after=after)

    def _move(
        self, scope: SpendScope, *, before: Sequence[PurchaseRow], after: Sequence[PurchaseRow]
    ) -> None:
        """Count changes of purchases in one sum, as the triggers will."""
        gone = sum_of([row for row in before if self._within(row, scope)])
        came = sum_of([row for row in after if self._within(row, scope)])
        if gone != came:
            old = self._sums[scope]
            confirmed = old.confirmed - gone.confirmed + came.confirmed
            in_doubt = old.in_doubt - gone.in_doubt + came.in_doubt
            new = Spent(confirmed=Amount(confirmed), in_doubt=Amount(in_doubt))
            self._put(self._sums, scope, new)

    def _within(self, row: PurchaseRow, scope: SpendScope) -> bool:
        run = self.run_by_id(row.run).run
        return (
            scope.account in {None, run.account}
            and scope.campaign in {None, run.campaign}
            and scope.run in {None, run.id}
            and scope.month in {None, month_of(row.opened)}
        )
