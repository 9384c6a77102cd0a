"""What may still be spent, as the finals dialog shows it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.ledger.base import Ledger
from pipeline.model.campaign import Campaign
from pipeline.model.credits import FREE, Credits


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """One budget and how much of it is gone, doubts counted as spent."""

    scope: str
    """`campaign`, `month` or `run`."""
    limit: Credits
    spent: Credits

    @property
    def left(self) -> int:
        """What may still be spent; never below 0."""
        return max(0, self.limit - self.spent)


async def limits(ledger: Ledger, campaign: Campaign, *, now: datetime) -> tuple[Limit, ...]:
    """Every budget that the next launch has to keep, the tightest first."""
    budget = campaign.budget
    found: list[Limit] = []
    if budget.campaign is not None:
        gone = await ledger.spent(campaign=campaign.slug)
        found.append(Limit(scope="campaign", limit=budget.campaign, spent=gone.upper))
    if budget.month is not None:
        gone = await ledger.spent(month=now.astimezone(UTC).strftime("%Y-%m"))
        found.append(Limit(scope="month", limit=budget.month, spent=gone.upper))
    if budget.run is not None:
        found.append(Limit(scope="run", limit=budget.run, spent=FREE))
    return tuple(sorted(found, key=lambda one: one.left))
