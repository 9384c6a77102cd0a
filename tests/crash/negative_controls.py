"""Faulty pipelines that break one promise each: a harness that lets them pass proves nothing.

Each patches the class for the whole process, so they are used in forked children only.
"""

import dataclasses
import secrets
from types import SimpleNamespace

from crash.crash_points import replace

from pipeline.app import open as app_open
from pipeline.ledger.rows import JobState, PurchaseState
from pipeline.ledger.rules import buying, settling
from pipeline.ledger.sqlite.ledger import SqliteLedger
from pipeline.model.entry import Attempt, PurchaseKey, Resolution
from pipeline.model.outcome import InDoubt
from pipeline.purchasing.batches.collecting import Collecting
from pipeline.purchasing.sealed_replies import SealedReplies
from pipeline.state import due, work_ahead

ORIGINAL = {verb: getattr(SqliteLedger, verb) for verb in ("submit", "paid", "stored")}


def without_reserve():
    """Send the POST before the ledger knows of it, and record the purchase afterwards."""
    sent = {}

    async def submit(_ledger, job, *, run, budget, same_purchase=False):
        permit = Attempt(
            job=job.key, purchase=PurchaseKey(secrets.token_hex(16)), number=1, price=job.price
        )
        sent[permit.purchase] = (job, run, budget)
        return permit

    async def paid(ledger, attempt, receipt):
        job, run, budget = sent[attempt.purchase]

        def both(rows, now):
            key = bytes.fromhex(attempt.purchase)
            replace(buying, "os", SimpleNamespace(urandom=lambda _size: key))
            permit = buying.submit(rows, now, job, run=run, budget=budget)
            settling.paid(rows, now, permit, receipt)

        await ledger._write(both)

    replace(SqliteLedger, "submit", submit)
    replace(SqliteLedger, "paid", paid)


def with_late_settling():
    """Keep the URL only once the image is stored."""
    late = {}

    async def paid(_ledger, attempt, receipt):
        late[attempt.job] = (attempt, receipt)

    async def stored(ledger, job, artifact):
        if job in late:
            await ORIGINAL["paid"](ledger, *late.pop(job))
        await ORIGINAL["stored"](ledger, job, artifact)

    replace(SqliteLedger, "paid", paid)
    replace(SqliteLedger, "stored", stored)


def with_repurchase():
    """Buy a job in doubt again unasked, as a retry loop does."""
    original_due, original_submit = due.what_is_due, ORIGINAL["submit"]

    def what_is_due(entry, rules, sizes):
        if entry is not None and isinstance(entry.outcome, InDoubt):
            return due.Due.BUY
        return original_due(entry, rules, sizes)

    async def submit(ledger, job, *, run, budget, same_purchase=False):
        if same_purchase:
            await ledger.resolve(job.key, Resolution.REBUY)
        return await original_submit(ledger, job, run=run, budget=budget)

    replace(work_ahead, "what_is_due", what_is_due)
    replace(SqliteLedger, "submit", submit)


def with_import_in_groups():
    """Import job by job: what is not there yet after a crash looks as if it was never bought."""
    original = SqliteLedger.restore

    async def restore(ledger, records):
        for job in records.jobs:
            few = dataclasses.replace(records, jobs=[job], spending=[], totals=[], verdicts=[])
            await original(ledger, few)
        return await original(ledger, records)

    replace(SqliteLedger, "restore", restore)


def with_resolution_in_steps():
    """Free a doubt before it is settled: a crash in between makes it due again."""
    original = SqliteLedger.resolve

    async def resolve(ledger, job, resolution, *, charged=None):
        await original(ledger, job, Resolution.NOT_CHARGED)
        await ledger._write(_doubted(job))
        await original(ledger, job, resolution, charged=charged)

    def _doubted(key):
        def operation(store, _now):
            job = store.job(key)
            purchase = store.purchase(job.id, job.purchases)
            purchase.state = PurchaseState.DOUBT
            store.save_purchase(purchase)
            job.state = JobState.IN_DOUBT
            store.save_job(job)

        return operation

    replace(SqliteLedger, "resolve", resolve)


def with_journal_removed():
    """Close the ledger by removing its journal, as a clumsy clean-up does."""
    closed = SqliteLedger.close
    outputs = []

    async def ledger_in(output, **how):
        outputs.append(output)
        return await opened(output, **how)

    async def close(ledger):
        for output in outputs:
            (output / "ledger.db-wal").unlink(missing_ok=True)
        await closed(ledger)

    opened = app_open.open_ledger
    replace(app_open, "open_ledger", ledger_in)
    replace(SqliteLedger, "close", close)


def with_replies_forgotten():
    """Doubt every attempt of a dead run, without a look at the replies that it sealed."""
    replace(SealedReplies, "find", lambda _replies, _attempt: None)


def with_orders_freed():
    """Free an order whose answer was never heard of, without a look at the provider's list."""

    async def look_for(collecting, ticket):
        await collecting.tickets.free(ticket, "nobody answered")

    replace(Collecting, "_look_for", look_for)


CONTROLS = {
    "no reserve before the POST": without_reserve,
    "URL kept after the download": with_late_settling,
    "in doubt, bought again": with_repurchase,
}
"""Runs that break a promise."""

CONTROLS_OF = {
    "import": ("imported job by job", with_import_in_groups),
    "resolve": ("settled in steps", with_resolution_in_steps),
    "sealed": ("sealed and not looked at", with_replies_forgotten),
    "batch": ("ordered and not looked for", with_orders_freed),
    "closing": ("closed without the journal", with_journal_removed),
}
"""Other commands that break one."""
