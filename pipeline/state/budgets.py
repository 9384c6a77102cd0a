"""What may still be spent: every limit of an account, and how much of it is used."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pipeline.ledger.base import Ledger
from pipeline.ledger.rules.buying import budget_scopes
from pipeline.model.campaign import Campaign
from pipeline.model.money import FREE, Amount, Budget, MoneyFormat
from pipeline.model.providers.profile import Profile
from pipeline.model.run import Run
from pipeline.state.work_ahead import WorkAhead


@dataclass(frozen=True, kw_only=True, slots=True)
class BudgetLeft:
    """One limit and how much of it is used; credits in doubt count as spent."""

    scope: str
    """`run`, `campaign` or `month`."""
    limit: Amount
    spent: Amount
    money: MoneyFormat = field(default_factory=MoneyFormat)

    @property
    def left(self) -> Amount:
        """What may still be spent; never below 0."""
        return max(FREE, Amount(self.limit - self.spent))

    def __str__(self) -> str:
        """Return `20 of 400 credits left for the run`."""
        left, limit = self.money.bare(self.left), self.money.text(self.limit)
        return f"{left} of {limit} left for the {self.scope}"

    def words_after(self, amount: Amount) -> str:
        """Return `12 of 400 credits, run budget: 2 over`, once an amount has been spent."""
        total = Amount(self.spent + amount)
        words = f"{self.money.bare(total)} of {self.money.text(self.limit)}, {self.scope} budget"
        over = total - self.limit
        return f"{words}: {self.money.bare(over)} over" if over > 0 else words

    def shortfall(self, ahead: Sequence[WorkAhead]) -> str:
        """Return how much of the work is paid for: `enough for 10 of 72 images`; empty if all.

        Work is bought in the order of `ahead`. If the images of a stage have several prices, their
        mean is used.
        """
        left, paid = self.left, 0
        for one in ahead:
            if one.amount > left:
                paid += left * one.buying // one.amount
                images = sum(one.buying for one in ahead)
                return f"enough for {paid:,} of {images:,} image{'' if images == 1 else 's'}"
            left, paid = Amount(left - one.amount), paid + one.buying
        return ""


def campaign_budget(campaign: Campaign, profile: Profile) -> Budget:
    """Return the limits that a campaign file sets; play money has none."""
    return Budget() if profile.play_money else campaign.budget


async def budgets_left(
    ledger: Ledger, *, run: Run, budget: Budget, now: datetime
) -> tuple[BudgetLeft, ...]:
    """Return every limit that `run` has to keep, by the rule that the ledger enforces.

    The narrowest scope comes first. A run that has not begun has spent nothing.
    """
    found = []
    for name, limit, scope in budget_scopes(run, budget, month=f"{now.astimezone(UTC):%Y-%m}"):
        spent = await ledger.spent(
            account=scope.account, campaign=scope.campaign, run=scope.run, month=scope.month
        )
        found.append(BudgetLeft(scope=name, limit=limit, spent=spent.upper, money=budget.money))
    return tuple(found)


def tightest(budgets: Sequence[BudgetLeft]) -> BudgetLeft | None:
    """Return the budget with the least left; `None` if there is no limit."""
    return min(budgets, key=lambda budget: budget.left, default=None)
