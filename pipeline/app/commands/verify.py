"""Verifying stored images against the ledger, and ad files against what the campaign asks for."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pipeline.app.event_loop import run_in_loop
from pipeline.app.named_campaign import campaign_in
from pipeline.app.open import late, ledger_in, require_ledger
from pipeline.app.open_executor import executor_for
from pipeline.app.options import CampaignOptions
from pipeline.errors import CampaignError, ImageBroken, TaskFailed
from pipeline.executors.base import Executor, Task
from pipeline.images.base import ImageStore
from pipeline.images.reading import Condition, sha256_of, verify
from pipeline.images.registry import images_in
from pipeline.model.artifact import Artifact
from pipeline.model.names import Slug
from pipeline.model.outcome import Stored
from pipeline.settings import Settings
from pipeline.state.output.campaign_file import recorded_file
from pipeline.state.output.kept_checks import KeptChecks, is_whole, read_kept_checks

if TYPE_CHECKING:
    from pipeline.adfiles.record import AdFileRecord, AdFileRow
    from pipeline.state.output.ad_files import AdFilePlan, PlannedAdFile, Windows

KILOBYTE = 1000

AT_ONCE = 16
"""Least number of images that are read and decoded at one time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifyReport:
    """The condition of stored files."""

    files: int
    whole: int
    bad: Mapping[str, str]
    """Path → `Condition` of each file that is not intact, or was not proven to be."""
    ad_files: int = 0
    bad_ad_files: Mapping[str, str] = field(default_factory=dict)
    """Path → `AdFileCondition`, for each that must not be uploaded."""
    unplanned: Mapping[Slug, str] = field(default_factory=dict)
    """Campaign → why its ad files were not compared with its file, but only with their record."""
    objects: int = 0
    """Objects that were uploaded to an object store."""
    bad_objects: Mapping[str, str] = field(default_factory=dict)
    """URL → what is wrong, for each object that is not as it was uploaded."""


class AdFileCondition(StrEnum):
    """What is wrong with an ad file in the folder for delivery."""

    MISSING = "missing"
    CHANGED = "changed"
    SUPERSEDED = "superseded"
    """The campaign wants another one by now, or none."""
    HEAVY = "too heavy"
    """Above the most that its placement takes."""


def verify_files(
    file: Path | None, settings: Settings, *, tell: Callable[[str], None]
) -> VerifyReport:
    """Verify the stored files of one campaign, or of all.

    Each file is read and compared with the sha256 in the ledger. It is decoded as well, unless a
    run has recorded that it has all its pixels.
    """
    output = settings.output
    require_ledger(output)
    wanted = None if file is None else campaign_in(output, file)
    found = run_in_loop(_verify(wanted, settings, tell))
    bad = {path: str(condition) for path, condition in found if condition is not Condition.WHOLE}
    campaigns = [wanted] if wanted is not None else _campaigns_in(output)
    checked = [_verify_ad_files(output, one, file, settings) for one in campaigns]
    objects = late("app.stores.uploaded_objects").check_objects(output, wanted)
    return VerifyReport(
        objects=objects.objects,
        bad_objects=objects.bad,
        files=len(found),
        whole=len(found) - len(bad),
        bad=bad,
        ad_files=sum(one.files for one in checked),
        bad_ad_files={path: word for one in checked for path, word in one.bad.items()},
        unplanned={one.campaign: one.unplanned for one in checked if one.unplanned},
    )


def _campaigns_in(output: Path) -> list[Slug]:
    """Return the campaigns that have a record of ad files."""
    return sorted(Slug(place.parent.name) for place in output.glob("*/adfiles.jsonl"))


@dataclass(frozen=True, kw_only=True, slots=True)
class _AdFilesChecked:
    campaign: Slug
    files: int
    bad: Mapping[str, str]
    unplanned: str


