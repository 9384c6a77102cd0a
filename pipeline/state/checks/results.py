"""The results of a campaign's checks, derived from what its images show.

Nothing is looked at here: what was not found out yet counts as not looked for, which never leads to
a re-roll.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.adfiles.contents.picture_contents import ContentsRecord, PictureContents
from pipeline.adfiles.record import AdFileRecord, AdFileRow
from pipeline.campaign.loading import LoadedCampaign
from pipeline.inspection.palette import palette_check
from pipeline.inspection.quoted_text import text_check
from pipeline.inspection.readers import HINT
from pipeline.inspection.similarity import different_bits
from pipeline.model.artifact import Artifact
from pipeline.model.check import (
    OF_IMAGES,
    CampaignCheck,
    CheckOutcome,
    CheckResult,
    CheckRules,
    OnMiss,
    measured,
    under_rules,
    unmeasured,
)
from pipeline.model.job import Job, JobKey
from pipeline.model.outcome import Stored
from pipeline.state.lookup import Entries, artifact_of

SURE = 0.5
"""How sure the reader must be of a line that counts as read."""
_PARTS = 6
"""Parts of a hash; two hashes with at most five different bits have one part in common."""
_PART_BITS = 11
_ALONE = (CampaignCheck.TEXT, CampaignCheck.PALETTE)
_ALIKE_AXES = ("size", "locale")
"""Axes along which images of a product are meant to look alike."""
NOT_EXAMINED = f"the image was not examined; that needs the extra ads: {HINT}"

Results = Mapping[JobKey, tuple[CheckResult, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignChecks:
    """The checks that a campaign asks for, and everything that was found out for them."""

    rules: CheckRules
    brand: tuple[str, ...]
    contents: ContentsRecord
    ad_files: Callable[[], Iterable[AdFileRow]]
    """Returns the rows of the ad files that were made."""
    _texts: dict[tuple[str, str], CheckResult] = field(default_factory=dict)

    @property
    def examines(self) -> bool:
        """True if images have to be read and measured."""
        return bool(self.rules.keys() - {CampaignCheck.WHOLE, CampaignCheck.SAFE_ZONE})

    @property
    def rerolls(self) -> int:
        """Most new takes of one image; 0 if no check asks for any."""
        return max((rule.rerolls for rule in self.rules.values()), default=0)

    @property
    def rerolls_ad_files(self) -> bool:
        """True if a check of ad files asks for new takes."""
        return any(
            rule.on_miss is OnMiss.REROLL and check not in OF_IMAGES
            for check, rule in self.rules.items()
        )

    def of_images(self, jobs: Sequence[Job], entries: Entries) -> Results:
        """Return the results of the stored images of one stage, under the campaign's rules."""
        raw = self._measured(jobs, entries)
        return {key: under_rules(results, self.rules) for key, results in raw.items()}

    def of_draft(self, job: Job, artifact: Artifact) -> tuple[CheckResult, ...]:
        """Return the results of one take that need no other image."""
        known = self.contents.known.get(artifact.sha256)
        alone = (check for check in _ALONE if check in self.rules)
        found = [self._of_contents(check, job, known, _EarlierImages()) for check in alone]
        return under_rules(found, self.rules)

    def of_ad_file(self, row: AdFileRow, image: Sequence[CheckResult]) -> tuple[CheckResult, ...]:
        """Return the results of an ad file: those of its image, and its own."""
        return (*image, *under_rules(row.made.checks, self.rules))

    def missed(self, jobs: Sequence[Job], entries: Entries) -> Mapping[JobKey, int]:
        """Return the images that miss a check which asks for new takes, and how many it allows."""
        by_source: dict[str, list[CheckResult]] = {}
        if self.rerolls_ad_files:
            for row in self.ad_files():
                by_source.setdefault(row.made.source, []).extend(row.made.checks)
        found = {}
        for key, (artifact, results) in self._with_artifacts(jobs, entries):
            of_files = by_source.get(artifact.sha256, ())
            allowed = [
                self.rules[one.check].rerolls
                for one in (*results, *of_files)
                if one.check in self.rules and one.result is CheckOutcome.FAIL
            ]
            if any(allowed):
                found[key] = max(allowed)
        return found

    def unexamined(self, job: Job, entries: Entries) -> bool:
        """Return whether an image is stored, and was not examined for a check yet."""
        artifact = artifact_of(job, entries)
        if artifact is None:
            return False
        known = self.contents.known.get(artifact.sha256)
        return known is None or known.colors is None

    def _measured(self, jobs: Sequence[Job], entries: Entries) -> Results:
        return {key: results for key, (_, results) in self._with_artifacts(jobs, entries)}

    def _with_artifacts(
        self, jobs: Sequence[Job], entries: Entries
    ) -> Iterator[tuple[JobKey, tuple[Artifact, tuple[CheckResult, ...]]]]:
        asked = [check for check in OF_IMAGES if check in self.rules]
        earlier = _EarlierImages()
        for job in jobs:
            artifact = artifact_of(job, entries)
            if artifact is None:
                continue
            known = self.contents.known.get(artifact.sha256)
            found = [
                self._drift(job, artifact, entries)
                if check is CampaignCheck.DRIFT
                else self._of_contents(check, job, known, earlier)
                for check in asked
            ]
            results = tuple(result for result in found if result is not None)
            if known is not None and known.hash:
                earlier.add(job, known)
            yield job.key, (artifact, results)

    def _of_contents(
        self,
        check: CampaignCheck,
        job: Job,
        known: PictureContents | None,
        earlier: "_EarlierImages",
    ) -> CheckResult:
        if check is CampaignCheck.TEXT:
            return self._text(job, known)
        if known is None or known.colors is None:
            return unmeasured(check, CheckOutcome.NOT_LOOKED_FOR, NOT_EXAMINED)
        if check is CampaignCheck.PALETTE:
            return palette_check(self.brand, known.colors)
        return earlier.check(job, known)

    def _text(self, job: Job, known: PictureContents | None) -> CheckResult:
        if known is None or known.lines is None:
            return unmeasured(CampaignCheck.TEXT, CheckOutcome.NOT_LOOKED_FOR, NOT_EXAMINED)
        key = known.sha256, job.request.prompt
        if key not in self._texts:
            read = [line.text for line in known.lines if line.sure >= SURE]
            self._texts[key] = text_check(job.request.prompt, read)
        return self._texts[key]

    def _drift(self, job: Job, artifact: Artifact, entries: Entries) -> CheckResult | None:
        draft = draft_of(job, entries)
        if draft is None:
            return None
        alike = self.contents.alike(artifact.sha256, draft.sha256)
        if alike is None:
            seen = f"comparing pictures needs numpy: {HINT}"
            return unmeasured(CampaignCheck.DRIFT, CheckOutcome.NOT_LOOKED_FOR, seen)
        seen = f"where it differs most from its draft, it is {alike:.0%} alike"
        return measured(CampaignCheck.DRIFT, alike, seen)


