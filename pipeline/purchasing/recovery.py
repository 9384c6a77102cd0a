"""What dead runs left open: attempts that were sent, or may have been, and never got an ending.

A run that is killed between reserving an attempt and settling it leaves the attempt open in the
ledger. Its credits count as in doubt from the moment they were reserved, and its job cannot be
bought before it is settled here. The caller holds the campaign's lock, so no run is alive.
"""

from collections.abc import Sequence

from pipeline.ledger.base import Ledger
from pipeline.model.campaign import Slug
from pipeline.model.entry import UNANSWERED, Attempt
from pipeline.model.run import Run


async def begin_run(ledger: Ledger, run: Run) -> bool:
    """Open a run and settle what dead runs of its campaign left open; return whether any was.

    After a crash in between the attempts are still open, and the next run settles them.
    """
    dead = await ledger.begin(run)
    await _settle(ledger, dead)
    return bool(dead)


async def settle_dead_attempts(ledger: Ledger, campaign: Slug) -> None:
    """Settle what dead runs of a campaign left open, without opening a run."""
    await _settle(ledger, await ledger.open_attempts(campaign))


async def _settle(ledger: Ledger, dead: Sequence[Attempt]) -> None:
    # nobody can know whether they were sent, let alone charged
    if dead:
        await ledger.abandon(dead, reason=UNANSWERED)
