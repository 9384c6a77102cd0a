"""One run: open everything, run the workflow, write the report, end with the right exit code."""

import asyncio
import gc
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

from pipeline.app.campaign import (
    budget_for,
    keep_balance,
    new_run,
    open_campaign_account,
    signing_for,
)
from pipeline.app.console import Console, RunStart
from pipeline.app.machine import listen_for_signals, undo_cancellation, within_descriptors
from pipeline.app.notices import notify_of_run
from pipeline.app.open import campaign_ledger
from pipeline.app.open_executor import executor_for
from pipeline.app.options import RunOptions, limit_given
from pipeline.app.run.ad_files import (
    AdFileMaker,
    AdFileReport,
    ad_file_maker,
    examine_stage,
    failing_finals,
    make_ad_files,
)
from pipeline.app.run.assembly import RunParts, assemble, has_work
from pipeline.app.run.endings import exit_code, halting_event, is_finished, run_ending
from pipeline.app.run.manifest_writer import ManifestWriter
from pipeline.app.run.rendering import what_is_asked
from pipeline.app.run.spending import confirm_spending
from pipeline.app.run.watchdog import stop_later, watchdog_for
from pipeline.app.run.workflow import RunContext, RunScope, keep_shared, run_campaign
from pipeline.app.stores.uploads import (
    Uploader,
    UploadReport,
    begin_uploads,
    files_of,
    objects_of,
    uploader_for,
)
from pipeline.campaign.loading import LoadedCampaign
from pipeline.errors import LocalFault
from pipeline.files.unwritable import refuse_unwritable
from pipeline.images.base import ImageStore
from pipeline.images.registry import images_in
from pipeline.ledger.base import Ledger
from pipeline.ledger.garbage_collection import collection_paused
from pipeline.model.coordination import WHOLE
from pipeline.model.names import Stage
from pipeline.providers.base import Provider
from pipeline.purchasing.downloading import path_of
from pipeline.purchasing.events import Watcher, Watchers
from pipeline.purchasing.halt import Halt, HaltSharing
from pipeline.purchasing.inspecting import ImageInspector
from pipeline.purchasing.worker_pool import Waits
from pipeline.reports.journal import Journal
from pipeline.reports.run_report import NAMED
from pipeline.settings import Settings
from pipeline.state.campaign_state import CampaignState
from pipeline.state.checks.results import open_checks
from pipeline.state.due import Rules, rules_now
from pipeline.state.output.ad_files import makes_ad_files
from pipeline.state.output.folder import open_log
from pipeline.state.output.kept_checks import read_kept_checks
from pipeline.state.output.unchanged import Fingerprint, remember_unchanged
from pipeline.state.saved_plans import hold_to_plan, plan_id
from pipeline.state.survey import survey
from pipeline.state.work_ahead import WorkAhead, work_ahead
from pipeline.system_errors import expected_errors


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """The options and the open resources of one run."""

    options: RunOptions
    settings: Settings
    console: Console
    loaded: LoadedCampaign
    output: Path
    ledger: Ledger
    images: ImageStore
    inspector: ImageInspector
    manifest_writer: ManifestWriter
    scope: RunScope
    halt: Halt
    waits: Waits
    ad_files: AdFileMaker
    found: Fingerprint | None
    uploader: Uploader | None
    """`None` if the campaign has no object store."""


async def render_session(
    options: RunOptions,
    settings: Settings,
    loaded: LoadedCampaign,
    *,
    console: Console,
    output: Path,
    besides: int = 0,
    found: Fingerprint | None = None,
) -> int:
    """Render a campaign whose lock the caller holds; return the exit code.

    `besides`: files that this process may open for something else. `found`: the disk before it.
    """
    campaign, slug, alone = loaded.campaign, loaded.campaign.slug, options.shard == WHOLE
    settings = within_descriptors(settings, tell=console.warn, besides=besides)
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(campaign_ledger(output, slug, settles=alone))
        images = images_in(output)
        executor = executor_for(settings, images, tell=console.note)
        inspector = ImageInspector(
            images=images,
            executor=await stack.enter_async_context(executor),
            kept=read_kept_checks(output, slug),
        )
        halt, checks = Halt(), open_checks(loaded, output)
        stages = frozenset(Stage) if options.stage is None else {options.stage}
        uploader = uploader_for(loaded, output=output, images=images, halt=halt)
        manifest_writer = ManifestWriter(
            ledger=ledger,
            run=new_run(campaign, settings),
            campaign=campaign,
            budget=budget_for(campaign, loaded.profile, options, settings).among(options.shard.of),
            output=output,
            kept_checks=inspector.kept,
            checks=checks,
            arguments=options.command_line,
            stages=sorted(stages & set(campaign.stages)),
            objects=objects_of(loaded, images, uploader),
        )
        session = Session(
            options=options,
            settings=settings,
            console=console,
            loaded=loaded,
            output=output,
            ledger=ledger,
            images=images,
            inspector=inspector,
            manifest_writer=manifest_writer,
            scope=RunScope(stages=frozenset(stages), only=options.only, shard=options.shard),
            halt=halt,
            waits=Waits(),
            ad_files=await ad_file_maker(
                stack, loaded, inspector, checks, signing=signing_for(loaded, settings), halt=halt
            ),
            found=found,
            uploader=uploader,
        )
        return await _session(session, stack)


