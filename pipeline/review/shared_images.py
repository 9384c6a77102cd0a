"""The effect of a verdict on cells that share its image.

A redo buys one image for all cells that share it. A cell without a verdict follows into the new
round, by a verdict with the job of the leading cell. A cell that was approved or rejected keeps its
image and its verdict. If a redo is withdrawn, so are the verdicts of its followers.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.ledger.base import Ledger, StaleVerdict
from pipeline.model.job import Job, JobKey
from pipeline.model.names import CellName, Slug, Stage
from pipeline.model.verdict import Decision, Verdict
from pipeline.state.campaign_state import CellTable, valid_decision
from pipeline.state.lookup import Entries, Newest, artifact_of, bought_as


@dataclass(frozen=True, kw_only=True, slots=True)
class SharingCells:
    """The cells of one stage that share images, in the rounds that are shown."""

    takes: Mapping[CellName, Sequence[Job]]
    """The jobs of each of these cells."""
    cells: Mapping[JobKey, Sequence[CellName]]
    """By the job that pays for the image."""

    def partners(self, cell: CellName) -> list[CellName]:
        """Return the other cells that share an image with this one."""
        groups = (self.cells.get(bought_as(job), ()) for job in self.takes.get(cell, ()))
        found = dict.fromkeys(other for group in groups for other in group)
        return [other for other in found if other != cell]

    def covers(self, leader: CellName, cell: CellName) -> bool:
        """Return whether all images of a cell are images of the leader."""
        images = {bought_as(job) for job in self.takes[leader]}
        return all(bought_as(job) in images for job in self.takes[cell])


def sharing_cells(jobs: Sequence[Job]) -> SharingCells:
    """Return the cells that share images; `jobs` are all of one stage."""
    shared = {job.payer for job in jobs if job.payer is not None}
    cells: dict[JobKey, list[CellName]] = {}
    for job in jobs if shared else ():
        if bought_as(job) in shared:
            cells.setdefault(bought_as(job), []).append(job.at.cell)
    sharing = {cell for group in cells.values() for cell in group}
    takes: dict[CellName, list[Job]] = {}
    for job in jobs if shared else ():
        if job.at.cell in sharing:
            takes.setdefault(job.at.cell, []).append(job)
    return SharingCells(takes=takes, cells=cells)


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedOutcome:
    """The effect of verdicts on the cells that share images with theirs."""

    given: Sequence[Verdict] = ()
    """Further verdicts to record, on cells that follow a redo or no longer do."""
    kept: Sequence[Verdict] = ()
    """Verdicts on cells that keep their image while that of another cell is redone."""


def shared_outcome(
    verdicts: Sequence[Verdict], sharing: SharingCells, entries: Entries, before: Newest
) -> SharedOutcome:
    """Return the effect of these verdicts on the cells that share images with theirs.

    `before` are the newest verdicts before these were given.
    """
    decided = {verdict.cell for verdict in verdicts}
    given: dict[CellName, Verdict] = {}
    kept: dict[CellName, Verdict] = {}
    for verdict in verdicts:
        others = [cell for cell in sharing.partners(verdict.cell) if cell not in decided]
        if verdict.decision is Decision.REDO:
            for cell in others:
                known = before.get((cell, verdict.stage))
                if known is not None and not _is_free(sharing.takes[cell], entries, known):
                    kept[cell] = known
                elif sharing.covers(verdict.cell, cell):
                    given[cell] = _following(verdict, sharing.takes[cell], entries)
        elif others:
            given |= _released(verdict, others, sharing=sharing, entries=entries, before=before)
    kept = {cell: known for cell, known in kept.items() if known.decision is not Decision.REDO}
    return SharedOutcome(given=tuple(given.values()), kept=tuple(kept.values()))


async def record_shared(
    ledger: Ledger, campaign: Slug, outcome: SharedOutcome, before: Newest
) -> list[Verdict]:
    """Record the further verdicts, except on cells that get another verdict meanwhile."""
    recorded = []
    for verdict in outcome.given:
        known = before.get((verdict.cell, verdict.stage))
        base = known.revision if known is not None else 0
        try:
            recorded.append(await ledger.decide(verdict, campaign=campaign, base=base))
        except StaleVerdict:
            continue
    return recorded


async def settle_shared(
    ledger: Ledger,
    table: CellTable,
    entries: Entries,
    *,
    verdicts: Sequence[Verdict],
    before: Newest,
) -> SharedOutcome:
    """Record the effect of verdicts on the cells that share images with theirs."""
    recorded: list[Verdict] = []
    kept: list[Verdict] = []
    for stage in Stage:
        given = [verdict for verdict in verdicts if verdict.stage is stage]
        if given:
            jobs = [job for cell in table.at_stage(stage) for job in cell.jobs]
            outcome = shared_outcome(given, sharing_cells(jobs), entries, before)
            recorded += await record_shared(ledger, table.campaign.slug, outcome, before)
            kept += outcome.kept
    return SharedOutcome(given=recorded, kept=kept)


def follows(verdict: Verdict, takes: Iterable[Job]) -> bool:
    """Return whether a verdict is the redo of another cell, which this one follows."""
    return verdict.decision is Decision.REDO and verdict.job not in {job.key for job in takes}


def _is_free(takes: Sequence[Job], entries: Entries, known: Verdict) -> bool:
    """Return whether a cell has no verdict of its own."""
    return valid_decision(takes, entries, known) is None or follows(known, takes)


def _following(leader: Verdict, takes: Sequence[Job], entries: Entries) -> Verdict:
    looked_at = next((job for job in takes if job.at.take == leader.take), takes[0])
    artifact = artifact_of(looked_at, entries)
    return replace(
        leader,
        cell=looked_at.at.cell,
        take=looked_at.at.take,
        sha256=artifact.sha256 if artifact is not None else "",
        revision=0,
    )


def _released(
    verdict: Verdict,
    others: Sequence[CellName],
    *,
    sharing: SharingCells,
    entries: Entries,
    before: Newest,
) -> dict[CellName, Verdict]:
    """Return verdicts on cells that followed a redo that this verdict withdraws."""
    keys = {job.key for job in sharing.takes[verdict.cell]}
    released: dict[CellName, Verdict] = {}
    for cell in others:
        takes = sharing.takes[cell]
        known = before.get((cell, verdict.stage))
        if known is None or not follows(known, takes) or known.job not in keys:
            continue
        leader = next(_leaders(cell, verdict, sharing, before), None)
        if leader is not None:
            released[cell] = _following(leader, takes, entries)
        else:
            job = next((one for one in takes if one.at.take == known.take), takes[0])
            released[cell] = replace(
                known,
                decision=Decision.UNDECIDED,
                job=job.key,
                by=verdict.by,
                at=verdict.at,
                note="",
                revision=0,
            )
    return released


def _leaders(
    cell: CellName, verdict: Verdict, sharing: SharingCells, before: Newest
) -> Iterator[Verdict]:
    """Yield the redos of other cells that a cell could follow instead, newest first."""
    redos = [
        known
        for other in sharing.partners(cell)
        if other != verdict.cell and sharing.covers(other, cell)
        for known in [before.get((other, verdict.stage))]
        if known is not None
        and known.decision is Decision.REDO
        and known.round == verdict.round
        and not follows(known, sharing.takes[other])
    ]
    yield from sorted(redos, key=lambda known: known.at, reverse=True)
