"""How a run ends: its exit code, and the webhooks that are notified.

A failed notification never changes the exit code.
"""

import os
from collections.abc import Callable, Mapping

import aiohttp

from pipeline.app.run.manifest_writer import ManifestWriter
from pipeline.campaign.environment import fill_environment
from pipeline.errors import BudgetReached, Interrupted, PipelineError, RunHangs, UsageError
from pipeline.model.campaign import Campaign, Notice
from pipeline.model.outcome import Status
from pipeline.network.exact_urls import exact_url
from pipeline.purchasing.events import BuyingHalted
from pipeline.reports.run_report import RunReport

PRECEDENCE = (1, 130, 143, 74, 7, 6, 4, 3, 5, 0)
"""If several exit codes apply, the first of these wins."""

UNFINISHED = (Status.FAILED, Status.REFUSED, Status.PAID_LOST, Status.PENDING_DOWNLOAD)

PATIENCE = aiohttp.ClientTimeout(total=10)
BUDGET, REVIEW, DONE = 4, 5, 0
STOPPED = frozenset({1, 6, 7, 74, 130, 143})


def exit_code(
    counts: Mapping[Status, int],
    *,
    reason: PipelineError | None,
    waiting: bool = False,
    unmade: bool = False,
    doubtful: bool = False,
) -> int:
    """Return the exit code of a run with these statuses.

    `reason` is why it stopped early, `None` if it did not. `waiting`: drafts wait for review, and
    the caller wants a separate exit code for that. `doubtful`: something of the cost of
    an image is in doubt, whatever its status.
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


def halting_event(reason: PipelineError) -> BuyingHalted:
    """Return the event of a run that stops buying, with the exit code of its reason."""
    code = reason.ends_with if isinstance(reason, Interrupted) else reason.exit_code
    budget = isinstance(reason, BudgetReached)
    return BuyingHalted(reason=str(reason), exit_code=code, budget=budget)


def endings(code: int, *, waiting: int) -> frozenset[str]:
    """Return the words of `notify.when` that apply to a run.

    A run that ends with 5 is done too: drafts wait for review.
    """
    words = {"always"}
    if code in (DONE, REVIEW):
        words.add("done")
    elif code == BUDGET:
        words.add("budget")
    else:
        words.add("stopped" if code in STOPPED else "failed")
    if waiting:
        words.add("review")
    return frozenset(words)


async def notify(
    campaign: Campaign,
    content: Mapping[str, object],
    *,
    words: frozenset[str],
    tell: Callable[[str], None],
) -> None:
    """Post the content to every webhook that is registered for one of these words."""
    for notice in campaign.notices:
        if words & set(notice.when):
            await _post(notice, content, tell)


async def notify_overlap(campaign: Campaign, hangs: RunHangs) -> None:
    """Notify the webhooks for stopped runs of a run that hangs."""
    content = {
        "text": f"{campaign.slug}: {hangs}",
        "campaign": campaign.slug,
        "exit_code": hangs.exit_code,
    }
    words = frozenset({"always", "stopped"})
    await notify(campaign, content, words=words, tell=lambda _words: None)


async def _post(notice: Notice, content: Mapping[str, object], tell: Callable[[str], None]) -> None:
    try:
        url = fill_environment(notice.webhook, os.environ)
        async with (
            aiohttp.ClientSession(timeout=PATIENCE) as session,
            session.post(exact_url(url), json=dict(content), allow_redirects=False) as reply,
        ):
            if reply.status >= 400:  # noqa: PLR2004 - where HTTP's refusals begin
                tell(f"notify: the webhook answered HTTP {reply.status}")
    except UsageError as error:
        tell(f"notify: the webhook was not called: {error}")
    except KeyError as missing:
        tell(f"notify: the variable {missing.args[0]} is not set")
    except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
        # the URL is often a secret, so the message names only the kind of failure
        tell(f"notify: the webhook could not be reached ({type(error).__name__})")


def summary(
    manifest_writer: ManifestWriter, report: RunReport | None, *, code: int
) -> dict[str, object]:
    """Return a summary of a run for a webhook; `text` is what chat services show."""
    totals = report.totals if report else None
    stored = totals.counts.get(Status.STORED, 0) if totals else 0
    jobs = totals.jobs if totals else 0
    spent = totals.spent if totals else None
    money = manifest_writer.campaign.money
    return {
        "text": f"{manifest_writer.campaign.slug}: {stored} of {jobs} images stored, exit {code}",
        "campaign": manifest_writer.campaign.slug,
        "run": manifest_writer.run.id,
        "exit_code": code,
        "stored": stored,
        "jobs": jobs,
        "spent": money.text(spent.confirmed) if spent else None,
        money.unit.field: {
            "confirmed": spent.confirmed if spent else None,
            "in_doubt": spent.in_doubt if spent else None,
            "this_run": totals.this_run if totals else None,
        },
    }
