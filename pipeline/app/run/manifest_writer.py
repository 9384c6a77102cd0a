"""Writing the run manifest: at the start, at checkpoints and at the end."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.app.run.ad_files import AdFileReport, manifest_rows
from pipeline.app.run.facts import git_commit, redacted, utc_stamp, versions
from pipeline.campaign.loading import LoadedCampaign
from pipeline.errors import LocalFault
from pipeline.images.kept_records import keep_records
from pipeline.ledger.base import Ledger
from pipeline.model.campaign import Campaign
from pipeline.model.check import CheckResult
from pipeline.model.coordination import WHOLE, Shard
from pipeline.model.entry import Entry
from pipeline.model.job import JobKey
from pipeline.model.money import Budget
from pipeline.model.names import Stage
from pipeline.model.run import Run, RunPaths
from pipeline.model.ticket import Ticket
from pipeline.purchasing.recovery import begin_run
from pipeline.purchasing.sealed_replies import replies_in
from pipeline.reports.run_manifest import (
    ObjectFields,
    RunFacts,
    not_uploaded,
    write_manifest,
)
from pipeline.reports.run_report import (
    ReportScope,
    RunReport,
    make_report,
)
from pipeline.reports.sheet.sheet_files import sheet_input, write_run_sheet
from pipeline.state.campaign_state import CampaignState
from pipeline.state.checks.results import CampaignChecks
from pipeline.state.output.folder import make_folder, point_latest
from pipeline.state.output.kept_checks import KeptChecks
from pipeline.state.output.run_folders import MOST_LISTED
from pipeline.system_errors import expected_errors

KEPT_RECORDS = ("adfiles.jsonl", "checks.jsonl", "contents.jsonl")
"""What the next run reads instead of looking at every image again, if this disk is lost."""
CHECKPOINT_EVERY = 30.0
CHECKPOINT_SHARE = 20
"""Checkpoints take at most 1/20 of a run's time."""


@dataclass(kw_only=True, slots=True)
class ManifestWriter:
    """Writes the manifest of one run."""

    ledger: Ledger
    run: Run
    campaign: Campaign
    budget: Budget
    output: Path
    kept_checks: KeptChecks
    checks: CampaignChecks | None = None
    """The campaign's own checks; `None` if it has none."""
    arguments: Sequence[str]
    stages: Sequence[str]
    objects: ObjectFields = not_uploaded
    """Where files are in an object store."""
    started: str = field(default_factory=utc_stamp)
    git: str = ""
    number: int = 0
    """The run's place among all that the ledger counted; known once it has begun."""

    @property
    def paths(self) -> RunPaths:
        """The files of this run."""
        return RunPaths(campaign=self.campaign.slug, run=self.run.id)

    async def begin(self, shard: Shard = WHOLE) -> bool:
        """Begin the run in the ledger; return whether a dead run had left attempts open.

        Its folder is made after that: a folder whose run the ledger does not know proves that the
        ledger is older.
        """
        settled = await begin_run(self.ledger, self.run, replies_in(self.output), shard=shard)
        self.number = (await self.ledger.known_runs([self.run.id]))[self.run.id].number
        return settled

    async def open_tickets(self) -> Sequence[Ticket]:
        """Return the open tickets of the campaign on this run's account."""
        run = self.run
        return await self.ledger.open_tickets(campaign=run.campaign, account=run.account)

    def open_folder(self) -> None:
        """Make the run's folder; `LocalFault` if that fails."""
        make_folder(self.output, self.paths.folder)
        self.git = git_commit(Path(self.campaign.file).parent)

    async def write(self, state: CampaignState) -> None:
        """Write the run manifest for the campaign's current state."""
        await self.put(await self.report_on(state))

    async def put(self, report: RunReport, *, exit_code: int | None = None) -> None:
        """Write a report as the run manifest, and point `latest` at it."""
        facts = self.facts(exit_code=exit_code)
        await asyncio.to_thread(
            write_manifest,
            self.output,
            self.paths,
            facts=facts,
            totals=report.totals,
            rows=report.rows,
        )
        point_latest(self.output, self.paths)

    async def finish(self, loaded: LoadedCampaign, report: RunReport, state: CampaignState) -> None:
        """Write a contact sheet if this run bought images, and keep all records of the run.

        A sheet takes 4 kB of memory for each image of the campaign while it is drawn. More images
        than a manifest lists itself get none; `pipeline sheet` draws it when it is asked for.
        """
        if report.totals.this_run and report.totals.jobs <= MOST_LISTED:
            await self._draw_sheet(loaded, state)
        records = [f"{self.campaign.slug}/{name}" for name in KEPT_RECORDS]
        folder = self.paths.folder
        records += [str(folder / name) for name in ("images.csv", "sheet.html", "manifest.json")]
        await asyncio.to_thread(keep_records, self.output, records)

    async def _draw_sheet(self, loaded: LoadedCampaign, state: CampaignState) -> None:
        work = await sheet_input(
            self.ledger,
            loaded,
            state,
            output=self.output,
            run=self.run.id,
            account=self.run.account,
        )
        await asyncio.to_thread(write_run_sheet, work, self.paths.folder)

    def facts(self, *, exit_code: int | None = None) -> RunFacts:
        """Return the facts about the run itself."""
        return RunFacts(
            run=self.run,
            campaign=self.campaign,
            stages=self.stages,
            started=self.started,
            finished="" if exit_code is None else utc_stamp(),
            exit_code=exit_code,
            arguments=redacted(self.arguments),
            versions=versions(),
            git=self.git,
            number=self.number,
        )

    async def report_on(
        self,
        state: CampaignState,
        entries: Mapping[JobKey, Entry] | None = None,
        *,
        ad_files: AdFileReport | None = None,
    ) -> RunReport:
        """Return the report of the campaign; `entries` are read unless they are given."""
        return await make_report(
            self.ledger,
            run=self.run,
            campaign=self.campaign,
            budget=self.budget,
            scope=ReportScope(
                jobs=state.jobs,
                asked=state.asked,
                entries=entries,
                results=self._results(state),
                objects=self.objects,
            ),
            verdicts=await self.ledger.all_verdicts(self.campaign.slug),
            checks=self.kept_checks.known,
            ad_files=manifest_rows(ad_files, objects=self.objects),
            scratch=self.output,
        )

    def _results(self, state: CampaignState) -> Mapping[JobKey, Sequence[CheckResult]]:
        """Return the results of the campaign's checks of images."""
        if self.checks is None or not self.checks.rules:
            return {}
        stages = [[job for job in state.jobs if job.at.stage is stage] for stage in Stage]
        found = [self.checks.of_images(jobs, state.entries) for jobs in stages]
        return {key: results for one in found for key, results in one.items()}

    @asynccontextmanager
    async def checkpoints(self, state: CampaignState) -> AsyncIterator[None]:
        """Write the manifest every half minute while inside, or less often if that takes long."""
        task = asyncio.create_task(self._keep_fresh(state))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _keep_fresh(self, state: CampaignState) -> None:
        pause = CHECKPOINT_EVERY
        while True:
            await asyncio.sleep(pause)
            begun = time.monotonic()
            with contextlib.suppress(LocalFault), expected_errors():
                await self.write(state)  # a disk that is full for a while: the next one is tried
            pause = max(CHECKPOINT_EVERY, CHECKPOINT_SHARE * (time.monotonic() - begun))
