"""Campaigns from literals: written, loaded, planned, or complained about."""

from pathlib import Path

import pytest

from pipeline.campaign.loading import load_campaign
from pipeline.errors import CampaignError
from pipeline.model.money import Amount
from pipeline.model.names import ProfileName
from pipeline.model.providers.profile import Caps, Profile, Support
from pipeline.model.providers.request import Quality
from pipeline.prompts.explain import explain, find_cell
from pipeline.prompts.jobs import plan_drafts

RATIOS = ("1:1", "4:3", "16:9", "9:21", "1:2", "2:1")
PRICES = {Quality.LOW: Amount(2), Quality.MEDIUM: Amount(6), Quality.HIGH: Amount(12)}


def a_profile(name, **caps):
    return Profile(
        name=ProfileName(name),
        model="gpt-image-2",
        prices=PRICES,
        caps=Caps(ratios=RATIOS, **caps),
    )


PROFILES = {
    "embedded": a_profile("embedded", varies=True),
    "gptimage": a_profile("gptimage"),
    "strict": a_profile("strict", ratios_only=True, transparent=Support.NO, longest_prompt=60),
    "open": a_profile("open", references=Support.YES, transparent=Support.PREVIEW),
}

HEAD = """\
campaign: demo
matrix:
  product: [{id: citrus, name: Citrus Soda, look: a bottle}]
  size: ['1:1']
"""


class CampaignFolder:
    """A folder with a campaign file and its neighbours."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "pyproject.toml").touch()
        self.file = folder / "c.yaml"

    def write(self, text, **files):
        self.file.write_bytes(text if isinstance(text, bytes) else text.encode())
        for name, content in files.items():
            self.put(name.replace("__", "."), content)
        return self

    def put(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self

    def load(self, *, provider=None, profiles=PROFILES):
        return load_campaign(self.file, profiles=profiles, provider=provider)

    def jobs(self, **options):
        return list(plan_drafts(self.load(), **options))

    def prompts(self, **options):
        return {job.at.cell: job.request.prompt for job in self.jobs(**options)}

    def prompt(self):
        (prompt,) = self.prompts().values()
        return prompt

    def refused(self, *, provider=None):
        """Every complaint, file names without the folder."""
        with pytest.raises(CampaignError) as caught:
            list(plan_drafts(self.load(provider=provider)))
        return [self.told(finding) for finding in caught.value.findings]

    def warnings(self, *, provider=None):
        return [self.told(finding) for finding in self.load(provider=provider).warnings]

    def told(self, finding):
        return str(finding).replace(f"{self.folder}/", "")


def explained_cell(loaded, name, **rounds):
    """The explanation of the cell with this name."""
    return explain(loaded, find_cell(loaded, name), **rounds)
