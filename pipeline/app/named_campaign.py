"""The campaign of a command, by the name in its file.

PyYAML is imported only for a file that no run has read as it is now: commands that only show
something start in milliseconds.
"""

import importlib
from dataclasses import replace
from pathlib import Path
from typing import cast

from pipeline.app.options import CampaignOptions, next_step
from pipeline.model.names import Slug
from pipeline.state.output.campaign_file import given_provider, recorded_name, refuse_second_file


def campaign_name(file: Path) -> Slug:
    """Return the name in a campaign file, as the loader reads it; `CampaignError` if it has none.

    The rest of the file may be wrong.
    """
    return cast("Slug", importlib.import_module("pipeline.campaign.naming").read_name(file))


def hold_to_file(output: Path, campaign: Slug, file: Path) -> None:
    """Raise `UsageError` if the campaign's folder belongs to another file of the same name."""
    refuse_second_file(output, campaign, file, read_name=campaign_name)


def next_run(options: CampaignOptions, output: Path, campaign: Slug, *words: str) -> str:
    """Return the `run` that goes on, on the account of the newest run unless another is given."""
    provider = options.provider or given_provider(output, campaign)
    return next_step(replace(options, provider=provider), "run", *words)


def campaign_in(output: Path, file: Path) -> Slug:
    """Return the name in a campaign file, to which the campaign's folder belongs; errors of both.

    Commands that only show something need it too: they would show another campaign's images.
    """
    campaign = recorded_name(output, file)
    if campaign is None:
        campaign = campaign_name(file)
        hold_to_file(output, campaign, file)
    return campaign