def _verify_ad_files(
    output: Path, campaign: Slug, file: Path | None, settings: Settings
) -> _AdFilesChecked:
    """Compare the ad files of a campaign with their record, and with what its file asks for."""
    record: AdFileRecord = late("adfiles.record").AdFileRecord(output, campaign)
    rows: Mapping[str, Sequence[AdFileRow]] = late("review.ad_files").delivered_rows(
        record, campaign
    )
    made = [row for some in rows.values() for row in some]
    images, bad = images_in(output), {}
    for row in made:
        found = sha256_of(images, row.made.path)
        if found != row.made.sha256:
            gone = found is None
            bad[row.made.path] = AdFileCondition.MISSING if gone else AdFileCondition.CHANGED
    place = file or recorded_file(output, campaign)
    unplanned = ""
    if made and place is None:
        unplanned = "its campaign file is not known"
    elif made and place is not None:
        try:
            planned = run_in_loop(_planned(output, place, settings, record.windows))
        except CampaignError as error:
            unplanned = str(error).partition("\n")[0]
        else:
            current = {one.path for one in planned}
            most = {
                (str(one.cell), one.placement, one.recipe.format): one.recipe.max_kb
                for one in planned
            }
            for row in made:
                limit = most.get((row.cell, row.placement, row.made.format))
                heavy = limit is not None and row.made.bytes > limit * KILOBYTE
                if row.made.path not in current or heavy:
                    word = AdFileCondition.HEAVY if heavy else AdFileCondition.SUPERSEDED
                    bad.setdefault(row.made.path, word)
    return _AdFilesChecked(campaign=campaign, files=len(made), bad=bad, unplanned=unplanned)


async def _planned(
    output: Path, file: Path, settings: Settings, windows: "Windows"
) -> "Sequence[PlannedAdFile]":
    """Return the ad files that a campaign should have now."""
    options = CampaignOptions(campaign=file)
    loaded = await asyncio.to_thread(late("app.campaign").load, options, settings)
    async with ledger_in(output, read_only=True) as ledger:
        checks = late("state.checks.results").open_checks(loaded, output)
        state = await late("state.survey").survey(ledger, loaded, checks=checks)
    plan: AdFilePlan = late("state.output.ad_files").plan_ad_files(
        loaded, state, windows=windows, checks=checks
    )
    return plan.files


async def _verify(
    wanted: Slug | None, settings: Settings, tell: Callable[[str], None]
) -> list[tuple[str, Condition]]:
    output = settings.output
    stored: list[tuple[Slug, Artifact]] = []
    async with ledger_in(output, read_only=True) as ledger:
        for campaign in sorted({run.campaign for run in await ledger.runs(wanted)}):
            stored += [
                (campaign, entry.outcome.artifact)
                for entry in await ledger.campaign_entries(campaign)
                if isinstance(entry.outcome, Stored)
            ]
    kept = {campaign: read_kept_checks(output, campaign) for campaign, _ in stored}
    images = images_in(output)
    async with executor_for(settings, images, tell=tell) as executor:
        verifier = _Verifier(images=images, executor=executor, kept=kept)
        return await verifier.conditions(stored)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Verifier:
    images: ImageStore
    executor: Executor
    kept: Mapping[Slug, KeptChecks]

    async def conditions(
        self, stored: Sequence[tuple[Slug, Artifact]]
    ) -> list[tuple[str, Condition]]:
        """Return the path and condition of each image, in the same order."""
        found: dict[int, Condition] = {}
        waiting = iter(enumerate(stored))

        async def work() -> None:
            for number, (campaign, artifact) in waiting:
                found[number] = await self._condition(campaign, artifact)

        async with asyncio.TaskGroup() as group:
            for _ in range(max(AT_ONCE, self.executor.at_once)):
                group.create_task(work())
        return [(one.path, found[number]) for number, (_, one) in enumerate(stored)]

    async def _condition(self, campaign: Slug, artifact: Artifact) -> Condition:
        condition = await asyncio.to_thread(verify, self.images, artifact)
        if condition is not Condition.WHOLE:
            return condition
        known = self.kept[campaign].proven(artifact.sha256)
        if known is not None:
            return Condition.WHOLE if is_whole(known) else Condition.BROKEN
        inspect = late("inspection.task").Inspect
        task = cast("Task[object]", inspect(images=self.images.location, path=artifact.path))
        try:
            await self.executor.run(task)
        except ImageBroken:
            return Condition.BROKEN
        except TaskFailed:
            return Condition.UNDECODED
        return Condition.WHOLE
