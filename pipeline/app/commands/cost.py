"""What was spent over the campaigns of an output folder.

Loader, HTTP client and event loop are not imported, so that the command starts fast.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.app.named_campaign import campaign_in
from pipeline.app.open import ledger_in, require_ledger, run_reading
from pipeline.model.names import Slug
from pipeline.providers.names import EMBEDDED_ACCOUNT
from pipeline.reports.cost import CostRow, CostSource, cost_rows, reused_images
from pipeline.state.output.run_folders import money_of, tags_of, takes_before_rerolls


@dataclass(frozen=True, kw_only=True, slots=True)
class CostOptions:
    """Whose cost is shown, of which time, and how it is divided."""

    files: tuple[Path, ...] = ()
    """Campaign files; none: all campaigns of the output folder."""
    by: tuple[str, ...] = ("campaign",)
    since: str = ""
    """ISO 8601, UTC; empty: from the beginning."""
    until: str = ""
    """Before this time; empty: until now."""


def read_cost(options: CostOptions, output: Path) -> Sequence[CostRow]:
    """Return what was spent, from the ledger; `UsageError` for an unknown way to divide it."""
    require_ledger(output)
    only = {campaign_in(output, file) for file in options.files}
    sources = run_reading(_sources(output, only))
    return cost_rows(
        sources, by=options.by, since=options.since, until=options.until, play=EMBEDDED_ACCOUNT
    )


async def _sources(output: Path, only: set[Slug]) -> list[CostSource]:
    sources = []
    async with ledger_in(output, read_only=True) as ledger:
        for campaign in sorted({run.campaign for run in await ledger.runs()}):
            if only and campaign not in only:
                continue
            purchases = await ledger.purchases(campaign)
            accounts = {one.account for one in purchases}
            source = CostSource(
                purchases=purchases,
                reused=[*reused_images(await ledger.record(campaign))],
                takes=takes_before_rerolls(output, campaign),
                tags=tags_of(output, campaign),
                money={account: money_of(output, campaign, account) for account in accounts},
            )
            sources.append(source)
    return sources
