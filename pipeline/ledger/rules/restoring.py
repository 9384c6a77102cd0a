"""Restoring what run manifests record to a ledger that lost it, or that is older than they are.

A job that the ledger knows is compared attempt by attempt. The record is followed if it has all
attempts of the ledger and more, or the same ones and a later answer; so the order in which records
come does not matter, and a second time changes nothing. Money never becomes less: what a record
cannot place with a job is held against the sums of the runs, and the rest gets an entry of its own.
"""

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from pipeline.ledger.row_store import RowStore, SpendScope
from pipeline.ledger.rows import (
    AttemptOutcome,
    AttemptRow,
    JobRow,
    JobState,
    PurchaseRow,
    PurchaseState,
    RunRow,
    moment_of,
    state_of,
    storable,
)
from pipeline.ledger.rules.restored_purchases import (
    FREED,
    OUTCOMES,
    RestoredPurchase,
    purchases_of,
    set_outcome,
    ticket_row,
)
from pipeline.ledger.rules.verdicts import restore_verdicts
from pipeline.model.entry import (
    AttemptRecord,
    Restored,
    RestoredRecords,
    RunRecord,
    RunSpending,
)
from pipeline.model.job import Coordinates, JobKey
from pipeline.model.money import FREE, Amount, Spent
from pipeline.model.names import CellName, Slug, Stage
from pipeline.model.outcome import Failed, InDoubt, Stored
from pipeline.model.run import Run, RunId

FROM_MANIFEST = "restored from a run manifest"
UNLISTED = CellName("(no longer in the campaign)")
"""The cell of an entry for what runs bought beyond the jobs that are recorded."""

_RANK = {
    JobState.PLANNED: 0,
    JobState.NOT_SENT: 0,
    JobState.REJECTED: 0,
    JobState.REFUSED: 0,
    JobState.RENDERING: 1,
    JobState.ORDERED: 1,
    JobState.IN_DOUBT: 1,
    JobState.PAID_LOST: 2,
    JobState.PENDING_DOWNLOAD: 3,
    JobState.STORED: 4,
}
"""How much is known of a job: of two records with the same attempts the higher one is later."""


def restore(store: RowStore, now: int, records: RestoredRecords) -> int:
    """Write what the ledger lost; return how many jobs were new or changed."""
    restoring = _Restoring(store, now, records)
    written = sum([restoring.job(job) for job in records.jobs])
    for sums in records.spending:
        written += restoring.rest_of_run(sums)
    for sums in records.totals:
        written += restoring.rest_of_campaign(sums, records.campaign)
    restore_verdicts(store, records.campaign, records.verdicts)
    return written


class _Attempts(NamedTuple):
    """How the attempts in a record and in the ledger differ."""

    new: Sequence[AttemptRecord]
    """Those that the ledger does not know."""
    complete: bool = True
    """True if the record has every attempt of the ledger."""
    purchases: Mapping[int, int] = MappingProxyType({})
    """Number of a purchase in the record → in the ledger, for those that both have."""