async def _session(session: Session, stack: AsyncExitStack) -> int:
    """Ask for confirmation, open what is needed, render, and return the exit code."""
    options, campaign = session.options, session.loaded.campaign
    rules = rules_now(
        session.loaded.profile.caps,
        images=session.images,
        retry_failed=options.retry_failed,
        rebuy_lost=options.rebuy_lost,
    )
    with collection_paused():
        before = await _survey_examined(session)
        gc.freeze()  # the campaign lives as long as the run, and is no garbage
        stack.callback(gc.unfreeze)
    stages = [stage for stage in Stage if stage in session.scope.stages]
    ahead = [work_ahead(before.of(stage), before.entries, rules) for stage in stages]
    if options.plan is not None:
        planned = [work_ahead(before.of(one), before.entries, rules) for one in campaign.stages]
        actual = plan_id(campaign.sha256, campaign.provider, planned)
        hold_to_plan(session.output, campaign.slug, asked=options.plan, actual=actual)
    paths = (path_of(job) for stage in ahead for job in chain(stage.to_buy, stage.to_fetch))
    refuse_unwritable(session.output, paths)
    await confirm_spending(
        session.manifest_writer, session.loaded, before, ahead, console=session.console
    )
    await begin_uploads(session.uploader, session.images, stack, state=before, ahead=ahead)
    provider = await _provider_for(session, stack, before, ahead)
    await session.images.sweep(campaign.slug)
    settled = await session.manifest_writer.begin(session.scope.shard)
    if await keep_shared(session.ledger, before) or settled:
        before = await _survey(session)
    if settled and provider is None:  # a dead run sealed a reply, and stored no image
        ahead = [work_ahead(before.of(stage), before.entries, rules) for stage in stages]
        provider = await _provider_for(session, stack, before, ahead)
    session.manifest_writer.open_folder()
    journal = _journal(session, stack)
    uploading = filter(None, [session.uploader])
    watcher = Watchers(watchers=(session.console.watcher, journal, *uploading))
    _listen_for_halts(session, stack, watcher)
    journal.write("start", version=1, run=session.manifest_writer.run.id, campaign=campaign.slug)
    session.console.started(
        RunStart(
            campaign=campaign,
            warnings=session.loaded.warnings,
            run=session.manifest_writer.run,
            budget=session.manifest_writer.budget,
            concurrency=session.settings.rendering.concurrency,
            limit=limit_given(options),
        )
    )
    work = None
    if provider is not None:
        work = _assembled(session, provider, watcher, rules=rules, ahead=ahead)
    del ahead  # each stage lists anew what is due, which may be a million images
    code = await _render(session, work, before)
    journal.write("done", exit_code=code)
    journal.flush()
    return code


def _listen_for_halts(session: Session, stack: AsyncExitStack, watcher: Watcher) -> None:
    sharing = HaltSharing(
        session.ledger,
        run=session.manifest_writer.run.id,
        listen=lambda reason: watcher.happened(halting_event(reason)),
    )
    stack.push_async_callback(sharing.finish)
    session.halt.on_halt(sharing.happened)


async def _provider_for(
    session: Session, stack: AsyncExitStack, state: CampaignState, ahead: Sequence[WorkAhead]
) -> Provider | None:
    """Connect to the provider and record its balance, unless there is nothing for it to do."""
    tickets = await session.manifest_writer.open_tickets()
    if not has_work(session.loaded, state, ahead, tickets):
        return None
    output, campaign = session.output, session.loaded.campaign
    account = open_campaign_account(campaign, session.settings, output=output)
    provider = await stack.enter_async_context(account)
    await keep_balance(session.ledger, provider, output=output)
    return provider


async def _survey(session: Session) -> CampaignState:
    return await survey(
        session.ledger,
        session.loaded,
        only=session.scope.only,
        shard=session.scope.shard,
        checks=session.ad_files.checks,
    )


async def _survey_examined(session: Session) -> CampaignState:
    """Return the state with the re-rolls of images that an earlier run left unexamined."""
    state = await _survey(session)
    if not session.ad_files.checks.rerolls:
        return state
    for stage in Stage:
        await examine_stage(session.loaded, session.ad_files, stage, state)
    return await _survey(session)


