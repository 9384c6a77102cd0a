"""Recovery after a crash: attempts that a dead run left open become doubts.

A run that is killed between reserving an attempt and settling it leaves the attempt open in the
ledger. Its credits count as in doubt from the time they were reserved, and its job cannot be
bought until it is settled here. The caller holds the campaign's lock, so no run is alive.
"""

from collections.abc import Sequence

from pipeline.ledger.base import Ledger
from pipeline.model.entry import UNANSWERED, Attempt
from pipeline.model.names import Slug
from pipeline.model.run import Run


async def begin_run(ledger: Ledger, run: Run) -> bool:
    """Open a run and settle the attempts that dead runs left open; return True if any were.

    If this crashes between the two, the attempts stay open, and the next run settles them.
    """
    dead = await ledger.begin(run)
    await _settle(ledger, dead)
    return bool(dead)


async def settle_dead_attempts(ledger: Ledger, campaign: Slug) -> None:
    """Settle the attempts that dead runs of a campaign left open, without opening a run."""
    await _settle(ledger, await ledger.open_attempts(campaign))


async def _settle(ledger: Ledger, dead: Sequence[Attempt]) -> None:
    # nobody can know whether they were sent, let alone charged
    if dead:
        await ledger.abandon(dead, reason=UNANSWERED)
