"""What a run would do and cost, counted before anything is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain

from pipeline.model.credits import Credits
from pipeline.model.entry import Entry
from pipeline.model.job import Job, JobKey
from pipeline.state.due import Due, Rules, stored_sizes, what_is_due

BUYING = frozenset({Due.BUY, Due.BUY_AGAIN})


DIGESTS = 1 << 256
"""Digests of single images are added up below this number: the sum knows no order."""


def digest_of(job: Job, price: Credits | None) -> int:
    """One image that is bought at this price, or (`None`) fetched without a new charge."""
    said = f"{job.key} fetch" if price is None else f"{job.key} {price}"
    return int.from_bytes(sha256(said.encode()).digest())


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkAhead:
    """The work ahead at one stage."""

    jobs: int
    """All images of the stage."""
    shared: int
    """Images that another cell's render pays for."""
    to_buy: Sequence[Job]
    to_fetch: Sequence[Job]
    """Paid for, or in doubt under a key that is honoured: brought without a new charge."""

    @property
    def credits(self) -> Credits:
        """The most that this stage adds to the bill."""
        return Credits(sum(job.price for job in self.to_buy))

    @property
    def digest(self) -> int:
        """Of the work, in whatever order it is counted."""
        bought = (digest_of(job, job.price) for job in self.to_buy)
        fetched = (digest_of(job, None) for job in self.to_fetch)
        return sum(chain(bought, fetched)) % DIGESTS

    @property
    def done(self) -> int:
        """Images for which nothing is to be done now."""
        return self.jobs - self.shared - len(self.to_buy) - len(self.to_fetch)


def work_ahead(jobs: Sequence[Job], entries: Mapping[JobKey, Entry], rules: Rules) -> WorkAhead:
    """Sort the jobs of one stage by what is due, in plan order."""
    to_buy: list[Job] = []
    to_fetch: list[Job] = []
    own = [job for job in jobs if job.payer is None]
    known = (entries[job.key] for job in own if job.key in entries)
    sizes = stored_sizes(known, rules.images)
    for job in own:
        due = what_is_due(entries.get(job.key), rules, sizes)
        if due in BUYING:
            to_buy.append(job)
        elif due is not Due.NOTHING:
            to_fetch.append(job)
    return WorkAhead(jobs=len(jobs), shared=len(jobs) - len(own), to_buy=to_buy, to_fetch=to_fetch)
