"""Images that several cells share: whichever of them paid, all of them show it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline.model.credits import FREE, Credits
from pipeline.model.job import Job, JobKey
from pipeline.model.outcome import Failed
from pipeline.reviewing.binding import Entries


def settled(jobs: Iterable[Job], entries: Entries) -> list[Job]:
    """The jobs, each group of sharers led by the one under which the image was bought.

    Planning lets the first cell of a group pay; a run that took only some cells may have bought
    the image under another one.
    """
    jobs = list(jobs)
    groups: dict[JobKey, list[Job]] = defaultdict(list)
    for job in jobs:
        groups[job.payer or job.key].append(job)
    payers = {leader: _payer(group, entries) for leader, group in groups.items()}
    prices = {leader: max(job.price for job in group) for leader, group in groups.items()}
    return [_led(job, payers[job.payer or job.key], prices[job.payer or job.key]) for job in jobs]


def _payer(group: Sequence[Job], entries: Entries) -> JobKey:
    for job in group:
        entry = entries.get(job.key)
        if entry is not None and not isinstance(entry.outcome, Failed | None):
            return job.key
    return next((job.key for job in group if job.payer is None), group[0].key)


def _led(job: Job, payer: JobKey, price: Credits) -> Job:
    wanted = None if payer == job.key else payer
    if wanted == job.payer:
        return job
    return replace(job, payer=wanted, price=price if wanted is None else FREE)
