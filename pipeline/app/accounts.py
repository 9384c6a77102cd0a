"""Whose money a campaign spends, how that account is reached, and what may be spent of it."""

import os
from dataclasses import replace

from pipeline.campaign.campaign_settings import fill_environment
from pipeline.errors import UsageError
from pipeline.model.campaign import Campaign
from pipeline.model.credits import Budget, Credits
from pipeline.model.provider import Account, Profile
from pipeline.providers.profiles import EMBEDDED
from pipeline.providers.registry import account_at
from pipeline.settings import GPTIMAGE_URL, ProviderSettings, Settings
from pipeline.state.budgets import campaign_budget

EMBEDDED_ACCOUNT = Account("embedded")
"""One account whatever the port: its state lies in the output folder."""


def account_of(campaign: Campaign, settings: Settings) -> Account:
    """Whose money a campaign spends, without opening anything."""
    if campaign.provider == EMBEDDED:
        return EMBEDDED_ACCOUNT
    return account_at(campaign.provider, provider_settings(campaign, settings.gptimage).base_url)


def provider_settings(campaign: Campaign, settings: ProviderSettings) -> ProviderSettings:
    """The environment's settings with the campaign's own below them: the environment wins.

    `UsageError` where the file refers to a variable that is not set.
    """
    options = campaign.providers.get(campaign.provider)
    if options is None:
        return settings
    try:
        if options.base_url and settings.base_url == GPTIMAGE_URL:
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
        trust_env=settings.trust_env or options.trust_env,
        ca_file=authorities,
    )


def budget_for(
    campaign: Campaign, profile: Profile, *, max_credits: int | None, default_run: int
) -> Budget:
    """Return the limits of one run; play money has none."""
    budget = campaign_budget(campaign, profile)
    if profile.play_money:
        return budget
    limits = [limit for limit in (budget.run, max_credits) if limit is not None]
    return replace(budget, run=Credits(min(limits, default=default_run)))
