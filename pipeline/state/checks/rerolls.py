"""Re-rolls: new takes of images that miss a check.

They are ordinary jobs, which a survey plans besides those that the campaign file asks for.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.model.artifact import Artifact
from pipeline.model.check import OF_IMAGES, CampaignCheck, CheckRules
from pipeline.model.job import Job, JobKey
from pipeline.model.names import CellName, Stage
from pipeline.model.packed.rows import packed_jobs, sharing_jobs
from pipeline.model.verdict import Decision
from pipeline.prompts.jobs import NO_FURTHER_TAKES, FurtherTakes
from pipeline.state.checks.results import CampaignChecks
from pipeline.state.lookup import Entries, Newest, bought_as, entry_of
from pipeline.state.payers import paid_by


@dataclass(kw_only=True, slots=True)
class Rerolls:
    """Adds the re-rolls of one stage to its planned images.

    The re-roll of take k is take k + n, where n is the number of takes that the cell has at the
    stage; its own re-roll is take k + 2n. A re-roll is planned if it is on record, or if the take
    before it misses a check and nobody has decided on its cell. So a rerun never repeats one.
    """

    stage: Stage
    entries: Entries
    verdicts: Newest
    checks: CampaignChecks | None
    most: int
    """Most new takes of one image."""
    takes: Mapping[CellName, int] = field(default_factory=dict)
    """How many takes the campaign file asks for, by cell; known once a plan was made."""

    def left(self, job: Job) -> int:
        """Return how many new takes of an image there can still be at most."""
        takes = self.takes.get(job.at.cell, job.at.take)
        return max(0, self.most - (job.at.take - 1) // takes)

    def added(self, plan: Callable[[FurtherTakes], Sequence[Job]]) -> Sequence[Job]:
        """Return the planned images with their re-rolls, in the order of the plan."""
        jobs = plan(NO_FURTHER_TAKES)
        if not self.most:
            return jobs
        self.takes = count = Counter(job.at.cell for job in jobs)
        rounds = {job.at.cell: job.at.round for job in jobs}
        begun = {
            entry.at.cell
            for entry in self.entries.values()
            if entry.at.stage is self.stage
            and entry.at.round == rounds.get(entry.at.cell)
            and entry.at.take > count[entry.at.cell]
        }
        missed = self._missed(jobs)
        cells = begun | {job.at.cell for job in jobs if job.key in missed}
        if not cells:
            return jobs
        further = {
            cell: tuple(range(count[cell] + 1, count[cell] * (self.most + 1) + 1)) for cell in cells
        }
        planned = plan(further)
        kept: Sequence[Job] = ()
        while True:
            before, kept = kept, packed_jobs(self._kept(planned, count, missed))
            if len(before) == len(kept):
                return _with_payers(kept, planned)
            missed = self._missed(kept)

    def _missed(self, jobs: Sequence[Job]) -> Mapping[JobKey, int]:
        return {} if self.checks is None else self.checks.missed(jobs, self.entries)

    def _kept(
        self, planned: Sequence[Job], count: Mapping[CellName, int], missed: Mapping[JobKey, int]
    ) -> Iterator[Job]:
        kept: dict[tuple[CellName, int], JobKey] = {}
        for job in planned:
            takes, take = count[job.at.cell], job.at.take
            before = kept.get((job.at.cell, take - takes))
            number = (take - 1) // takes
            if take <= takes or (
                before is not None
                and (
                    entry_of(job, self.entries) is not None
                    or (missed.get(before, 0) >= number and not self._is_decided(job))
                )
            ):
                kept[job.at.cell, take] = job.key
                yield job

    def _is_decided(self, job: Job) -> bool:
        verdict = self.verdicts.get((job.at.cell, self.stage))
        return (
            verdict is not None
            and verdict.round == job.at.round
            and verdict.decision is not Decision.UNDECIDED
        )


def _with_payers(kept: Sequence[Job], planned: Sequence[Job]) -> Sequence[Job]:
    """Return the jobs; one whose payer is not kept pays itself, for the others like it too.

    That is so if somebody has decided on the cell of the payer, and on no other that shares.
    """
    first: dict[JobKey, JobKey] = {}
    for job in sharing_jobs(kept):
        first.setdefault(bought_as(job), job.key)
    for job in kept if first else ():
        first.pop(job.key, None)
    prices = {job.key: job.price for job in planned if job.key in first} if first else {}
    return packed_jobs(paid_by(job, first, prices) for job in kept) if first else kept


def most_rerolls(rules: CheckRules, stage: Stage) -> int:
    """Return the most new takes of one image that a campaign's checks ask for at a stage."""
    finals = stage is Stage.FINAL
    return max(
        (
            rule.rerolls
            for check, rule in rules.items()
            if finals or (check in OF_IMAGES and check is not CampaignCheck.DRIFT)
        ),
        default=0,
    )


def delivered_takes(
    images: Sequence[tuple[Job, Artifact]], takes: int, missed: Mapping[JobKey, int]
) -> Iterator[tuple[int, Job, Artifact]]:
    """Yield the images of a cell that are delivered, by the number of their take.

    Of a take and its re-rolls, this is the first that misses no check, otherwise the last.
    """
    chosen: dict[int, tuple[Job, Artifact]] = {}
    for job, artifact in images:
        take = (job.at.take - 1) % takes + 1
        if take not in chosen or chosen[take][0].key in missed:
            chosen[take] = (job, artifact)
    for take, (job, artifact) in sorted(chosen.items(), key=lambda one: one[0]):
        yield take, job, artifact
