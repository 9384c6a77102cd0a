"""What a run would do at one stage and what it would cost, counted before anything is sent."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from pipeline.images.base import stored_sizes
from pipeline.model.entry import Entry
from pipeline.model.job import Job, JobKey
from pipeline.model.money import FREE, Amount
from pipeline.model.names import CellName
from pipeline.model.outcome import Status, Stored
from pipeline.model.packed.containers import PackedSequence, batched
from pipeline.model.packed.rows import packed_jobs
from pipeline.state.due import Due, Rules, what_is_due
from pipeline.state.lookup import Entries

BUYING = frozenset({Due.BUY, Due.BUY_AGAIN})
LOOKED_FOR = 2000
"""Images that are looked for in the store at one time."""
CELLS = 500
"""Cells whose images are looked for at one time."""
DIGESTS = 1 << 256
"""Modulus of the sum of all images' digests, which does not depend on their order."""


@dataclass(kw_only=True, slots=True)
class WorkAhead:
    """The work ahead at one stage, counted image by image in plan order."""

    entries: Entries
    rules: Rules
    most_listed: int | None = None
    """Most images that are kept in each list; the others are only counted. `None`: no limit."""
    jobs: int = 0
    """All images of the stage."""
    shared: int = 0
    """Images that another cell's render pays for."""
    first_takes: int = 0
    """Renders of a cell's first take, shared ones counted once."""
    stored: int = 0
    """Images that were stored; shared ones are counted once."""
    in_doubt: int = 0
    """Images that are not bought until a person says what they cost."""
    ordered: int = 0
    """Images that an open ticket orders; a run collects them."""
    buying: int = 0
    fetching: int = 0
    amount: Amount = FREE
    """The most that this stage adds to the bill."""
    worth: Amount = FREE
    """The price of all its images, including those on disk."""
    to_buy: PackedSequence[Job] = field(default_factory=lambda: packed_jobs(()))
    to_fetch: PackedSequence[Job] = field(default_factory=lambda: packed_jobs(()))
    """Images to fetch without a new charge: paid for, or in doubt under a key that still holds."""
    _digests: int = 0
    _known: Mapping[JobKey, Entry] = field(default_factory=dict)
    _sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def digest(self) -> int:
        """Digest of what is bought at which price and what is fetched, in any order."""
        return self._digests % DIGESTS

    @property
    def done(self) -> int:
        """Images that need nothing, from a run or from a person."""
        return self.jobs - self.shared - self.buying - self.fetching - self.in_doubt - self.ordered

    def look(self, jobs: Iterable[Job]) -> None:
        """Look in the store for the images of the jobs that are added next, all at once."""
        found = ((job.key, self.entries.get(job.key)) for job in jobs if job.payer is None)
        self._known = {key: entry for key, entry in found if entry is not None}
        self._sizes = stored_sizes(self._known.values(), self.rules.images)

    def add(self, job: Job, *, price: Amount) -> Due:
        """Count one image and return its next step; `price` is what it costs if it is bought.

        `look` has been called for it.
        """
        self.jobs += 1
        if job.payer is not None:
            self.shared += 1
            return Due.NOTHING
        entry = self._known.get(job.key)
        if entry is not None and isinstance(entry.outcome, Stored):
            self.stored += 1
        self.worth = Amount(self.worth + price)
        if job.at.take == 1:
            self.first_takes += 1
        due = what_is_due(entry, self.rules, self._sizes)
        if due in BUYING:
            self.buying += 1
            self.amount = Amount(self.amount + price)
            self._list(self.to_buy, job, f"{job.key} {price}")
        elif due is Due.NOTHING and entry is not None and entry.status is Status.IN_DOUBT:
            self.in_doubt += 1
        elif entry is not None and entry.ordered:
            self.ordered += 1
        elif due is not Due.NOTHING:
            self.fetching += 1
            self._list(self.to_fetch, job, f"{job.key} fetch")
        return due

    def _list(self, images: PackedSequence[Job], job: Job, fact: str) -> None:
        self._digests += int.from_bytes(sha256(fact.encode()).digest())
        if self.most_listed is None or len(images) < self.most_listed:
            images.append(job)


def looked_for(
    ahead: WorkAhead, cells: Iterator[tuple[CellName, Sequence[Job]]]
) -> Iterator[tuple[CellName, Sequence[Job]]]:
    """Yield cells with their images, once these were looked for in the store."""
    for some in batched(cells, CELLS):
        ahead.look(job for _, images in some for job in images)
        yield from some


def work_ahead(jobs: Sequence[Job], entries: Entries, rules: Rules) -> WorkAhead:
    """Count the work on these jobs of one stage and list all of it."""
    ahead = WorkAhead(entries=entries, rules=rules)
    for some in batched(jobs, LOOKED_FOR):
        ahead.look(some)
        for job in some:
            ahead.add(job, price=job.price)
    return ahead
