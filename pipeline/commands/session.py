"""One rendering session: open everything, run the workflow, write the account, say the ending."""

import argparse
import asyncio
import gc
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pipeline.artifacts.store import ArtifactStore
from pipeline.commands.accounts import account_of, budget_for
from pipeline.commands.assembly import Parts, assemble, rules_now
from pipeline.commands.bookkeeping import Bookkeeper
from pipeline.commands.descriptors import allowed_concurrency
from pipeline.commands.inspector import Inspector
from pipeline.commands.notifying import endings, notify
from pipeline.commands.opening import open_account
from pipeline.commands.progress import watcher_for
from pipeline.commands.rendering import is_plain, what_is_asked
from pipeline.commands.sheets import sheet_work, write_run_sheet
from pipeline.commands.signals import listen_for_signals
from pipeline.commands.telling import (
    confirm_spending,
    summary,
    tell_ending,
    tell_findings,
    tell_start,
)
from pipeline.commands.terminal import say
from pipeline.commands.weighing import keep_balance
from pipeline.errors import Interrupted, LocalFault, PipelineError, TimeIsUp, UsageError
from pipeline.ledger.base import Ledger
from pipeline.ledger.collecting import uncollected
from pipeline.ledger.registry import open_ledger
from pipeline.model.campaign import Review, Stage
from pipeline.model.outcome import Status
from pipeline.model.run import Run
from pipeline.planning.blueprint import Blueprint
from pipeline.providers.base import Provider
from pipeline.rendering.events import Halting
from pipeline.rendering.halt import Halt
from pipeline.runs.accounting import Account
from pipeline.runs.due import Rules
from pipeline.runs.ending import exit_code
from pipeline.runs.folder import LEDGER, new_run_id
from pipeline.runs.forecast import Forecast, forecast
from pipeline.runs.journal import Journal
from pipeline.runs.losses import forgotten
from pipeline.runs.plans import hold_to_plan, plan_id
from pipeline.runs.settled import Sight, remember
from pipeline.runs.watching import Watcher, Watchers
from pipeline.settings import Settings
from pipeline.workflow import Standing, Wish, Work, run_campaign, survey


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """What one invocation was asked, and what it has opened."""

    arguments: argparse.Namespace
    settings: Settings
    blueprint: Blueprint
    output: Path
    ledger: Ledger
    inspector: Inspector
    books: Bookkeeper
    wish: Wish
    halt: Halt
    own_signals: bool
    sight: Sight | None


async def render_session(
    arguments: argparse.Namespace,
    settings: Settings,
    blueprint: Blueprint,
    *,
    output: Path,
    own_signals: bool = True,
    sight: Sight | None = None,
) -> int:
    """Render a campaign whose lock the caller holds; returns the exit code.

    `own_signals`: the first SIGINT or SIGTERM drains this session. A server that renders on
    behalf of a page keeps its signals for itself. `sight`: what was seen before anything was read,
    for the next run to go by.
    """
    campaign = blueprint.campaign
    wanted = settings.rendering.concurrency
    allowed = allowed_concurrency(wanted)
    if allowed < wanted:
        if arguments.log == "text":
            say(f"warning: {allowed} requests at once instead of {wanted}: see ulimit -n")
        settings = replace(settings, rendering=replace(settings.rendering, concurrency=allowed))
    async with AsyncExitStack() as stack:
        ledger = await open_ledger(output / LEDGER)
        stack.push_async_callback(ledger.close)
        inspector = await stack.enter_async_context(Inspector(output, campaign.slug))
        stages = frozenset(Stage) if arguments.stage is None else {Stage(arguments.stage)}
        books = Bookkeeper(
            ledger=ledger,
            run=Run(
                id=new_run_id(datetime.now(UTC)),
                campaign=campaign.slug,
                account=account_of(campaign, settings),
            ),
            campaign=campaign,
            budget=budget_for(
                campaign,
                blueprint.profile,
                max_credits=arguments.max_credits,
                default_run=settings.rendering.default_run_budget,
            ),
            output=output,
            inspector=inspector,
            arguments=sys.argv[1:],
            stages=sorted(stages & set(campaign.stages)),
        )
        session = Session(
            arguments=arguments,
            settings=settings,
            blueprint=blueprint,
            output=output,
            ledger=ledger,
            inspector=inspector,
            books=books,
            wish=Wish(stages=frozenset(stages), only=tuple(arguments.only)),
            halt=Halt(),
            own_signals=own_signals,
            sight=sight,
        )
        return await _session(session, stack)