def draft_of(job: Job, entries: Entries) -> Artifact | None:
    """Return the approved draft that a final was made from; `None` if there is none on record."""
    entry = None if job.derived_from is None else entries.get(job.derived_from)
    if entry is None or not isinstance(entry.outcome, Stored):
        return None
    return entry.outcome.artifact


class _EarlierImages:
    """The images before one in the order of the plan, found by parts of their hashes."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int], list[tuple[Job, PictureContents]]] = {}

    def add(self, job: Job, known: PictureContents) -> None:
        """Add the next image."""
        for part in _parts(known.hash):
            self._found.setdefault(part, []).append((job, known))

    def check(self, job: Job, known: PictureContents) -> CheckResult:
        """Return the check that no earlier image looks the same as this one."""
        least, like = 64, None
        for part in _parts(known.hash):
            for other, seen_there in self._found.get(part, ()):
                if _may_be_alike(job, other, same_file=seen_there.sha256 == known.sha256):
                    continue
                bits = different_bits(known.hash, seen_there.hash)
                if bits < least:
                    least, like = bits, other
        seen = "no other image looks the same"
        if like is not None:
            seen = f"{least} of 64 bits differ from {like.at.cell} take {like.at.take}"
        return measured(CampaignCheck.DUPLICATE, least, seen)


def _parts(hash_: str) -> Iterator[tuple[int, int]]:
    bits = int(hash_, 16)
    for number in range(_PARTS):
        yield number, bits >> (number * _PART_BITS) & ((1 << _PART_BITS) - 1)


def _may_be_alike(job: Job, other: Job, *, same_file: bool) -> bool:
    """Return whether two images are meant to look alike: one image, or only another size."""
    if same_file and job.request == other.request:
        return True
    if job.at.cell == other.at.cell:
        return False
    mine, others = dict(job.at.axes), dict(other.at.axes)
    return all(mine[axis] == others.get(axis) for axis in mine if axis not in _ALIKE_AXES)


def open_checks(loaded: LoadedCampaign, output: Path) -> CampaignChecks:
    """Return the checks of a campaign, with what its records have of its images.

    `LocalFault` if a record cannot be read.
    """
    campaign = loaded.campaign
    return CampaignChecks(
        rules=campaign.checks,
        brand=campaign.ad_files.brand_colors,
        contents=ContentsRecord(output, campaign.slug),
        ad_files=lambda: AdFileRecord(output, campaign.slug),
    )
