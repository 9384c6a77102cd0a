"""Payers of images that several cells share: the cell that has paid, else a selected one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from pipeline.model.entry import Entry
from pipeline.model.job import Job, JobKey, job_key
from pipeline.model.money import FREE, Amount
from pipeline.model.names import CellName, Stage
from pipeline.model.outcome import InDoubt, Paid, Stored
from pipeline.model.packed.rows import entries_without_image, packed_jobs, sharing_jobs
from pipeline.state.lookup import bought_as


def settle_payers(
    jobs: Sequence[Job], entries: Mapping[JobKey, Entry], *, selected: frozenset[CellName] | None
) -> Sequence[Job]:
    """Return the jobs of the selected cells (`None`: all), each shared image with one payer."""
    shared = share_out(jobs, entries, selected=selected, unsettled=unsettled_entries(entries))
    if selected is None:
        return shared
    return packed_jobs(job for job in shared if job.at.cell in selected)


def share_out(
    jobs: Sequence[Job],
    entries: Mapping[JobKey, Entry],
    *,
    selected: frozenset[CellName] | None,
    unsettled: Sequence[Entry],
) -> Sequence[Job]:
    """Return all jobs, each shared image paid by one of its cells, by a selected one if possible.

    Planning lets the first cell of a group pay. A run that took only some cells may have bought
    the image under another one: then that one is the payer, and nothing is bought again.
    `unsettled` are the `unsettled_entries`.
    """
    elsewhere = UnsettledPurchases(unsettled, planned=(job.key for job in jobs))
    payers = Payers(
        entries,
        selected=None if selected is None else selected.__contains__,
        unsettled=elsewhere,
    )
    alone = bool(elsewhere) or selected is not None
    for job in jobs if alone else sharing_jobs(jobs):
        payers.see(job)
    moved = payers.moved()
    if not moved:
        return jobs
    prices = {job.key: job.price for job in jobs if job.key in moved}
    return packed_jobs(paid_by(job, moved, prices) for job in jobs)


NO_PRICES: Mapping[JobKey, Amount] = MappingProxyType({})


def paid_by(
    job: Job, moved: Mapping[JobKey, JobKey], prices: Mapping[JobKey, Amount] = NO_PRICES
) -> Job:
    """Return the job with the actual payer of its image; see `Payers.moved`.

    `prices` are those of the payers that planning chose; without them, a job keeps its price.
    """
    leader = bought_as(job)
    payer = moved.get(leader)
    if payer is None:
        return job
    if job.key == payer:
        return replace(job, payer=None, price=prices.get(leader, job.price))
    return replace(job, payer=payer, price=FREE)


def unsettled_entries(entries: Mapping[JobKey, Entry]) -> Sequence[Entry]:
    """Return the entries of which an image may still come: in flight, in doubt, not downloaded."""
    return [
        entry
        for entry in entries_without_image(entries)
        if entry.is_open or isinstance(entry.outcome, Paid | InDoubt)
    ]


class UnsettledPurchases:
    """Purchases of which an image may still come: in flight, in doubt, or not downloaded.

    The cell of such a purchase may have been redone or removed since. A cell that shares its image
    must not buy it a second time.
    """

    def __init__(
        self,
        unsettled: Sequence[Entry],
        *,
        planned: Iterable[JobKey] = (),
    ) -> None:
        """Index the entries of jobs that are not `planned`; planning groups those that are.

        `planned` is read only if there are any.
        """
        self._entries: dict[tuple[Stage, int, int], list[Entry]] = {}
        left = {entry.key for entry in unsettled}
        if left:
            left.difference_update(planned)
        for entry in unsettled:
            if entry.key in left:
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


def _may_be_paid(entry: Entry | None) -> bool:
    """True if stored, paid, in doubt, ordered or in flight: a second purchase would pay twice."""
    return entry is not None and (
        entry.is_open or isinstance(entry.outcome, Stored | Paid | InDoubt)
    )


def _has_cost(entry: Entry | None) -> bool:
    """True if credits were spent on the job itself, not only on an image that it shares."""
    return entry is not None and entry.spent.upper > 0


def images_to_share(jobs: Sequence[Job], entries: Mapping[JobKey, Entry]) -> list[Job]:
    """Return the jobs that share an image and have none of their own; see `Ledger.share`.

    Until it has one, such a job keeps its image only while its payer is planned as well: in the
    same round, with the same prompt, and approved too. An image that is not downloaded is shared
    if its payer is not planned any more, so that it is downloaded for the job.
    """
    ready: list[Job] = []
    not_downloaded: dict[JobKey, Entry] = {}
    for job in sharing_jobs(jobs):
        if _may_be_paid(entries.get(job.key)):
            continue
        payer = entries.get(bought_as(job))
        if payer is not None and isinstance(payer.outcome, Stored | Paid):
            ready.append(job)
            if isinstance(payer.outcome, Paid):
                not_downloaded[payer.key] = payer
    planned = {job.key for job in jobs if job.key in not_downloaded} if not_downloaded else set()
    return [job for job in ready if job.payer not in planned]


class Payers:
    """Finds the payer of each shared image, for jobs that arrive in plan order and are not kept.

    Holds a key for each image that a cell has paid for in place of the one that planning chose
    and, if only some cells are selected, one for each of their images.
    """

    def __init__(
        self,
        entries: Mapping[JobKey, Entry],
        *,
        selected: Callable[[CellName], bool] | None,
        unsettled: UnsettledPurchases,
    ) -> None:
        self._entries = entries
        self._selected = selected
        self._paid: dict[JobKey, JobKey] = {}
        self._asked: dict[JobKey, JobKey] = {}
        self._unsettled = unsettled
        self._elsewhere: dict[JobKey, JobKey] = {}

    def see(self, job: Job) -> None:
        """Register one job, as planning made it."""
        leader = bought_as(job)
        if job.payer is not None:
            self._see_sharing(job, leader)
        elif self._unsettled and not _may_be_paid(self._entries.get(job.key)):
            elsewhere = self._unsettled.of_image(job)
            if elsewhere is not None:
                self._elsewhere[leader] = elsewhere
        if self._selected is not None and self._selected(job.at.cell):
            self._asked.setdefault(leader, job.key)

    def _see_sharing(self, job: Job, leader: JobKey) -> None:
        entry = self._entries.get(job.key)
        if not _may_be_paid(entry):
            return
        before = self._paid.get(leader, leader)
        known = self._entries.get(before)
        if not _may_be_paid(known) or (_has_cost(entry) and not _has_cost(known)):
            self._paid[leader] = job.key

    def moved(self, *, everybody: bool = False) -> dict[JobKey, JobKey]:
        """Return key of the payer that planning chose → key of the one that pays instead.

        Images whose payer stays the same are absent. `everybody`: as if all cells were selected.
        """
        asked = {} if everybody else self._asked
        unpaid = (pair for pair in asked.items() if not _may_be_paid(self._entries.get(pair[0])))
        payers = dict(unpaid) | self._elsewhere | self._paid
        return {leader: payer for leader, payer in payers.items() if leader != payer}
