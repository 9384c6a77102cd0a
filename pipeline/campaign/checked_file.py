"""A campaign file that fits the grammar, on its way to a blueprint."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.campaign.files import ReadableFile
from pipeline.campaign.grammar.campaign_file import CampaignFile
from pipeline.campaign.places import Findings, Place
from pipeline.campaign.reading.located import LocatedMap, Step, place_at
from pipeline.model.provider import Profile


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedFile:
    """The file as typed values and as located ones, and what was found in it so far."""

    reading: ReadableFile
    document: LocatedMap
    file: CampaignFile
    profile: Profile
    findings: Findings
    bases: Mapping[str, ReadableFile]
    """Every file that the document was put together from, as places name it."""

    def place(self, *steps: Step, key: bool = False) -> Place:
        """Where the value (or the key) at a path stands."""
        return place_at(self.document, steps, key=key)

    def base(self, at: Place) -> ReadableFile:
        """The file that a place is in; names in it are relative to its folder."""
        return self.bases[at.file]
