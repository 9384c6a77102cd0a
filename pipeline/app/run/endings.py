"""How a run ends: its exit code, and the words for it."""

from collections.abc import Mapping
from pathlib import Path

from pipeline.app.console import RunEnding
from pipeline.app.next_steps import steps_onward
from pipeline.app.options import RunOptions, next_step
from pipeline.app.run.ad_files import AdFileReport
from pipeline.app.stores.uploads import UploadReport
from pipeline.errors import BudgetReached, Interrupted, PipelineError
from pipeline.model.names import Stage
from pipeline.model.outcome import Status
from pipeline.purchasing.events import BuyingHalted
from pipeline.reports.run_manifest import RunFacts
from pipeline.reports.run_report import RunReport
from pipeline.state.campaign_state import CampaignState

PRECEDENCE = (1, 130, 143, 74, 75, 7, 6, 4, 3, 5, 0)
"""If several exit codes apply, the first of these wins."""

UNFINISHED = (Status.FAILED, Status.REFUSED, Status.PAID_LOST, Status.PENDING_DOWNLOAD)

BUDGET, REVIEW, DOUBT, DONE = 4, 5, 6, 0
IN_WORDS = {
    0: "everything that was asked for is done",
    1: "a bug; the ledger has what was paid for",
    2: "nothing was sent: something is missing or wrong",
    3: "finished, but some images are failed, refused, lost or not yet downloaded",
    4: "stopped at a budget or at --stop-after",
    5: "drafts wait for review, or ordered images are being made",
    6: "something is in doubt, or too many requests in a row were",
    7: "the provider stopped the run: key refused, no credits left, or unreachable",
    74: "an error of the disk, a file or the ledger; buying stopped",
    75: "another run of the campaign is active, or took the place of this one",
    130: "interrupted; images in flight were kept",
    143: "ended by a signal; images in flight were kept",
}
"""What each exit code means."""
STOPPED = frozenset({1, 6, 7, 74, 75, 130, 143})


def exit_code(
    counts: Mapping[Status, int],
    *,
    reason: PipelineError | None,
    waiting: bool = False,
    unmade: bool = False,
    doubtful: bool = False,
) -> int:
    """Return the exit code of a run with these statuses.

    `reason` is why it stopped early, `None` if it did not. `waiting`: drafts wait for review, or
    ordered images are being made, and the caller wants a separate exit code for that. `doubtful`:
    something of the cost of an image is in doubt, whatever its status, or a person has to find out
    whether a batch was ordered.
    """
    applies = {0}
    if isinstance(reason, Interrupted):
        applies.add(reason.ends_with)
    elif reason is not None:
        applies.add(reason.exit_code)
    if counts.get(Status.IN_DOUBT) or doubtful:
        applies.add(6)
    if unmade or any(counts.get(status) for status in UNFINISHED):
        applies.add(3)
    if waiting:
        applies.add(5)
    return min(applies, key=PRECEDENCE.index)


def is_finished(options: RunOptions, report: RunReport, state: CampaignState, *, code: int) -> bool:
    """Return whether the next plain run has nothing to do, as long as nothing changes."""
    return (
        code == 0
        and options.is_plain
        and not report.totals.this_run
        and not report.totals.counts.get(Status.PLANNED)
        and not report.totals.counts.get(Status.ORDERED)
        and not state.waiting
        and not state.stale
    )


def run_ending(
    options: RunOptions,
    report: RunReport | None,
    ad_files: AdFileReport | None,
    state: CampaignState,
    *,
    facts: RunFacts,
    folder: Path,
    uploads: UploadReport | None,
    reason: PipelineError | None,
    code: int,
) -> RunEnding:
    """Return what is known when a run has ended, with the steps that follow."""
    steps = steps_onward(
        options,
        report.asked if report else {},
        state,
        reason=reason,
        doubtful=report is not None and report.is_doubtful,
        to_look_at=ad_files.to_look_at if ad_files is not None else (),
        ordered=bool(report and report.tickets),
    )
    finals = report.totals.by["stage"].get(Stage.FINAL) if report else None
    if code == DONE and not steps and finals and finals["stored"]:
        to = f"{facts.campaign.slug}.zip"
        steps = [("Next", next_step(options, "export", "--to", to))]
    return RunEnding(
        options=options,
        facts=facts,
        folder=folder,
        report=report,
        ad_files=ad_files,
        uploads=uploads,
        stale=state.stale,
        waiting=len(state.waiting),
        tickets=report.tickets if report else (),
        steps=steps,
        reason=reason,
        code=code,
    )


def halting_event(reason: PipelineError) -> BuyingHalted:
    """Return the event of a run that stops buying, with the exit code of its reason."""
    code = reason.ends_with if isinstance(reason, Interrupted) else reason.exit_code
    budget = isinstance(reason, BudgetReached)
    return BuyingHalted(reason=str(reason), exit_code=code, budget=budget)


def endings(code: int, *, waiting: int, doubtful: bool = False) -> frozenset[str]:
    """Return the words of `notify.when` that apply to a run.

    A run that ends with 5 is done too: drafts wait for review.
    """
    words = {"always"}
    if doubtful or code == DOUBT:
        words.add("doubt")
    if code in (DONE, REVIEW):
        words.add("done")
    elif code == BUDGET:
        words.add("budget")
    else:
        words.add("stopped" if code in STOPPED else "failed")
    if waiting:
        words.add("review")
    return frozenset(words)
