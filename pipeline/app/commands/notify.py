"""Trying out the notifications of a campaign."""

from collections.abc import Sequence

from pipeline.app.campaign import load
from pipeline.app.event_loop import run_in_loop
from pipeline.app.notices import try_out
from pipeline.app.options import CampaignOptions
from pipeline.model.campaign import Notice
from pipeline.settings import Settings


def notices_of(options: CampaignOptions, settings: Settings) -> Sequence[Notice]:
    """Return whom a campaign tells how its runs ended, with URLs as they are written."""
    return load(options, settings, makes_output=False).campaign.notices


def send_samples(options: CampaignOptions, settings: Settings) -> Sequence[tuple[str, str]]:
    """Send a sample to every receiver; return its name, and what went wrong or an empty text."""
    campaign = load(options, settings, makes_output=False).campaign
    return run_in_loop(try_out(campaign))
