"""Renderers that break one promise each: a harness that lets them pass proves nothing.

Each patches the class for the whole process, so they live in forked children only.
"""

import secrets
from types import SimpleNamespace

from pipeline.ledger.rules import buying, settling
from pipeline.ledger.sqlite.ledger import SqliteLedger
from pipeline.model.entry import Attempt, PurchaseKey, Resolution
from pipeline.model.outcome import InDoubt
from pipeline.state import due, work_ahead

TRULY = {verb: getattr(SqliteLedger, verb) for verb in ("submit", "paid", "stored")}


def without_reserve():
    """The POST leaves before the ledger knows of it; the purchase is written down afterwards."""
    asked = {}

    async def submit(_ledger, job, *, run, budget, same_purchase=False):
        permit = Attempt(
            job=job.key, purchase=PurchaseKey(secrets.token_hex(16)), number=1, price=job.price
        )
        asked[permit.purchase] = (job, run, budget)
        return permit

    async def paid(ledger, attempt, receipt):
        job, run, budget = asked[attempt.purchase]

        def both(store, now):
            buying.os = SimpleNamespace(urandom=lambda _size: bytes.fromhex(attempt.purchase))
            true = buying.submit(store, now, job, run=run, budget=budget)
            settling.paid(store, now, true, receipt)

        await ledger._write(both)

    SqliteLedger.submit, SqliteLedger.paid = submit, paid


def with_late_settling():
    """The URL is kept only once the image is stored."""
    late = {}

    async def paid(_ledger, attempt, receipt):
        late[attempt.job] = (attempt, receipt)

    async def stored(ledger, job, artifact):
        if job in late:
            await TRULY["paid"](ledger, *late.pop(job))
        await TRULY["stored"](ledger, job, artifact)

    SqliteLedger.paid, SqliteLedger.stored = paid, stored


def with_repurchase():
    """A job in doubt is bought again unasked, as a retry loop does."""
    truly_due, truly_submit = due.what_is_due, TRULY["submit"]

    def what_is_due(entry, rules, sizes):
        if entry is not None and isinstance(entry.outcome, InDoubt):
            return due.Due.BUY
        return truly_due(entry, rules, sizes)

    async def submit(ledger, job, *, run, budget, same_purchase=False):
        if same_purchase:
            await ledger.resolve(job.key, Resolution.REBUY)
        return await truly_submit(ledger, job, run=run, budget=budget)

    work_ahead.what_is_due = what_is_due
    SqliteLedger.submit = submit


CONTROLS = {
    "no reserve before the POST": without_reserve,
    "URL kept after the download": with_late_settling,
    "in doubt, bought again": with_repurchase,
}
