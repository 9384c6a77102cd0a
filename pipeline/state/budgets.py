"""What may still be spent: every limit of an account, and how much of it is used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.ledger.base import Ledger
from pipeline.ledger.rules.buying import budget_scopes
from pipeline.model.campaign import Campaign, Slug
from pipeline.model.credits import FREE, Budget, Credits, Spent
from pipeline.model.provider import Account, Profile
from pipeline.model.run import Run


@dataclass(frozen=True, kw_only=True, slots=True)
class BudgetLeft:
    """One limit and how much of it is used; credits in doubt count as spent."""

    scope: str
    """`run`, `campaign` or `month`."""
    limit: Credits
    spent: Credits

    @property
    def left(self) -> Credits:
        """What may still be spent; never below 0."""
        return max(FREE, Credits(self.limit - self.spent))


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
        found.append(BudgetLeft(scope=name, limit=limit, spent=spent.upper))
    return tuple(found)


def tightest(budgets: Sequence[BudgetLeft]) -> BudgetLeft | None:
    """Return the budget with the least left; `None` if there is no limit."""
    return min(budgets, key=lambda budget: budget.left, default=None)


async def spent_by_account(ledger: Ledger, campaign: Slug) -> dict[Account, Spent]:
    """Return what each account has spent on a campaign, the account of the newest run first.

    Accounts are never added up: credits of the embedded server are play money.
    """
    accounts = dict.fromkeys(run.account for run in await ledger.runs(campaign))
    return {account: await ledger.spent(campaign=campaign, account=account) for account in accounts}
