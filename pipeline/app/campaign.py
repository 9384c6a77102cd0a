"""The campaign of a command: its account, its limits, and what the account's balance proves."""

import asyncio
import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from pipeline.app.open import late
from pipeline.app.open_account import open_account
from pipeline.app.options import CampaignOptions, FeedReading
from pipeline.app.run.facts import utc_stamp
from pipeline.campaign.environment import fill_environment
from pipeline.campaign.feeds.remote import RemoteFeed
from pipeline.campaign.findings import refusal
from pipeline.campaign.loading import LoadedCampaign, load_campaign
from pipeline.errors import FeedNotFetched, UsageError
from pipeline.ledger.base import Ledger
from pipeline.model.adfiles.ad_file import Signing
from pipeline.model.campaign import Campaign, ContentCredentials
from pipeline.model.entry import AttemptRecord, Entry
from pipeline.model.money import Amount, Budget, Spent, Unit
from pipeline.model.names import Account, Slug
from pipeline.model.providers.profile import Profile
from pipeline.model.run import Run
from pipeline.providers.base import Provider
from pipeline.providers.names import EMBEDDED, EMBEDDED_ACCOUNT
from pipeline.providers.registry import account_at, check_url, profile_named, profiles
from pipeline.settings import ProviderSettings, Settings
from pipeline.state.budgets import campaign_budget
from pipeline.state.output.balances import (
    Balance,
    BalanceFinding,
    compare_balances,
    note_balance,
    read_balance,
)
from pipeline.state.output.folder import EMBEDDED_STATE, make_folder, new_run_id

PATIENCE = 15.0
"""Longest wait, in seconds, for an API to report the credits left; a run then starts without."""

DECLARE = "set providers.{provider}.balance to the path of the API that reports the credits left"


def load(
    options: CampaignOptions,
    settings: Settings,
    *,
    plan: str | None = None,
    makes_output: bool = True,
) -> LoadedCampaign:
    """Load the campaign file with the profiles of all providers; `CampaignError` if it is wrong.

    Feeds by URL are read as `options` say, or as they were for a saved plan. Their snapshots are
    kept in the output folder; without `makes_output`, only if there is one.
    """
    with ExitStack() as temporary:
        feed_files = LateFeedFiles(
            reading=options.feeds,
            settings=settings,
            plan=plan,
            temporary=None if makes_output else temporary,
        )
        return load_campaign(
            options.campaign,
            profiles=profiles(),
            provider=options.provider,
            batch=options.batch,
            feed_files=feed_files,
        )


def signing_for(loaded: LoadedCampaign, settings: Settings) -> Signing | None:
    """Return what signs a campaign's ad files on this machine; `None` if it asks for nothing.

    `CampaignError`, with the place in the file, if it asks and nothing here can sign.
    """
    if loaded.campaign.provenance.c2pa is not ContentCredentials.SIGN:
        return None
    try:
        signing: Signing = late("adfiles.provenance.signing").signing_of(settings.signing)
    except UsageError as error:
        at = loaded.checked.place("provenance", "c2pa")
        raise refusal(str(error), at=at, code="c2pa", path="provenance.c2pa") from error
    return signing


@dataclass(frozen=True, kw_only=True, slots=True)
class LateFeedFiles:
    """`FeedFiles` whose HTTP client is imported only if a campaign names a feed by URL."""

    reading: FeedReading
    settings: Settings
    plan: str | None
    temporary: ExitStack | None
    """Owns the files if there is no output folder; `None`: the folder is made."""

    def files_of(
        self, feeds: Sequence[RemoteFeed], *, campaign: Slug, hosts: Sequence[str]
    ) -> Mapping[RemoteFeed, Path | FeedNotFetched]:
        """See `FeedFiles`."""
        reader = late("app.feeds").FeedReader(
            reading=self.reading, settings=self.settings, plan=self.plan, temporary=self.temporary
        )
        files = reader.files_of(feeds, campaign=campaign, hosts=hosts)
        return cast("Mapping[RemoteFeed, Path | FeedNotFetched]", files)


def account_of(campaign: Campaign, settings: Settings) -> Account:
    """Return whose money a campaign spends, without opening anything.

    `UsageError` if the base URL cannot work: it would name an account that does not exist.
    """
    if campaign.provider == EMBEDDED:
        return EMBEDDED_ACCOUNT
    reached = provider_settings(campaign, settings.of(campaign.provider))
    if reached.base_url:
        check_url(profile_named(campaign.provider), reached)
    return account_at(campaign.provider, reached.base_url)


