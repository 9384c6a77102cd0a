"""Making the ad files of a campaign that are missing or changed."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pipeline.adfiles.contents.picture_contents import PictureContents
from pipeline.adfiles.derive import AdFileRefused, AdFileTask, Derive
from pipeline.adfiles.record import AdFileRecord, AdFileRow
from pipeline.app.open_executor import executor_that_signs
from pipeline.app.run.examining import PictureExaminer
from pipeline.campaign.loading import LoadedCampaign
from pipeline.errors import ArtifactError, Interrupted, LocalFault, TaskFailed
from pipeline.executors.base import Executor
from pipeline.images.base import ImageStore
from pipeline.images.reading import sha256_of
from pipeline.inspection.readers import NEEDED, is_installed
from pipeline.model.adfiles.ad_file import Flag, Signing
from pipeline.model.check import OF_IMAGES, CheckOutcome, CheckResult, check_fields
from pipeline.model.names import CellName, Slug, Stage
from pipeline.purchasing.halt import Halt
from pipeline.purchasing.inspecting import ImageInspector
from pipeline.reports.run_manifest import ObjectFields, not_uploaded
from pipeline.state.campaign_state import CampaignState
from pipeline.state.checks.results import CampaignChecks
from pipeline.state.output.ad_files import (
    FOLDER,
    PREVIEW,
    SUPERSEDED,
    AdFilePlan,
    AdFileResults,
    PlannedAdFile,
    checked_ad_files,
    plan_ad_files,
)

TOGETHER = 8
"""Most ad files of one task: an image is decoded once for all of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedAdFile:
    """An ad file that could not be made, and why."""

    planned: PlannedAdFile
    reason: str


@dataclass(kw_only=True, slots=True)
class AdFileReport:
    """The result of making the ad files of a campaign."""

    campaign: Slug
    plan: AdFilePlan
    rows: dict[str, AdFileRow] = field(default_factory=dict)
    """The ad files that are on disk and current, by path."""
    made: int = 0
    """Number of them that were made now."""
    failed: list[FailedAdFile] = field(default_factory=list)
    approved: frozenset[str] = frozenset()
    """Recipes of flagged ad files that a person approved."""
    superseded: int = 0
    """Files that were moved out of the delivered folder."""
    results: AdFileResults = field(default_factory=dict)
    """The results of the campaign's checks, by the path of the ad file."""

    def reasons(self, row: AdFileRow) -> list[str]:
        """Return why a person has to look at an ad file; empty if nobody has to."""
        results = self.results.get(row.made.path, ())
        return [*row.made.flags, *(str(one) for one in results if one.needs_a_look)]

    def misses(self, row: AdFileRow) -> list[CheckResult]:
        """Return the missed checks that keep an ad file from being delivered."""
        results = self.results.get(row.made.path, ())
        return [one for one in results if one.result is CheckOutcome.FAIL]

    @property
    def current(self) -> Iterator[tuple[PlannedAdFile, AdFileRow]]:
        """Yield the ad files that are on disk, in the order of the matrix."""
        for planned in self.plan.files:
            row = self.rows.get(planned.path)
            if row is not None:
                yield planned, row

    @property
    def flagged(self) -> Iterator[tuple[PlannedAdFile, AdFileRow]]:
        """Yield the ad files that a person still has to look at."""
        for planned, row in self.current:
            if self.reasons(row) and row.made.recipe not in self.approved:
                yield planned, row

    @property
    def to_look_at(self) -> Sequence[tuple[CellName, str]]:
        """Cell and placement of the flagged ad files that miss no check which forbids delivery."""
        pairs = ((planned, row) for planned, row in self.flagged if not self.misses(row))
        return list(dict.fromkeys((planned.cell, planned.placement) for planned, _ in pairs))

    @property
    def failing(self) -> Iterator[tuple[PlannedAdFile, AdFileRow]]:
        """Yield the ad files that are not delivered, because they miss a check that forbids it."""
        for planned, row in self.current:
            if self.misses(row):
                yield planned, row


