"""Images counted one by one as planning draws them: a million pass, none is kept."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.model.credits import FREE, Credits
from pipeline.model.job import Job, JobKey
from pipeline.model.outcome import Stored
from pipeline.state.due import Due, Rules, what_is_due
from pipeline.state.saved_plans import DueReason, LedgerLookup
from pipeline.state.work_ahead import BUYING, DIGESTS, digest_of

MOST_LISTED = 1000
"""Images that are named one by one; the rest is only counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedImage:
    """One image that a plan names."""

    job: JobKey
    cell: str
    why: DueReason | None
    """`None` for an image that is only fetched."""


@dataclass(kw_only=True, slots=True)
class CountedWork:
    """What lies ahead at one stage: the numbers of a `Forecast` without its jobs."""

    rules: Rules
    known: LedgerLookup
    sizes: Mapping[str, int]
    """Of the stored images that are there, by path."""
    jobs: int = 0
    """All images of the stage."""
    shared: int = 0
    """Images that another cell's render pays for."""
    first_takes: int = 0
    """Renders of a cell's first take, shared ones counted once."""
    buying: int = 0
    fetching: int = 0
    on_disk: int = 0
    credits: Credits = FREE
    """The most that this stage adds to the bill."""
    worth: Credits = FREE
    """What all its images cost together, those on disk included."""
    why: Counter[DueReason] = field(default_factory=Counter)
    to_buy: list[ListedImage] = field(default_factory=list)
    """The first of them, and below."""
    to_fetch: list[ListedImage] = field(default_factory=list)
    _sum: int = 0

    @property
    def digest(self) -> int:
        """Of the work, in whatever order it is counted."""
        return self._sum % DIGESTS

    @property
    def done(self) -> int:
        """Images for which nothing is to be done now."""
        return self.jobs - self.shared - self.buying - self.fetching

    def add(self, job: Job, *, own: bool, price: Credits) -> bool:
        """Count one image; whether it would be bought. `own`: no other cell's render pays it."""
        self.jobs += 1
        entry = self.known.entries.get(job.key)
        if entry is not None and isinstance(entry.outcome, Stored):
            self.on_disk += 1
        if not own:
            self.shared += 1
            return False
        self.worth = Credits(self.worth + price)
        if job.at.take == 1:
            self.first_takes += 1
        due = what_is_due(entry, self.rules, self.sizes)
        if due in BUYING:
            self._buy(job, price)
            return True
        if due is not Due.NOTHING:
            self._fetch(job)
        return False

    def _buy(self, job: Job, price: Credits) -> None:
        why = self.known.why(job)
        self.buying += 1
        self.why[why] += 1
        self.credits = Credits(self.credits + price)
        self._sum += digest_of(job, price)
        if len(self.to_buy) < MOST_LISTED:
            self.to_buy.append(ListedImage(job=job.key, cell=job.at.cell, why=why))

    def _fetch(self, job: Job) -> None:
        self.fetching += 1
        self._sum += digest_of(job, None)
        if len(self.to_fetch) < MOST_LISTED:
            self.to_fetch.append(ListedImage(job=job.key, cell=job.at.cell, why=None))


def count_reasons(tallies: Sequence[CountedWork]) -> list[tuple[DueReason, int]]:
    """How many images are due for each reason, in the order of `DueReason`."""
    counts = sum((one.why for one in tallies), Counter[DueReason]())
    return [(reason, counts[reason]) for reason in DueReason if counts[reason]]