def provider_settings(campaign: Campaign, settings: ProviderSettings) -> ProviderSettings:
    """Return a campaign's provider settings; those of the environment take precedence.

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
        edits_path=options.edits,
        dialect=options.dialect,
        reply_timeout=options.timeout or settings.reply_timeout,
        trust_env=options.trust_env if settings.trust_env is None else settings.trust_env,
        ca_file=authorities,
    )


def budget_for(
    campaign: Campaign, profile: Profile, options: CampaignOptions, settings: Settings
) -> Budget:
    """Return the limits of one run; play credits have none.

    `UsageError` if an option limits another unit than the account's.
    """
    budget = campaign_budget(campaign, profile)
    if profile.play_money:
        return budget
    in_credits = profile.unit is Unit.CREDITS
    given, other = options.max_credits, options.max_cost
    if not in_credits:
        given, other = other, given
    if other is not None:
        wrong, right = ("--max-cost", "--max-credits N")
        if not in_credits:
            wrong, right = ("--max-credits", "--max-cost 12.50")
        unit = "credits" if in_credits else "dollars"
        raise UsageError(f"{profile.name} counts in {unit}: use {right}, not {wrong}")
    limits = [limit for limit in (budget.run, given, options.most) if limit is not None]
    default = settings.rendering.default_run_budget[profile.unit]
    return replace(budget, run=Amount(min(limits, default=default)))


def open_campaign_account(
    campaign: Campaign, settings: Settings, *, output: Path
) -> AbstractAsyncContextManager[Provider]:
    """Return a context manager that connects to the account of a campaign."""
    reached = settings.of(campaign.provider)
    if campaign.provider != EMBEDDED:
        reached = provider_settings(campaign, reached)
    state = EMBEDDED_STATE / campaign.slug
    if campaign.provider == EMBEDDED:
        make_folder(output, state)
    return open_account(campaign.provider, reached, state=output / state)


async def keep_balance(ledger: Ledger, provider: Provider, *, output: Path) -> None:
    """Record the credits left, unless a request of any run on this account is open or in doubt."""
    reported = await _balance_now(ledger, provider, provider.account)
    if reported is not None and not reported[1].in_doubt:
        left, spent = reported
        note = Balance(at=utc_stamp(), left=left, confirmed=spent.confirmed)
        note_balance(output, provider.account, note)


async def reconcile_doubts(
    ledger: Ledger, campaign: Campaign, settings: Settings, doubts: Sequence[Entry]
) -> BalanceFinding:
    """Return what the balance proves about these doubts; `UsageError` if it cannot be asked now."""
    account = account_of(campaign, settings)
    attempts = await ledger.attempts([entry.key for entry in doubts])
    await _refuse_others(ledger, campaign, account, attempts.values())
    before = read_balance(settings.output, account)
    if before is None:
        raise UsageError(
            f"no earlier balance of {account} is known; "
            f"{DECLARE.format(provider=campaign.provider)}, and each run records them at its start"
        )
    async with open_campaign_account(campaign, settings, output=settings.output) as provider:
        reported = await _balance_now(ledger, provider, account)
    if reported is None:
        raise UsageError(
            f"{account} did not report its balance, or another run is spending it right now; "
            f"{DECLARE.format(provider=campaign.provider)}"
        )
    # last, so that nobody waits for a balance that cannot be had
    reached = provider_settings(campaign, settings.of(campaign.provider))
    longest = profile_named(campaign.provider).caps.reply_timeout
    patience = reached.connect_timeout + (reached.reply_timeout or longest)
    _refuse_young([one.started for tried in attempts.values() for one in tried], patience)
    return compare_balances(before, left=reported[0], spent=reported[1], money=campaign.money)


async def _balance_now(
    ledger: Ledger, provider: Provider, account: Account
) -> tuple[int, Spent] | None:
    """Return the credits left, and what the ledger has spent; `None` if that changed meanwhile."""
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
        raise UsageError(f"some were requested from {', '.join(sorted(others))}, not {account}")


def _refuse_young(started: Sequence[str], patience: float) -> None:
    """Refuse while the newest image may still be rendered, and charged later."""
    youngest = datetime.fromisoformat(max(started, default="1970-01-01T00:00:00Z"))
    safe = youngest + timedelta(seconds=patience)
    if datetime.now(UTC) < safe:
        raise UsageError(
            f"the newest image was requested at {youngest:%H:%M:%S} UTC and may still be rendered; "
            f"ask for the balance after {safe:%H:%M:%S} UTC"
        )


def new_run(campaign: Campaign, settings: Settings) -> Run:
    """Return a run of a campaign that begins now."""
    return Run(
        id=new_run_id(datetime.now(UTC)),
        campaign=campaign.slug,
        account=account_of(campaign, settings),
    )
