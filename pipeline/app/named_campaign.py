"""The campaign of a command, by the name in its file.

PyYAML is imported only for a file that no run has read as it is now: commands that only show
something start in milliseconds.
"""

import importlib
from pathlib import Path
from typing import cast

from pipeline.model.names import Slug
from pipeline.state.output.campaign_file import recorded_name, refuse_second_file


def campaign_name(file: Path) -> Slug:
    """Return the name in a campaign file, as the loader reads it; `CampaignError` if it has none.

    The rest of the file may be wrong.
    """
    return cast("Slug", importlib.import_module("pipeline.campaign.naming").read_name(file))


def hold_to_file(output: Path, campaign: Slug, file: Path) -> None:
    """Raise `UsageError` if the campaign's folder belongs to another file of the same name."""
    refuse_second_file(output, campaign, file, read_name=campaign_name)


def campaign_in(output: Path, file: Path) -> Slug:
    """Return the name in a campaign file, to which the campaign's folder belongs; errors of both.

    Commands that only show something need it too: they would show another campaign's images.
    """
    campaign = recorded_name(output, file)
    if campaign is None:
        campaign = campaign_name(file)
        hold_to_file(output, campaign, file)
    return campaign