async def _session(session: Session, stack: AsyncExitStack) -> int:
    """Ask, open what is needed, render, and leave with the right exit code."""
    arguments, campaign = session.arguments, session.blueprint.campaign
    known = {one.account for one in await session.ledger.runs(campaign.slug)}
    if session.books.run.account not in known:
        lost = forgotten(session.output, campaign.slug, known=known)
        if lost:
            raise UsageError(f"{lost}\nNothing was sent.")
    rules = rules_now(
        session.blueprint,
        output=session.output,
        retry_failed=arguments.retry_failed,
        rebuy_lost=arguments.rebuy_lost,
    )
    with uncollected():
        before = await survey(session.ledger, session.blueprint, only=session.wish.only)
        gc.freeze()  # the campaign stays to the end: nobody need walk over it for garbage
        stack.callback(gc.unfreeze)
    ahead = [forecast(before.of(stage), before.entries, rules) for stage in session.wish.stages]
    if arguments.plan is not None:
        stages = [forecast(before.of(stage), before.entries, rules) for stage in campaign.stages]
        actual = plan_id(campaign.sha256, campaign.provider, stages)
        hold_to_plan(session.output, campaign.slug, asked=arguments.plan, actual=actual)
    confirm_spending(arguments, session.settings, session.blueprint.profile, ahead)
    provider = None
    if has_work(session.blueprint, before, ahead):
        account = open_account(campaign, session.settings.gptimage, output=session.output)
        provider = await stack.enter_async_context(account)
        await keep_balance(session.ledger, provider, output=session.output)
    await ArtifactStore(session.output).sweep(campaign.slug)
    session.books.open_folder()
    log = stack.enter_context(
        (session.output / session.books.paths.log).open("a", encoding="utf-8")
    )
    journal = Journal(log, *([sys.stderr] if arguments.log == "json" else []))
    screen = watcher_for(quiet=arguments.quiet, log=arguments.log)
    watcher = Watchers(watchers=(screen, journal))
    session.halt.on_halt(lambda reason: watcher.happened(_halting(reason)))
    journal.write("start", version=1, run=session.books.run.id, campaign=campaign.slug)
    if not arguments.quiet and arguments.log == "text":
        tell_findings(session.blueprint.warnings)
        tell_start(
            session.blueprint, session.settings, run=session.books.run, budget=session.books.budget
        )
    work = None
    if provider is not None:
        work = _assembled(session, provider, watcher, rules=rules, ahead=ahead)
    code = await _render(session, work, before)
    journal.write("done", exit_code=code)
    journal.flush()
    return code


def has_work(blueprint: Blueprint, standing: Standing, ahead: Sequence[Forecast]) -> bool:
    """Whether the provider is needed at all: a rerun with nothing due opens no connection."""
    draft = blueprint.campaign.stages.get(Stage.DRAFT)
    to_choose = draft is not None and draft.review is Review.AUTO and bool(standing.waiting)
    return to_choose or any(stage.to_buy or stage.to_fetch for stage in ahead)


def _assembled(
    session: Session,
    provider: Provider,
    watcher: Watcher,
    *,
    rules: Rules,
    ahead: Sequence[Forecast],
) -> Work:
    return assemble(
        Parts(
            run=session.books.run,
            blueprint=session.blueprint,
            budget=session.books.budget,
            ledger=session.ledger,
            provider=provider,
            output=session.output,
            settings=session.settings.rendering,
            look=session.inspector,
            watcher=watcher,
            halt=session.halt,
            rules=rules,
            due=sum(len(stage.to_buy) for stage in ahead),
        )
    )


