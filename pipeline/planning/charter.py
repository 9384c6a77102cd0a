"""The campaign as a value: what a run needs to know besides its jobs."""

from collections.abc import Mapping

from pipeline.model.campaign import Campaign, FailureLimit, Notice, Pace, Slug
from pipeline.model.credits import Budget, Credits
from pipeline.model.provider import ProfileName
from pipeline.model.request import Background
from pipeline.planning.grammar.campaign_file import CampaignFile
from pipeline.planning.variants import stage_settings


def charter(
    file: CampaignFile,
    *,
    shown: str,
    sha256: str,
    provider: ProfileName,
    feeds: Mapping[str, str],
) -> Campaign:
    """The checked file as a `Campaign`."""
    return Campaign(
        slug=Slug(file.campaign),
        file=shown,
        sha256=sha256,
        provider=provider,
        stages=stage_settings(file),
        budget=Budget(
            run=_credits(file.budget.run),
            campaign=_credits(file.budget.campaign),
            month=_credits(file.budget.month),
        ),
        pace=_pace(file),
        background=Background(file.background),
        tags=dict(file.tags),
        feeds=dict(feeds),
        notices=tuple(
            Notice(when=tuple(notice.when), webhook=notice.webhook) for notice in file.notify
        ),
    )


def _credits(amount: int | None) -> Credits | None:
    return None if amount is None else Credits(amount)


def _pace(file: CampaignFile) -> Pace:
    run = file.run
    limit = FailureLimit()
    if isinstance(run.max_failures, int):
        limit = FailureLimit(count=run.max_failures)
    elif run.max_failures is not None:
        limit = FailureLimit(share=float(run.max_failures.rstrip(" %")) / 100)
    rate = run.images_per_minute
    return Pace(
        concurrency=run.concurrency,
        images_per_minute=None if rate is None else float(rate),
        failures=limit,
    )
