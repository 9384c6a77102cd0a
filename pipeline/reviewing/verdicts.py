"""The one way a verdict is given, from the shell, from the page, or by what can be measured."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from pipeline.errors import UsageError
from pipeline.ledger.base import Ledger, StaleVerdict
from pipeline.model.campaign import CellName, Slug, Stage
from pipeline.model.job import Job, keys_of
from pipeline.model.verdict import Decision, Pick, Round, Verdict
from pipeline.reviewing.binding import Entries, Opinion, artifact_of, bind
from pipeline.reviewing.matching import matching

Newest = Mapping[tuple[CellName, Stage], Verdict]
"""The newest verdict of each cell and stage, as the ledger tells it."""

_FIRST: Mapping[CellName, Round] = MappingProxyType({})

_NAMED = 10
"""Refusals that are named one by one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StaleApproval:
    """An approval that no longer holds, and why; no final is bought on it."""

    cell: CellName
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Picks:
    """What finals may be made from, and which approvals no longer hold."""

    approved: Mapping[CellName, Pick]
    stale: tuple[StaleApproval, ...]
    rounds: Mapping[CellName, Round] = field(default_factory=dict)
    """The round of each cell's final and the notes that it is written with."""


async def decide_cells(
    ledger: Ledger,
    campaign: Slug,
    drafts: Sequence[Job],
    *,
    glob: str,
    opinion: Opinion,
) -> tuple[Verdict, ...]:
    """Decide on every cell that a glob names: all of them, or none where one cannot be.

    `drafts` are the jobs that are looked at now: the drafts, or the finals, of one campaign, in
    the rounds of `shown_rounds`. A cell that already says exactly this is left as it is.
    Raises `UsageError` where nothing matches, where an approval has no stored image or needs a
    take, and where somebody else decided on a cell in the same moment.
    """
    cells = by_cell(drafts)
    names = matching(cells, glob)
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


def picks_from(
    verdicts: Newest,
    drafts: Sequence[Job],
    entries: Entries,
    *,
    rounds: Mapping[CellName, Round] = _FIRST,
    finals: Mapping[CellName, Round] = _FIRST,
) -> Picks:
    """The approvals that still hold for exactly the image and the words that were looked at.

    `drafts` are the campaign's draft jobs as they are now, in `rounds`. `finals` are the rounds
    of the finals: a final that was asked for anew is another round of the same pick.
    """
    jobs = {(job.at.cell, job.at.round, job.at.take): job for job in drafts}
    cells = {job.at.cell for job in drafts}
    approved: dict[CellName, Pick] = {}
    written: dict[CellName, Round] = {}
    stale: list[StaleApproval] = []
    for (cell, stage), verdict in verdicts.items():
        if stage is not Stage.DRAFT or verdict.decision is not Decision.APPROVED:
            continue
        if cell not in cells:
            continue
        reason = why_stale(verdict, jobs.get((cell, verdict.round, verdict.take)), entries)
        if reason:
            stale.append(StaleApproval(cell=cell, reason=reason))
            continue
        written[cell] = _final_round(verdict, rounds.get(cell, Round()), finals.get(cell))
        approved[cell] = Pick(
            round=written[cell].number, take=verdict.take, job=verdict.job, sha256=verdict.sha256
        )
    return Picks(approved=approved, stale=tuple(stale), rounds=written)


def _final_round(approval: Verdict, draft: Round, final: Round | None) -> Round:
    """A final begins in its draft's round; each redo of it is one round further, notes kept."""
    note = draft.note if draft.number == approval.round else ""
    return round_of_final(Round(number=approval.round, note=note), final)


def round_of_final(draft: Round, final: Round | None) -> Round:
    """The round of a final whose draft was approved in this round."""
    if final is None or final.number <= draft.number:
        return draft
    notes = [words for words in (draft.note, final.note) if words]
    return Round(number=final.number, note=" ".join(notes))


def why_stale(verdict: Verdict, job: Job | None, entries: Entries) -> str:
    """Why an approval does not hold for this job any more; empty where it holds."""
    if job is None:
        return "the campaign no longer has the take that was approved"
    if job.key != verdict.job:
        return "its words, its settings or the provider changed after the approval"
    artifact = artifact_of(job, entries)
    if artifact is None:
        return "the approved image is not on disk any more"
    if artifact.sha256 != verdict.sha256:
        return "the image changed after the approval"
    return ""


def by_cell(jobs: Sequence[Job]) -> dict[CellName, list[Job]]:
    """The takes of each cell, cells in the order of the jobs."""
    cells: dict[CellName, list[Job]] = {}
    for job in jobs:
        cells.setdefault(job.at.cell, []).append(job)
    return cells


def _bind_all(
    cells: Sequence[Sequence[Job]], opinion: Opinion, entries: Entries
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
