"""Balances of an account: kept when a run begins, and held against what is in doubt later."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.app.accounts import account_of
from pipeline.app.open_account import open_account
from pipeline.app.run_facts import utc_stamp
from pipeline.errors import UsageError
from pipeline.ledger.base import Ledger
from pipeline.model.campaign import Campaign
from pipeline.model.credits import Spent
from pipeline.model.entry import AttemptRecord, Entry
from pipeline.model.provider import Account
from pipeline.providers.base import Provider
from pipeline.settings import Settings
from pipeline.state.output.balances import (
    Balance,
    BalanceFinding,
    compare_balances,
    note_balance,
    read_balance,
)

PATIENCE = 15.0
"""Seconds for an API to tell what is left; a run does not wait longer to begin."""

DECLARE = "providers.{provider}.balance names the path of an API that tells the credits left"


async def keep_balance(ledger: Ledger, provider: Provider, *, output: Path) -> None:
    """Note what is left, if nothing is in doubt or in the making on this account, in any run."""
    told = await _told(ledger, provider, provider.account)
    if told is not None and not told[1].in_doubt:
        left, spent = told
        note = Balance(at=utc_stamp(), left=left, confirmed=spent.confirmed)
        note_balance(output, provider.account, note)


async def reconcile_doubts(
    ledger: Ledger, campaign: Campaign, settings: Settings, doubts: Sequence[Entry]
) -> BalanceFinding:
    """What the balance proves of a campaign's doubts; `UsageError` where it cannot be asked now."""
    account = account_of(campaign, settings)
    attempts = await ledger.attempts([entry.key for entry in doubts])
    await _refuse_others(ledger, campaign, account, attempts.values())
    patience = settings.gptimage.connect_timeout + settings.gptimage.reply_timeout
    _refuse_young([one.started for tried in attempts.values() for one in tried], patience)
    before = read_balance(settings.output, account)
    if before is None:
        raise UsageError(
            f"no balance of {account} is known from before; "
            f"{DECLARE.format(provider=campaign.provider)}, and runs note it when they begin"
        )
    async with open_account(campaign, settings.gptimage, output=settings.output) as provider:
        told = await _told(ledger, provider, account)
    if told is None:
        raise UsageError(
            f"{account} does not tell its balance now, or it is being spent at this moment; "
            f"{DECLARE.format(provider=campaign.provider)}"
        )
    return compare_balances(before, left=told[0], spent=told[1])


async def _told(ledger: Ledger, provider: Provider, account: Account) -> tuple[int, Spent] | None:
    """The balance, and what the ledger says of the same moment: it did not move meanwhile."""
    before = await ledger.spent(account=account)
    left = None
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            left = await provider.balance()
    after = await ledger.spent(account=account)
    return None if left is None or before != after else (left, after)


async def _refuse_others(
    ledger: Ledger,
    campaign: Campaign,
    account: Account,
    attempts: Collection[Sequence[AttemptRecord]],
) -> None:
    payers = {run.id: run.account for run in await ledger.runs(campaign.slug)}
    others = {payers[one.run] for tried in attempts for one in tried} - {account}
    if others:
        raise UsageError(f"some of it was asked of {', '.join(sorted(others))}, not of {account}")


def _refuse_young(started: Sequence[str], patience: float) -> None:
    """What was asked a moment ago may still be in the making, and charged later."""
    youngest = datetime.fromisoformat(max(started, default="1970-01-01T00:00:00Z"))
    safe = youngest + timedelta(seconds=patience)
    if datetime.now(UTC) < safe:
        raise UsageError(
            f"the newest of them was asked at {youngest:%H:%M:%S} UTC and may still be in the "
            f"making; ask the balance after {safe:%H:%M:%S} UTC"
        )
