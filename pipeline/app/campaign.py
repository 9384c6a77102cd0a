"""The campaign of a command, and its account: its limits, and what its balance proves."""

import asyncio
import os
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.app.open import EMBEDDED, EMBEDDED_ACCOUNT, open_account
from pipeline.app.options import CampaignOptions
from pipeline.app.run_facts import utc_stamp
from pipeline.campaign.campaign_settings import fill_environment
from pipeline.campaign.loading import LoadedCampaign, load_campaign
from pipeline.errors import UsageError
from pipeline.ledger.base import Ledger
from pipeline.model.campaign import Campaign
from pipeline.model.credits import Budget, Credits, Spent
from pipeline.model.entry import AttemptRecord, Entry
from pipeline.model.provider import Account, Profile
from pipeline.providers.base import Provider
from pipeline.providers.registry import account_at, profiles
from pipeline.settings import ProviderSettings, Settings
from pipeline.state.budgets import campaign_budget
from pipeline.state.output.balances import (
    Balance,
    BalanceFinding,
    compare_balances,
    note_balance,
    read_balance,
)
from pipeline.state.output.folder import EMBEDDED_STATE

PATIENCE = 15.0
"""Seconds for an API to tell what is left; a run does not wait longer to begin."""

DECLARE = "providers.{provider}.balance names the path of an API that tells the credits left"


def load(options: CampaignOptions) -> LoadedCampaign:
    """Load the campaign file with the profiles of all providers; `CampaignError` if it is wrong."""
    return load_campaign(options.campaign, profiles=profiles(), provider=options.provider)


def account_of(campaign: Campaign, settings: Settings) -> Account:
    """Return whose money a campaign spends, without opening anything."""
    if campaign.provider == EMBEDDED:
        return EMBEDDED_ACCOUNT
    return account_at(campaign.provider, provider_settings(campaign, settings.gptimage).base_url)


def provider_settings(campaign: Campaign, settings: ProviderSettings) -> ProviderSettings:
    """Lay the environment's settings over the campaign's own.

    `UsageError` if the file refers to a variable that is not set.
    """
    options = campaign.providers.get(campaign.provider)
    if options is None:
        return settings
    try:
        if options.base_url and not settings.base_url_given:
            url = fill_environment(options.base_url, os.environ)
            settings = replace(settings, base_url=url.rstrip("/"))
        hosts = tuple(fill_environment(host, os.environ) for host in options.image_hosts)
        authorities = settings.ca_file
        if options.ca_file and not authorities:
            authorities = fill_environment(options.ca_file, os.environ)
    except KeyError as missing:
        raise UsageError(
            f"providers.{campaign.provider} needs the variable {missing.args[0]}, which is not set"
        ) from missing
    return replace(
        settings,
        image_hosts=hosts,
        balance_path=options.balance,
        trust_env=options.trust_env if settings.trust_env is None else settings.trust_env,
        ca_file=authorities,
    )


def budget_for(
    campaign: Campaign, profile: Profile, *, max_credits: int | None, default_run: int
) -> Budget:
    """Return the limits of one run; play credits have none."""
    budget = campaign_budget(campaign, profile)
    if profile.play_money:
        return budget
    limits = [limit for limit in (budget.run, max_credits) if limit is not None]
    return replace(budget, run=Credits(min(limits, default=default_run)))


def open_campaign_account(
    campaign: Campaign, settings: Settings, *, output: Path
) -> AbstractAsyncContextManager[Provider]:
    """Return a connection to the account of a campaign, to be entered."""
    reached = settings.gptimage
    if campaign.provider != EMBEDDED:
        reached = provider_settings(campaign, reached)
    state = output / EMBEDDED_STATE / campaign.slug
    return open_account(campaign.provider, reached, state=state)


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
    async with open_campaign_account(campaign, settings, output=settings.output) as provider:
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