def _halting(reason: PipelineError) -> Halting:
    code = reason.ends_with if isinstance(reason, Interrupted) else reason.exit_code
    return Halting(reason=str(reason), exit_code=code)


async def _render(session: Session, work: Work | None, before: Standing) -> int:
    books, halt = session.books, session.halt
    if work is None:
        if await session.ledger.begin(books.run):
            before = await survey(session.ledger, session.blueprint, only=session.wish.only)
        return await _end(session, before)
    await books.write(before)
    standing = before
    try:
        drain = session.settings.rendering.drain
        with (
            listen_for_signals(halt, drain=drain, tell=_talk(session))
            if session.own_signals
            else (nullcontext())
        ):
            timer = _stop_later(session)
            async with books.checkpoints(before):
                standing = await run_campaign(work, session.wish)
            if timer is not None:
                timer.cancel()
    except asyncio.CancelledError:
        if not halt:
            raise
        _uncancel()
    except LocalFault as fault:
        halt.because(fault)
    return await _end(session, standing)


def _talk(session: Session) -> Callable[[str], None]:
    """Where a person is told; a log of JSON has its own word of every halt."""
    return say if session.arguments.log == "text" else lambda _: None


async def _draw_sheet(session: Session, account: Account, standing: Standing) -> None:
    """A contact sheet beside the manifest, where this run brought something to look at."""
    if not account.totals.this_run:
        return
    books = session.books
    work = await sheet_work(
        session.ledger,
        session.blueprint,
        standing,
        output=session.output,
        run=books.run.id,
    )
    await asyncio.to_thread(write_run_sheet, work, books.paths.folder)


def rests(session: Session, account: Account, standing: Standing, *, code: int) -> bool:
    """Whether the next plain run will find just this, as long as nothing changes."""
    return (
        code == 0
        and is_plain(session.arguments)
        and not account.totals.this_run
        and not account.totals.counts.get(Status.PLANNED)
        and not standing.waiting
        and not standing.stale
    )


def _stop_later(session: Session) -> asyncio.TimerHandle | None:
    seconds: float | None = session.arguments.stop_after
    if seconds is None:
        return None
    loop = asyncio.get_running_loop()
    return loop.call_later(seconds, lambda: session.halt.because(TimeIsUp(seconds=seconds)))


def _uncancel() -> None:
    """The abort was ours: what follows is the orderly end."""
    task = asyncio.current_task()
    while task is not None and task.cancelling():
        task.uncancel()


async def _end(session: Session, standing: Standing) -> int:
    """The account, the exit code, the last words; a disk that is gone cannot keep us from them."""
    books, halt, arguments = session.books, session.halt, session.arguments
    account = None
    try:
        if halt.reason is not None:
            standing = await survey(session.ledger, session.blueprint, only=session.wish.only)
        account = await books.draw_up(standing, entries=standing.entries)
    except LocalFault as fault:
        halt.because(fault)
    counts = account.asked if account else {}
    waiting = bool(standing.waiting) and arguments.detailed_exitcode
    code = exit_code(counts, reason=halt.reason, waiting=waiting)
    try:
        if account is not None:
            await books.put(account, exit_code=code)
            await _draw_sheet(session, account, standing)
        await session.ledger.end(books.run.id, exit_code=code)
    except LocalFault as fault:
        halt.because(fault)
        code = exit_code(counts, reason=halt.reason, waiting=waiting)
    if account is not None and rests(session, account, standing, code=code):
        remember(
            session.output,
            session.blueprint.campaign.slug,
            run=books.run.id,
            seen=what_is_asked(arguments, session.settings, session.blueprint),
            sight=session.sight,
            images=account.totals.jobs,
        )
    words = endings(code, waiting=len(standing.waiting))
    await notify(session.blueprint.campaign, summary(books, account, code=code), words=words)
    tell_ending(
        arguments,
        books=books,
        account=account,
        standing=standing,
        reason=halt.reason,
        code=code,
    )
    return code