@dataclass(frozen=True, kw_only=True, slots=True)
class AdFileMaker:
    """Makes ad files with an executor, and keeps the record of them."""

    examiner: PictureExaminer
    executor: Executor
    """Makes the files."""
    output: Path
    campaign: Slug
    signing: Signing | None = None
    """What signs the files of a campaign that asks for it."""

    @property
    def checks(self) -> CampaignChecks:
        """The campaign's checks."""
        return self.examiner.checks

    async def make(
        self, plan: AdFilePlan, *, stage: Stage = Stage.FINAL, only: frozenset[CellName] | None
    ) -> AdFileReport:
        """Make files that are missing or changed, and move out superseded ones; safe to repeat.

        `only` are the cells that `plan` covers; ad files of other cells are not changed. A file
        that cannot be made is reported, and the others are made.
        """
        record = AdFileRecord(self.output, self.campaign)
        report = AdFileReport(campaign=self.campaign, plan=plan, approved=record.approved)
        there = {
            path: row
            for path, row in record.whole(self.examiner.images).items()
            if not self._can_see_more(row, record)
        }
        due = [planned for planned in plan.files if planned.path not in there]
        report.rows.update({p.path: there[p.path] for p in plan.files if p.path in there})
        free = asyncio.Semaphore(self.executor.at_once)
        async with asyncio.TaskGroup() as group:
            for files in _by_image(due):
                await free.acquire()
                if self.examiner.stopped():
                    break
                task = group.create_task(self._make_some(files, record, report))
                task.add_done_callback(lambda _: free.release())
        await self._move_out(record, report, stage=stage, only=only)
        return report

    def _can_see_more(self, row: AdFileRow, record: AdFileRecord) -> bool:
        """Return whether a file was cut blindly, and could now be cut by what its image shows."""
        asked = self.checks.rules.keys() - set(OF_IMAGES)
        unseen = asked and not row.made.checks  # made by an older version
        unseen = unseen or any(
            one.check in asked and one.result is CheckOutcome.NOT_LOOKED_FOR
            for one in row.made.checks
        )
        blind = bool(unseen) or Flag.NOT_LOOKED_FOR in row.made.flags
        return blind and row.made.recipe not in record.approved and is_installed(*NEEDED)

    async def _make_some(
        self, files: Sequence[PlannedAdFile], record: AdFileRecord, report: AdFileReport
    ) -> None:
        source, images = files[0].source, self.examiner.images
        try:
            examine = self.checks.examines
            contents = await self.examiner.look(source, examine=examine)
        except LocalFault as error:
            report.failed += [FailedAdFile(planned=one, reason=str(error)) for one in files]
            return
        task = Derive(
            images=images.location,
            source=source.path,
            boxes=None if contents is None else contents.boxes,
            files=tuple(_task_of(one, contents) for one in files),
            signing=self.signing,
        )
        try:
            results = await self.executor.run(task)
        except (ArtifactError, TaskFailed, LocalFault) as error:
            report.failed += [FailedAdFile(planned=one, reason=str(error)) for one in files]
            return
        for planned, result in zip(files, results, strict=True):
            if isinstance(result, AdFileRefused):
                report.failed.append(FailedAdFile(planned=planned, reason=result.reason))
                continue
            row = AdFileRow(cell=planned.cell, placement=planned.placement, made=result)
            try:
                record.add(row)
            except LocalFault as error:
                report.failed.append(FailedAdFile(planned=planned, reason=str(error)))
                continue
            report.rows[planned.path] = row
            report.made += 1

    async def _move_out(
        self,
        record: AdFileRecord,
        report: AdFileReport,
        *,
        stage: Stage,
        only: frozenset[CellName] | None,
    ) -> None:
        """Move ad files that are no longer planned to a folder that is not delivered.

        Previews are removed instead. Files that this program did not make are not changed.
        """
        planned = {one.path for one in report.plan.files}
        for row in [*record]:
            path = row.made.path
            preview = path.startswith(f"{self.campaign}/{PREVIEW}/")
            other_stage = preview is (stage is Stage.FINAL)
            if path in planned or other_stage or (only is not None and row.cell not in only):
                continue
            try:
                if preview:
                    await self.examiner.images.delete(path)
                else:
                    await self.examiner.images.move(path, superseded_path(self.campaign, path))
                record.remove(path)
            except LocalFault as error:
                report.failed += _blamed(report.plan.files, row, str(error))
                continue
            report.superseded += 1


async def ad_file_maker(
    stack: AsyncExitStack,
    loaded: LoadedCampaign,
    inspector: ImageInspector,
    checks: CampaignChecks,
    *,
    signing: Signing | None,
    halt: Halt,
) -> AdFileMaker:
    """Return the maker of a run, which begins no file after a signal or a fault of the disk."""
    examiner = PictureExaminer(
        images=inspector.images,
        executor=inspector.executor,
        checks=checks,
        stopped=lambda: isinstance(halt.reason, Interrupted | LocalFault),
    )
    return AdFileMaker(
        examiner=examiner,
        executor=await executor_that_signs(stack, inspector.executor, signing),
        output=checks.contents.output,
        campaign=loaded.campaign.slug,
        signing=signing,
    )


