"""Opening the account that a campaign is rendered on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pipeline.app.accounts import EMBEDDED_ACCOUNT, provider_settings
from pipeline.app.embedded_server import embedded_server
from pipeline.model.campaign import Campaign
from pipeline.providers.base import Provider
from pipeline.providers.profiles import EMBEDDED
from pipeline.providers.registry import open_provider
from pipeline.settings import ProviderSettings
from pipeline.state.output.folder import EMBEDDED_STATE


@asynccontextmanager
async def open_account(
    campaign: Campaign, settings: ProviderSettings, *, output: Path
) -> AsyncIterator[Provider]:
    """The provider, entered; with the embedded server behind it where that is the one.

    Each campaign has an embedded server of its own, so that two campaigns run side by side.
    """
    provider = campaign.provider
    if provider != EMBEDDED:
        async with open_provider(
            provider, settings=provider_settings(campaign, settings)
        ) as opened:
            yield opened
        return
    async with embedded_server(output / EMBEDDED_STATE / campaign.slug, settings) as reached:
        client = open_provider(provider, settings=reached, account=EMBEDDED_ACCOUNT)
        async with client as opened:
            yield opened
