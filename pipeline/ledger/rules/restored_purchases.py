"""The purchases that explain what a run manifest says of one job."""

from dataclasses import dataclass
from typing import assert_never

from pipeline.ledger.rows import AttemptOutcome, PurchaseState
from pipeline.model.entry import Restored
from pipeline.model.money import FREE, Amount
from pipeline.model.outcome import Failed, InDoubt, Paid, PaidLost, Stored, spent


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoredPurchase:
    """One purchase as a record tells it."""

    state: PurchaseState
    amount: Amount
    in_doubt: Amount = FREE
    """What it may have cost beyond its amount, if it is confirmed."""


FREED = RestoredPurchase(state=PurchaseState.FREED, amount=FREE)
OUTCOMES = {
    PurchaseState.CONFIRMED: AttemptOutcome.PAID,
    PurchaseState.DOUBT: AttemptOutcome.DOUBT,
    PurchaseState.FREED: AttemptOutcome.FAILED,
}
"""How the attempt of a purchase ended, if the record has no attempts."""


def purchases_of(job: Restored) -> list[RestoredPurchase]:
    """Return the purchases that explain what was spent; the outcome is that of the last one."""
    newest = spent(job.outcome)
    sums = {
        PurchaseState.DOUBT: job.spent.in_doubt - newest.in_doubt,
        PurchaseState.CONFIRMED: job.spent.confirmed - newest.confirmed,
    }
    older = [
        RestoredPurchase(state=state, amount=Amount(rest))
        for state, rest in sums.items()
        if rest > 0
    ]
    doubt = RestoredPurchase(state=PurchaseState.DOUBT, amount=newest.in_doubt)
    match job.outcome:
        case Stored() | Paid() | PaidLost():
            paid = RestoredPurchase(
                state=PurchaseState.CONFIRMED, amount=newest.confirmed, in_doubt=newest.in_doubt
            )
            return [*older, paid]
        case InDoubt():
            return [*older, doubt]
        case Failed(in_doubt=in_doubt) if in_doubt:
            return [*older, doubt]
        case Failed() | None:
            return older or [FREED]
        case _:
            assert_never(job.outcome)
