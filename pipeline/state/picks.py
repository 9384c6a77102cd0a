"""What verdicts mean for finals: which approvals still hold, and which cells a redo takes along."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from pipeline.model.job import Job
from pipeline.model.names import CellName, Stage
from pipeline.model.outcome import Stored
from pipeline.model.verdict import Decision, Pick, Round, Verdict
from pipeline.state.lookup import Entries, Newest, artifact_of

_FIRST: Mapping[CellName, Round] = MappingProxyType({})


NO_TAKE = "the campaign no longer has the take that was approved"
"""Why an approval is stale whose image is not planned any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StaleApproval:
    """An approval that no longer holds, and why; no final is bought for it."""

    cell: CellName
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Picks:
    """What finals may be made from, and which approvals no longer hold."""

    approved: Mapping[CellName, Pick]
    stale: tuple[StaleApproval, ...]
    rounds: Mapping[CellName, Round] = field(default_factory=dict)
    """The round of each cell's final and the notes that it is written with."""


def picks_from(
    verdicts: Newest,
    drafts: Sequence[Job],
    entries: Entries,
    *,
    rounds: Mapping[CellName, Round] = _FIRST,
    finals: Mapping[CellName, Round] = _FIRST,
) -> Picks:
    """Return the approvals that still hold for exactly the image and prompt that were approved.

    `drafts` are the campaign's draft jobs as they are now, in `rounds`. `finals` are the rounds
    of the finals: a redone final is another round of the same pick.
    """
    approvals = {
        cell: verdict
        for (cell, stage), verdict in verdicts.items()
        if stage is Stage.DRAFT and verdict.decision is Decision.APPROVED
    }
    reasons: dict[CellName, str] = {}
    for job in drafts if approvals else ():
        given = approvals.get(job.at.cell)
        if given is not None and (job.at.round, job.at.take) == (given.round, given.take):
            reasons[job.at.cell] = why_stale(given, job, entries)
        elif given is not None:
            reasons.setdefault(job.at.cell, NO_TAKE)
    approved: dict[CellName, Pick] = {}
    written: dict[CellName, Round] = {}
    stale: list[StaleApproval] = []
    for cell, verdict in approvals.items():
        reason = reasons.get(cell)
        if reason is None:
            continue
        if reason:
            stale.append(StaleApproval(cell=cell, reason=reason))
            continue
        written[cell] = _final_round(verdict, rounds.get(cell, Round()), finals.get(cell))
        approved[cell] = Pick(
            round=written[cell].number, take=verdict.take, job=verdict.job, sha256=verdict.sha256
        )
    return Picks(approved=approved, stale=tuple(stale), rounds=written)


def _final_round(approval: Verdict, draft: Round, final: Round | None) -> Round:
    """Return a final's round: that of its draft, and one more for each redo; notes are kept."""
    note = draft.note if draft.number == approval.round else ""
    return round_of_final(Round(number=approval.round, note=note), final)


def round_of_final(draft: Round, final: Round | None) -> Round:
    """Return the round of a final whose draft was approved in this round."""
    if final is None or final.number <= draft.number:
        return draft
    notes = [words for words in (draft.note, final.note) if words]
    return Round(number=final.number, note=" ".join(notes))


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedRedo:
    """A cell that shares an image with a cell that is to be redone."""

    cell: CellName
    stage: Stage
    redone: CellName
    """The cell for which the redo was asked."""
    decision: Decision
    """`REDO` if it follows into the new round; otherwise its own verdict, which it keeps."""


def shared_redos(newest: Newest, entries: Entries) -> list[SharedRedo]:
    """Return the cells that share an image with a redo that has not begun."""
    redos = [verdict for verdict in newest.values() if verdict.decision is Decision.REDO]
    if not redos:
        return []
    begun = {(entry.at.cell, entry.at.stage, entry.at.round) for entry in entries.values()}
    redos = [
        verdict
        for verdict in redos
        if (verdict.cell, verdict.stage, verdict.round + 1) not in begun
    ]
    cells = {verdict.job: verdict.cell for verdict in redos}
    cells |= {key: entries[key].at.cell for key in cells if key in entries}
    shared = [
        SharedRedo(cell=one.cell, stage=one.stage, redone=cells[one.job], decision=one.decision)
        for one in redos
        if cells[one.job] != one.cell
    ]
    places = {(one.cell, one.stage, one.round): cells[one.job] for one in redos}
    images = {
        (entry.at.stage, entry.outcome.artifact.sha256): places[place]
        for entry in entries.values()
        for place in [(entry.at.cell, entry.at.stage, entry.at.round)]
        if place in places and isinstance(entry.outcome, Stored)
    }
    for one in newest.values():
        redone = images.get((one.stage, one.sha256))
        if redone is not None and one.decision in {Decision.APPROVED, Decision.REJECTED}:
            shared.append(
                SharedRedo(cell=one.cell, stage=one.stage, redone=redone, decision=one.decision)
            )
    return shared


def why_stale(verdict: Verdict, job: Job | None, entries: Entries) -> str:
    """Return why an approval no longer holds for this job; empty if it holds."""
    if job is None:
        return NO_TAKE
    if job.key != verdict.job:
        return "its prompt, its settings or the provider changed after the approval"
    artifact = artifact_of(job, entries)
    if artifact is None:
        return "the approved image is not on disk any more"
    if artifact.sha256 != verdict.sha256:
        return "the image changed after the approval"
    return ""
