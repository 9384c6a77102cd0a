"""Payers of images that several cells share: the cell that has paid, else a selected one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from pipeline.model.campaign import CellName
from pipeline.model.credits import FREE
from pipeline.model.entry import Entry
from pipeline.model.job import Job, JobKey
from pipeline.model.outcome import InDoubt, Paid, Stored
from pipeline.state.lookup import bought_as


def settle_payers(
    jobs: Sequence[Job], entries: Mapping[JobKey, Entry], *, selected: frozenset[CellName] | None
) -> list[Job]:
    """Return the jobs of the selected cells (`None`: all), each shared image with one payer."""
    shared = share_out(jobs, entries, selected=selected)
    return [job for job in shared if selected is None or job.at.cell in selected]


def share_out(
    jobs: Sequence[Job], entries: Mapping[JobKey, Entry], *, selected: frozenset[CellName] | None
) -> list[Job]:
    """Return all jobs, each shared image paid by one of its cells, by a selected one if possible.

    Planning lets the first cell of a group pay. A run that took only some cells may have bought
    the image under another one: then that one is the payer, and nothing is bought again.
    """
    groups: dict[JobKey, list[Job]] = {job.payer: [] for job in jobs if job.payer}
    if groups:
        for job in jobs:
            if bought_as(job) in groups:
                groups[bought_as(job)].append(job)
    payer_of = {
        leader: _payer(members, entries, selected)
        for leader, members in groups.items()
        if len(members) > 1
    }
    return [_shared(job, payer_of.get(bought_as(job)), groups) for job in jobs]


def _payer(
    members: Sequence[Job],
    entries: Mapping[JobKey, Entry],
    selected: frozenset[CellName] | None,
) -> JobKey:
    known = [(job, entries.get(job.key)) for job in members]
    paid = [job for job, entry in known if _may_be_paid(entry)]
    paid.sort(key=lambda job: not _has_cost(entries.get(job.key)))
    asked = (job for job in members if selected is None or job.at.cell in selected)
    return next(chain(paid, asked, members)).key


def _may_be_paid(entry: Entry | None) -> bool:
    """True if stored, paid, in doubt or in flight: a second purchase would pay twice."""
    return entry is not None and (
        entry.rendering or isinstance(entry.outcome, Stored | Paid | InDoubt)
    )


def _has_cost(entry: Entry | None) -> bool:
    """True if credits were spent on the job itself, not only on an image that it shares."""
    return entry is not None and entry.spent.upper > 0


def _shared(job: Job, payer: JobKey | None, groups: Mapping[JobKey, Sequence[Job]]) -> Job:
    if payer is None:
        return job
    price = max(one.price for one in groups[bought_as(job)])
    if job.key == payer:
        return replace(job, payer=None, price=price)
    return replace(job, payer=payer, price=FREE)


def images_to_share(jobs: Sequence[Job], entries: Mapping[JobKey, Entry]) -> list[Job]:
    """Return the jobs that share a stored image and have none of their own; see `Ledger.share`.

    Until it has one, such a job keeps its image only while its payer is planned as well: in the
    same round, with the same prompt, and approved too.
    """
    return [
        job
        for job in jobs
        if job.payer is not None
        and _is_stored(entries.get(job.payer))
        and not _may_be_paid(entries.get(job.key))
    ]


def _is_stored(entry: Entry | None) -> bool:
    return entry is not None and isinstance(entry.outcome, Stored) and not entry.rendering


class Payers:
    """`settle_payers` for jobs that arrive in plan order and are not kept.

    Holds one key for each image that may have been paid for and, if only some cells are
    selected, one for each of their images.
    """

    def __init__(
        self, entries: Mapping[JobKey, Entry], *, selected: Callable[[CellName], bool] | None
    ) -> None:
        self._entries = entries
        self._selected = selected
        self._paid: dict[JobKey, JobKey] = {}
        self._asked: dict[JobKey, JobKey] = {}

    def see(self, job: Job) -> None:
        """Register one job, as planning made it."""
        entry = self._entries.get(job.key)
        if _may_be_paid(entry):
            before = self._paid.setdefault(bought_as(job), job.key)
            if _has_cost(entry) and not _has_cost(self._entries[before]):
                self._paid[bought_as(job)] = job.key
        if self._selected is not None and self._selected(job.at.cell):
            self._asked.setdefault(bought_as(job), job.key)

    def moved(self, *, everybody: bool = False) -> dict[JobKey, JobKey]:
        """Return key of the payer that planning chose → key of the one that pays instead.

        Images whose payer stays the same are absent. `everybody`: as if all cells were selected.
        """
        payers = self._paid if everybody else self._asked | self._paid
        return {leader: payer for leader, payer in payers.items() if leader != payer}
