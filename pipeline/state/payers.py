"""Payers of images that several cells share: the cell that has paid, else a selected one."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from pipeline.model.entry import Entry
from pipeline.model.job import Job, JobKey, job_key
from pipeline.model.money import FREE
from pipeline.model.names import CellName, Stage
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
    unsettled = UnsettledPurchases(entries, planned=lambda: {job.key for job in jobs})
    if not groups and not unsettled:
        return list(jobs)
    if groups:
        for job in jobs:
            if bought_as(job) in groups:
                groups[bought_as(job)].append(job)
    payer_of = {
        leader: _payer(members, entries, selected)
        for leader, members in groups.items()
        if len(members) > 1
    }
    for job in jobs if unsettled else ():
        members = groups.get(job.key, (job,))
        if job.payer is None and not any(_may_be_paid(entries.get(one.key)) for one in members):
            elsewhere = unsettled.of_image(job)
            if elsewhere is not None:
                payer_of[job.key] = elsewhere
    return [_shared(job, payer_of.get(bought_as(job)), groups) for job in jobs]


class UnsettledPurchases:
    """Purchases of which an image may still come: in flight, in doubt, or not downloaded.

    The cell of such a purchase may have been redone or removed since. A cell that shares its image
    must not buy it a second time.
    """

    def __init__(
        self,
        entries: Mapping[JobKey, Entry],
        *,
        planned: Callable[[], Container[JobKey]] = frozenset,
    ) -> None:
        """Index the entries of jobs that are not `planned`; planning groups those that are."""
        self._entries: dict[tuple[Stage, int, int], list[Entry]] = {}
        unsettled = [
            entry
            for entry in entries.values()
            if entry.is_open or isinstance(entry.outcome, Paid | InDoubt)
        ]
        known = planned() if unsettled else frozenset[JobKey]()
        for entry in unsettled:
            if entry.key not in known:
                place = (entry.at.stage, entry.at.round, entry.at.take)
                self._entries.setdefault(place, []).append(entry)

    def __bool__(self) -> bool:
        return bool(self._entries)

    def of_image(self, job: Job) -> JobKey | None:
        """Return the job of another cell that has asked for the image of this job."""
        known = self._entries.get((job.at.stage, job.at.round, job.at.take), ())
        for entry in known:
            if job_key(entry.at, profile=job.profile, request=job.request) == entry.key:
                return entry.key
        return None


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
    """True if stored, paid, in doubt, ordered or in flight: a second purchase would pay twice."""
    return entry is not None and (
        entry.is_open or isinstance(entry.outcome, Stored | Paid | InDoubt)
    )


def _has_cost(entry: Entry | None) -> bool:
    """True if credits were spent on the job itself, not only on an image that it shares."""
    return entry is not None and entry.spent.upper > 0


def _shared(job: Job, payer: JobKey | None, groups: Mapping[JobKey, Sequence[Job]]) -> Job:
    if payer is None:
        return job
    price = max(one.price for one in groups.get(bought_as(job), (job,)))
    if job.key == payer:
        return replace(job, payer=None, price=price)
    return replace(job, payer=payer, price=FREE)


def images_to_share(jobs: Sequence[Job], entries: Mapping[JobKey, Entry]) -> list[Job]:
    """Return the jobs that share an image and have none of their own; see `Ledger.share`.

    Until it has one, such a job keeps its image only while its payer is planned as well: in the
    same round, with the same prompt, and approved too. An image that is not downloaded is shared
    if its payer is not planned any more, so that it is downloaded for the job.
    """
    sharing = [
        job for job in jobs if job.payer is not None and not _may_be_paid(entries.get(job.key))
    ]
    if not sharing:
        return []
    planned = {job.key for job in jobs}
    return [
        job
        for job in sharing
        for payer in [entries.get(bought_as(job))]
        if payer is not None
        and (
            isinstance(payer.outcome, Stored)
            or (isinstance(payer.outcome, Paid) and payer.key not in planned)
        )
    ]


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
        self._unsettled = UnsettledPurchases(entries)
        self._elsewhere: dict[JobKey, JobKey] = {}

    def see(self, job: Job) -> None:
        """Register one job, as planning made it."""
        entry = self._entries.get(job.key)
        if _may_be_paid(entry):
            before = self._paid.setdefault(bought_as(job), job.key)
            if _has_cost(entry) and not _has_cost(self._entries[before]):
                self._paid[bought_as(job)] = job.key
        elif self._unsettled and job.payer is None:
            elsewhere = self._unsettled.of_image(job)
            if elsewhere is not None:
                self._elsewhere[job.key] = elsewhere
        if self._selected is not None and self._selected(job.at.cell):
            self._asked.setdefault(bought_as(job), job.key)

    def moved(self, *, everybody: bool = False) -> dict[JobKey, JobKey]:
        """Return key of the payer that planning chose → key of the one that pays instead.

        Images whose payer stays the same are absent. `everybody`: as if all cells were selected.
        """
        payers = ({} if everybody else self._asked) | self._elsewhere | self._paid
        return {leader: payer for leader, payer in payers.items() if leader != payer}