def _task_of(planned: PlannedAdFile, contents: PictureContents | None) -> AdFileTask:
    lines = None
    if contents is not None and contents.lines is not None:
        lines = contents.copy_lines(planned.job.request.prompt)
    return AdFileTask(recipe=planned.recipe, path=planned.path, lines=lines, shop=planned.shop)


async def make_ad_files(
    loaded: LoadedCampaign,
    state: CampaignState,
    maker: AdFileMaker,
    *,
    stage: Stage = Stage.FINAL,
) -> AdFileReport:
    """Make the ad files of a campaign's images at a stage, and check them and their images."""
    examiner = maker.examiner
    await examiner.examine(state.of(stage), state.entries)
    windows = AdFileRecord(maker.output, maker.campaign).windows
    plan = await asyncio.to_thread(
        plan_ad_files, loaded, state, windows=windows, stage=stage, checks=examiner.checks
    )
    report = await maker.make(plan, stage=stage, only=state.asked)
    report.results = checked_ad_files(examiner.checks, state, report.rows, plan, stage=stage)
    return report


async def examine_stage(
    loaded: LoadedCampaign, maker: AdFileMaker, stage: Stage, state: CampaignState
) -> None:
    """Find out what the checks of a stage need to know, from ad files too if they may reroll."""
    examiner = maker.examiner
    if stage is Stage.FINAL and examiner.checks.rerolls_ad_files:
        await make_ad_files(loaded, state, maker)
    else:
        await examiner.examine(state.of(stage), state.entries)


def failing_finals(checks: CampaignChecks, state: CampaignState) -> list[str]:
    """Return what finals miss that may not be delivered, with their cells, if no file is made."""
    if not checks.rules:
        return []
    results = checks.of_images(state.finals, state.entries)
    return [
        f"{job.at.cell} final take {job.at.take}  {one}"
        for job in state.finals
        for one in results.get(job.key, ())
        if one.result is CheckOutcome.FAIL
    ]


def forget_damaged(
    record: AdFileRecord, images: ImageStore, *, only: frozenset[CellName] | None = None
) -> None:
    """Remove damaged ad files from the record, so that they are made again; reads them all."""
    for path, row in record.whole(images).items():
        wanted = only is None or row.cell in only
        if wanted and sha256_of(images, path) != row.made.sha256:
            record.remove(path)


def superseded_path(campaign: Slug, path: str) -> str:
    """Return the path to which a superseded ad file is moved."""
    inside = PurePosixPath(path).relative_to(f"{campaign}/{FOLDER}")
    return f"{campaign}/{SUPERSEDED}/{inside}"


def _blamed(files: Sequence[PlannedAdFile], row: AdFileRow, reason: str) -> Iterable[FailedAdFile]:
    """Return the failure to move a file, reported for the file that replaces it, if any."""
    same = (one for one in files if (one.cell, one.placement) == (row.cell, row.placement))
    first = next(same, None)
    return [] if first is None else [FailedAdFile(planned=first, reason=reason)]


def _by_image(due: Sequence[PlannedAdFile]) -> Iterator[Sequence[PlannedAdFile]]:
    """Yield the ad files of one image together, a few at a time."""
    images: dict[str, list[PlannedAdFile]] = {}
    for planned in due:
        images.setdefault(planned.source.sha256, []).append(planned)
    for files in images.values():
        for start in range(0, len(files), TOGETHER):
            yield files[start : start + TOGETHER]


def manifest_rows(
    report: AdFileReport | None, *, objects: ObjectFields = not_uploaded
) -> Mapping[str, Sequence[Mapping[str, object]]]:
    """Return the ad files by job key, as the run manifest has them."""
    rows: dict[str, list[Mapping[str, object]]] = {}
    if report is None:
        return rows
    for planned, row in report.current:
        made = row.made
        rows.setdefault(planned.job.key, []).append(
            {
                "placement": planned.placement,
                "file": made.path,
                "name": planned.name,
                "sha256": made.sha256,
                **objects(made.path, made.sha256),
                "bytes": made.bytes,
                "format": made.format,
                "width": made.width,
                "height": made.height,
                "framing": made.framing,
                "kept": made.kept,
                "extended": made.extended,
                "flags": list(made.flags),
                "checks": [check_fields(one) for one in report.results.get(made.path, ())],
                "recipe": made.recipe,
            }
        )
    return rows