def _journal(session: Session, stack: AsyncExitStack) -> Journal:
    log = stack.enter_context(open_log(session.output, session.manifest_writer.paths.log))
    return Journal(log, *session.console.journal)


def _assembled(
    session: Session,
    provider: Provider,
    watcher: Watcher,
    *,
    rules: Rules,
    ahead: Sequence[WorkAhead],
) -> RunContext:
    return assemble(
        RunParts(
            run=session.manifest_writer.run,
            loaded=session.loaded,
            budget=session.manifest_writer.budget,
            ledger=session.ledger,
            provider=provider,
            output=session.output,
            images=session.images,
            settings=session.settings.rendering,
            inspector=session.inspector,
            watcher=watcher,
            halt=session.halt,
            rules=rules,
            waits=session.waits,
            checks=session.ad_files.checks,
            examine=partial(examine_stage, session.loaded, session.ad_files),
            shard=session.scope.shard,
            due=sum(len(stage.to_buy) for stage in ahead),
        )
    )


async def _render(session: Session, work: RunContext | None, before: CampaignState) -> int:
    manifest_writer, halt = session.manifest_writer, session.halt
    if work is None:
        return await _end(session, before)
    await manifest_writer.write(before)
    state = before
    try:
        drain, tell = session.settings.rendering.drain, session.console.note
        watchdog = watchdog_for(
            manifest_writer, session.waits, halt, listen=work.watcher.happened, tell=tell
        )
        with listen_for_signals(halt, drain=drain, tell=tell):
            timer = stop_later(halt, session.options.stop_after)
            async with manifest_writer.checkpoints(before), watchdog.watching():
                with expected_errors():
                    state = await run_campaign(work, session.scope)
            if timer is not None:
                timer.cancel()
    except asyncio.CancelledError:
        if not halt:
            raise
        undo_cancellation()
    except LocalFault as fault:
        halt.because(fault)
    return await _end(session, state)


async def _finish_files(
    session: Session, state: CampaignState
) -> tuple[AdFileReport | None, UploadReport | None]:
    """Make ad files and upload what is missing, until a signal or a failing disk ends that."""
    ad_files, uploads = None, None
    drain = session.settings.rendering.drain
    with listen_for_signals(session.halt, drain=drain, tell=session.console.note):
        if makes_ad_files(session.loaded):
            ad_files = await make_ad_files(session.loaded, state, session.ad_files)
        else:
            await session.ad_files.examiner.examine(state.finals, state.entries)
        if session.uploader is not None:
            uploads = await session.uploader.finish(files_of(state, ad_files))
    return ad_files, uploads


async def _end(session: Session, state: CampaignState) -> int:
    """Write the report, notify, and return the exit code, even if the disk has failed."""
    manifest_writer, halt, options = session.manifest_writer, session.halt, session.options
    report = ad_files = uploads = None
    try:
        with expected_errors():
            if halt.reason is not None:
                state = await _survey(session)
            ad_files, uploads = await _finish_files(session, state)
            report = await manifest_writer.report_on(state, state.entries, ad_files=ad_files)
    except LocalFault as fault:
        halt.because(fault)
    counts = report.asked if report else {}
    failing = failing_finals(session.ad_files.checks, state) if ad_files is None else []
    for miss in failing[:NAMED]:
        session.console.note(f"failed a check: {miss}")
    unmade = ad_files is not None and bool(ad_files.failed or [*ad_files.failing])
    later = state.waiting or (report and report.tickets)
    facts = {
        "waiting": bool(later) and options.detailed_exitcode,
        "unmade": unmade or bool(failing) or bool(uploads and uploads.refused),
        "doubtful": report is not None and report.is_doubtful,
    }
    code = exit_code(counts, reason=halt.reason, **facts)
    try:
        with expected_errors():
            if report is not None:
                await manifest_writer.put(report, exit_code=code)
                await manifest_writer.finish(session.loaded, report, state)
            await session.ledger.end(manifest_writer.run.id, exit_code=code)
    except LocalFault as fault:
        halt.because(fault)
        code = exit_code(counts, reason=halt.reason, **facts)
    if report is not None and is_finished(options, report, state, code=code):
        remember_unchanged(
            session.output,
            session.loaded.campaign.slug,
            run=manifest_writer.run.id,
            seen=what_is_asked(options, session.settings, session.loaded),
            found=session.found,
            images=report.totals.jobs,
        )
    ending = run_ending(
        options,
        report,
        ad_files,
        state,
        facts=manifest_writer.facts(exit_code=code),
        folder=manifest_writer.output / manifest_writer.paths.folder,
        uploads=uploads,
        reason=halt.reason,
        code=code,
    )
    await notify_of_run(ending, tell=session.console.note)
    session.console.ended(ending)
    return code
