"""The one way a verdict is given, from the shell, from the page, or by what can be measured."""

import asyncio
from collections.abc import Sequence

from pipeline.campaign.cell_globs import matching_cells
from pipeline.errors import UsageError
from pipeline.ledger.base import Ledger, StaleVerdict
from pipeline.model.campaign import Slug
from pipeline.model.job import Job, keys_of
from pipeline.model.verdict import Verdict
from pipeline.review.binding import UnboundVerdict, bind
from pipeline.state.lookup import Entries, by_cell
from pipeline.state.picks import Newest

_NAMED = 10
"""Refusals that are named one by one."""


async def decide_cells(
    ledger: Ledger,
    campaign: Slug,
    drafts: Sequence[Job],
    *,
    glob: str,
    opinion: UnboundVerdict,
) -> tuple[Verdict, ...]:
    """Decide on every cell that a glob names: all of them, or none where one cannot be.

    `drafts` are the jobs that are looked at now: the drafts, or the finals, of one campaign, in
    the rounds of `shown_rounds`. A cell that already says exactly this is left as it is.
    Raises `UsageError` where nothing matches, where an approval has no stored image or needs a
    take, and where somebody else decided on a cell in the same moment.
    """
    cells = by_cell(drafts)
    names = matching_cells(cells, glob)
    wanted = [job for name in names for job in cells[name]]
    entries = await ledger.entries(keys_of(wanted))
    newest = await ledger.verdicts(campaign)
    bound = _bind_all([cells[name] for name in names], opinion, entries)
    results = await _record(ledger, campaign, bound, newest)
    beaten = [result for result in results if isinstance(result, StaleVerdict)]
    if beaten:
        who = beaten[0].newest.by if beaten[0].newest is not None else "somebody"
        raise UsageError(
            f"{who} decided on {len(beaten)} of these cells in the same moment; "
            "look again, then repeat the command"
        )
    return tuple(result for result in results if isinstance(result, Verdict))


def _bind_all(
    cells: Sequence[Sequence[Job]], opinion: UnboundVerdict, entries: Entries
) -> tuple[Verdict, ...]:
    bound: list[Verdict] = []
    refused: list[str] = []
    for jobs in cells:
        try:
            bound.append(bind(opinion, jobs, entries))
        except UsageError as refusal:
            refused.append(str(refusal))
    if refused:
        more = f"\n… and {len(refused) - _NAMED} more" if len(refused) > _NAMED else ""
        raise UsageError("\n".join(refused[:_NAMED]) + more)
    return tuple(bound)


async def _record(
    ledger: Ledger, campaign: Slug, verdicts: Sequence[Verdict], newest: Newest
) -> list[Verdict | StaleVerdict]:
    async def one(verdict: Verdict) -> Verdict | StaleVerdict:
        before = newest.get((verdict.cell, verdict.stage))
        if before is not None and same_word(before, verdict):
            return before
        base = before.revision if before is not None else 0
        try:
            return await ledger.decide(verdict, campaign=campaign, base=base)
        except StaleVerdict as stale:
            return stale

    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(one(verdict)) for verdict in verdicts]
    return [task.result() for task in asked]


def same_word(before: Verdict, after: Verdict) -> bool:
    """Whether two verdicts say the same about the same image, whoever gave them."""

    def word(verdict: Verdict) -> tuple[object, ...]:
        return (verdict.decision, verdict.job, verdict.sha256, verdict.note)

    return word(before) == word(after)
