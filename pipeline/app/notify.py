"""Telling a webhook how a run ended; a failed notification never changes the ending."""

import os
from collections.abc import Callable, Mapping

import aiohttp

from pipeline.app.manifest_writer import ManifestWriter
from pipeline.campaign.campaign_settings import fill_environment
from pipeline.model.campaign import Campaign, Notice
from pipeline.model.outcome import Status
from pipeline.reports.run_report import RunReport

PATIENCE = aiohttp.ClientTimeout(total=10)
BUDGET, DONE = 4, 0
STOPPED = frozenset({1, 6, 7, 74, 130, 143})


def endings(code: int, *, waiting: int) -> frozenset[str]:
    """The words of `notify.when` that apply to a run."""
    words = {"always"}
    if code == DONE:
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
    """Post the content to every webhook that wants to hear of this ending."""
    for notice in campaign.notices:
        if words & set(notice.when):
            await _post(notice, content, tell)


async def _post(notice: Notice, content: Mapping[str, object], tell: Callable[[str], None]) -> None:
    try:
        url = fill_environment(notice.webhook, os.environ)
        async with (
            aiohttp.ClientSession(timeout=PATIENCE) as session,
            session.post(url, json=dict(content), allow_redirects=False) as reply,
        ):
            if reply.status >= 400:  # noqa: PLR2004 - where HTTP's refusals begin
                tell(f"notify: the webhook answered HTTP {reply.status}")
    except KeyError as missing:
        tell(f"notify: the variable {missing.args[0]} is not set")
    except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
        # the URL is a secret as often as not, so only the kind of failure is told
        tell(f"notify: the webhook could not be reached ({type(error).__name__})")


def summary(
    manifest_writer: ManifestWriter, account: RunReport | None, *, code: int
) -> dict[str, object]:
    """A run in a few plain values, for a webhook; `text` is what chat services show."""
    totals = account.totals if account else None
    stored = totals.counts.get(Status.STORED, 0) if totals else 0
    jobs = totals.jobs if totals else 0
    spent = totals.spent if totals else None
    return {
        "text": f"{manifest_writer.campaign.slug}: {stored} of {jobs} images stored, exit {code}",
        "campaign": manifest_writer.campaign.slug,
        "run": manifest_writer.run.id,
        "exit_code": code,
        "stored": stored,
        "jobs": jobs,
        "credits": {
            "confirmed": spent.confirmed if spent else None,
            "in_doubt": spent.in_doubt if spent else None,
            "this_run": totals.this_run if totals else None,
        },
    }