class _Restoring:
    """The runs of the records, as rows of the ledger; writes jobs under them."""

    def __init__(self, store: RowStore, now: int, records: RestoredRecords) -> None:
        self._store, self._now = store, now
        self._runs: dict[RunId, RunRow] = {}
        self._unknown: set[RunId] = set()
        """Runs that the ledger did not know, or of which it had not seen the end."""
        self._counted = {
            sums.run.id: sums.spent
            for sums in records.spending
            if store.job(_key_of(_unlisted_name(sums.run))) is not None
        }
        """What runs bought of which an earlier import counted more than it could place."""
        for record in records.runs:
            self._runs[record.id] = self._run(record, now)

    def _run(self, record: RunRecord, now: int) -> RunRow:
        named = Run(id=record.id, campaign=record.campaign, account=record.account)
        row = self._store.run(record.id)
        if row is None:
            started = moment_of(record.started) or now
            self._store.add_run(named, started=started, number=record.number or None)
            row = self._store.run(record.id)
            self._unknown.add(record.id)
        if row is None or row.run != named:
            raise ValueError(f"run {record.id} is known, of another campaign or account")
        if row.finished is None:
            self._unknown.add(record.id)
            # the caller holds the campaign's lock: a run without an end is dead, and is all told
            row.finished, row.exit_code = moment_of(record.finished) or now, record.exit_code
            self._store.save_run(row)
        return row

    def job(self, record: Restored) -> bool:
        """Write one job as it is recorded; return whether that changed anything."""
        row = self._store.job(record.key)
        if row is None:
            attempts = _Attempts(new=record.attempts)
            self._append(self._store.add_job(record.key, record.at), record, attempts)
            return True
        attempts = self._compare(row, record)
        higher = _RANK[state_of(record.outcome)] > _RANK[row.state]
        if attempts.new and (attempts.complete or higher):
            self._append(row, record, attempts)
            return True
        if not attempts.new and attempts.complete:
            return self._follow(row, record, higher=higher)
        return False

    def _compare(self, row: JobRow, record: Restored) -> _Attempts:
        attempts = (self._store.attempt(row.id, nth) for nth in range(1, row.attempts + 1))
        unmatched = [attempt for attempt in attempts if attempt is not None]
        new = []
        purchases = {}
        for one in record.attempts:
            started = moment_of(one.started)  # unknown if only the log of its run tells it
            same = [own for own in unmatched if started is None or own.started == started]
            if same:
                unmatched.remove(same[0])
                purchases[one.purchase_number] = same[0].purchase
            else:
                new.append(one)
        complete = not record.attempts or not unmatched
        return _Attempts(new=new, complete=complete, purchases=purchases)

    def _append(self, row: JobRow, record: Restored, attempts: _Attempts) -> None:
        """Add attempts that the ledger does not know, with the purchases that explain them."""
        ticket = self._open_order(row, record, attempts)
        if attempts.new:
            numbers = self._add_purchases(row, record, attempts, ordered=ticket is not None)
            for one in attempts.new:
                row.attempts += 1
                number = numbers.get(one.purchase_number, row.purchases)
                run, order = self._run_of(one, record), ticket if one is attempts.new[-1] else None
                self._add_attempt(row, one, purchase=number, run=run, ticket=order)
        else:
            self._make_up(row, record)
        set_outcome(row, record)
        if ticket is not None:
            row.state, row.reason = JobState.ORDERED, ""
        self._store.save_job(row)

    def _open_order(self, row: JobRow, record: Restored, attempts: _Attempts) -> int | None:
        """Return the row id of the ticket that a job waits for; `None` if it waits for none.

        The provider knows a line by the purchase's key and the attempt's number: both must be the
        same here as they were. A sum that an earlier import counted would be counted again.
        """
        order = record.order
        if order is None or not attempts.new or record.run in self._counted:
            return None
        newest = attempts.new[-1]
        number = row.attempts + len(attempts.new)
        known = newest.purchase_number in attempts.purchases
        if known or newest is not record.attempts[-1] or order.line != f"{order.purchase}-{number}":
            return None
        ticket = ticket_row(self._store, self._now, order.ticket, self._runs)
        return None if ticket is None else ticket.id

    def _add_purchases(
        self, row: JobRow, record: Restored, attempts: _Attempts, *, ordered: bool
    ) -> Mapping[int, int]:
        """Add the purchases of new attempts; return their numbers in the ledger by the record's.

        A purchase belongs to the run of its first attempt, as the sums of the runs count it.
        """
        numbers = {known: own for known, own in attempts.purchases.items() if known}
        newest = attempts.new[-1].purchase_number
        if numbers.get(newest) == row.purchases:  # sent again: no other purchase was opened
            self._settle(self._store.purchase(row.id, row.purchases), record)
            return numbers
        for one in attempts.new:
            number = one.purchase_number
            if number not in {0, newest, *numbers}:
                # what it cost is in the sums of its run alone
                run = self._run_of(one, record)
                opened = moment_of(one.started) or run.started
                numbers[number] = self._add_purchase(row, FREED, run=run, opened=opened)
        opening = (one for one in record.attempts if newest and one.purchase_number == newest)
        run = self._run_of(next(opening, attempts.new[-1]), record)
        for money in purchases_of(record, ordered=ordered):
            opened = moment_of(record.bought) or run.started
            numbers[newest] = self._add_purchase(row, money, run=run, opened=opened)
        return numbers

    def _add_purchase(
        self, row: JobRow, money: RestoredPurchase, *, run: RunRow, opened: int
    ) -> int:
        row.purchases += 1
        amount = self._not_counted(money.amount, run=run)
        rest = self._not_counted(Amount(money.amount + money.in_doubt), run=run) - amount
        self._store.add_purchase(
            PurchaseRow(
                job=row.id,
                number=row.purchases,
                key=money.key,
                run=run.id,
                opened=opened,
                state=money.state,
                amount=amount,
                in_doubt=Amount(rest),
            )
        )
        return row.purchases

    def _make_up(self, row: JobRow, record: Restored) -> None:
        """Add purchases with an attempt each: a purchase without a POST cannot be."""
        run = self._runs[record.run]
        opened = moment_of(record.bought) or run.started
        for money in purchases_of(record):
            number = self._add_purchase(row, money, run=run, opened=opened)
            row.attempts += 1
            self._store.add_attempt(
                AttemptRow(
                    job=row.id,
                    number=row.attempts,
                    purchase=number,
                    run=run.id,
                    started=opened,
                    outcome=OUTCOMES[money.state],
                    error=FROM_MANIFEST,
                )
            )

    def _not_counted(self, amount: Amount, *, run: RunRow) -> Amount:
        """Return what of a purchase is not in the entry for what could not be placed."""
        whole = self._counted.get(run.run.id)
        if whole is None:
            return amount
        known = self._store.spent(SpendScope(run=run.run.id))
        return Amount(min(amount, max(0, whole.upper - known.upper)))

    def _add_attempt(
        self,
        job: JobRow,
        record: AttemptRecord,
        *,
        purchase: int,
        run: RunRow,
        ticket: int | None = None,
    ) -> None:
        outcome = AttemptOutcome(record.outcome)
        if outcome is AttemptOutcome.SUBMITTED and ticket is None:
            outcome = AttemptOutcome.DOUBT
        ended = moment_of(record.ended)
        self._store.add_attempt(
            AttemptRow(
                job=job.id,
                number=job.attempts,
                purchase=purchase,
                run=run.id,
                started=moment_of(record.started) or run.started,
                ended=ended,
                http=record.http,
                outcome=outcome,
                request_id=storable(record.request_id),
                error=storable(record.error),
                ticket=ticket,
            )
        )
        if outcome is AttemptOutcome.PAID and (ended or 0) > (run.last_paid or 0):
            run.last_paid = ended
            self._store.save_run(run)

    def _run_of(self, attempt: AttemptRecord | None, record: Restored) -> RunRow:
        named = self._runs.get(attempt.run) if attempt is not None else None
        return named or self._runs[record.run]

    def _follow(self, row: JobRow, record: Restored, *, higher: bool) -> bool:
        """Follow a later answer to attempts that the ledger knows; return whether it is later."""
        last = self._store.attempt(row.id, row.attempts)
        ending = AttemptOutcome(record.attempts[-1].outcome) if record.attempts else None
        unanswered = last is not None and last.outcome is AttemptOutcome.SUBMITTED
        if unanswered and ending not in {None, AttemptOutcome.SUBMITTED}:
            higher = True  # a copy of the ledger from the time when it was in flight
        elif isinstance(record.outcome, InDoubt | Failed | None):
            higher = False  # the ledger has the answer already, or keeps the doubt
        moved = isinstance(record.outcome, Stored) and row.artifact != record.outcome.artifact
        if not higher and not (
            moved and row.state is JobState.STORED and record.run in self._unknown
        ):
            return False
        self._settle(self._store.purchase(row.id, row.purchases), record)
        if last is not None and record.attempts:
            self._close(last, record.attempts[-1])
        set_outcome(row, record)
        self._store.save_job(row)
        return True

    def _settle(self, purchase: PurchaseRow, record: Restored) -> None:
        """Follow what a later record says about the newest purchase; nothing paid becomes less."""
        (*_, money) = purchases_of(record)
        freed = money.state is PurchaseState.FREED
        if freed and purchase.state is PurchaseState.RESERVED:
            purchase.state = PurchaseState.FREED
        elif not freed and purchase.state is not PurchaseState.CONFIRMED:
            purchase.state, purchase.amount = money.state, money.amount
            purchase.in_doubt = money.in_doubt
        self._store.save_purchase(purchase)

    def _close(self, row: AttemptRow, record: AttemptRecord) -> None:
        outcome = AttemptOutcome(record.outcome)
        late = row.outcome is AttemptOutcome.DOUBT and outcome is AttemptOutcome.PAID
        if row.outcome is AttemptOutcome.SUBMITTED or late:
            row.outcome = AttemptOutcome.DOUBT if outcome is AttemptOutcome.SUBMITTED else outcome
            row.ended, row.http = moment_of(record.ended), record.http
            row.request_id, row.error = storable(record.request_id), storable(record.error)
            self._store.save_attempt(row)

    def rest_of_run(self, sums: RunSpending) -> bool:
        """Write what a run bought beyond the jobs that are recorded; return whether there is any.

        What the ledger has in doubt may be what the record has confirmed: it is counted once.
        """
        known = self._store.spent(SpendScope(run=sums.run.id))
        missing = sums.spent.upper - known.upper
        confirmed = min(sums.spent.confirmed - known.confirmed, missing)
        return self._unlisted(sums.run, confirmed=confirmed, upper=missing)

    def rest_of_campaign(self, sums: RunSpending, campaign: Slug) -> bool:
        """Do the same for a manifest that counts by account alone, for all runs until then.

        What later runs bought is not subtracted, so that a ledger that was begun anew counts it
        all.
        """
        at = self._runs[sums.run.id]
        confirmed, in_doubt = int(sums.spent.confirmed), int(sums.spent.in_doubt)
        for row in self._store.runs(campaign):
            until_then = row.id <= at.id and row.run.id <= at.run.id
            if row.run.account == at.run.account and (until_then or row.id == at.id):
                known = self._store.spent(SpendScope(run=row.run.id))
                confirmed, in_doubt = confirmed - known.confirmed, in_doubt - known.in_doubt
        return self._unlisted(
            sums.run, confirmed=confirmed, upper=max(0, confirmed) + max(0, in_doubt)
        )

    def _unlisted(self, run: RunRecord, *, confirmed: int, upper: int) -> bool:
        if upper <= 0:
            return False
        rest = Spent(
            confirmed=Amount(max(FREE, confirmed)),
            in_doubt=Amount(upper - max(FREE, confirmed)),
        )
        name = _unlisted_name(run)
        key = _key_of(name)
        while self._store.job(key) is not None:  # an earlier import found less
            name += "+"
            key = _key_of(name)
        at = Coordinates(campaign=run.campaign, cell=UNLISTED, axes=(), stage=Stage.DRAFT)
        record = Restored(key=key, at=at, outcome=None, spent=rest, bought=run.started, run=run.id)
        self._append(self._store.add_job(key, at), record, _Attempts(new=()))
        return True


def _unlisted_name(run: RunRecord) -> str:
    return f"{UNLISTED} {run.campaign} {run.account} {run.id}"


def _key_of(name: str) -> JobKey:
    return JobKey(hashlib.sha256(name.encode()).hexdigest()[:32])
