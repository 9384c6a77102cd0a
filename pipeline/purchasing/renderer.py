"""Rendering a job from its present state to its outcome: buy, download, inspect, store."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import assert_never

from pipeline.errors import LeaseLost, LocalFault
from pipeline.images.names import first_name, without_ending
from pipeline.model.entry import Entry, Resolution
from pipeline.model.job import Job, JobKey
from pipeline.model.outcome import Failed, InDoubt, Outcome, Paid, PaidLost, Stored
from pipeline.model.packed.containers import HashIndex
from pipeline.purchasing.batches.ordering import Tickets
from pipeline.purchasing.buying import Bought, Purchasing
from pipeline.purchasing.downloading import Downloader, path_of
from pipeline.purchasing.worker_pool import work_through
from pipeline.system_errors import expected_errors

Delivered = Callable[[Job, Outcome | None], None]
"""Called when a job ends; `None` means that it stays due."""

WORKERS_PER_REQUEST = 2
"""Two, so that one worker can download while another sends a request."""

PROOF_OF_LIFE = 24 * 3600.0
"""Seconds after a paid image during which the first purchase need not go alone."""


class Renderer:
    """Renders the jobs of one run; each step is recorded in the ledger before it has an effect."""

    def __init__(
        self, *, purchasing: Purchasing, downloader: Downloader, tickets: Tickets | None = None
    ) -> None:
        """With `tickets`, what is bought is ordered in batches."""
        self._purchasing, self._downloader, self._tickets = purchasing, downloader, tickets
        self._alone = asyncio.Lock()
        self._proven = False

    async def warm_up(self, *, now: datetime) -> None:
        """Send the first purchase alone, unless this account has paid for an image recently.

        A wrong key, URL or model then costs one request instead of one per worker.
        """
        await self._purchasing.known_images.load()
        last = await self._purchasing.ledger.last_paid(self._purchasing.provider.account)
        self._proven = last is not None and (
            abs((now.astimezone(UTC) - last).total_seconds()) < PROOF_OF_LIFE
        )

    async def prepare_paths(self, jobs: Sequence[Job], known: Mapping[JobKey, Entry]) -> None:
        """Before anything is sent, free the paths of older images, and refuse foreign files.

        `known` are all entries of the campaign by job; images of the jobs in `jobs` stay in place.
        """
        wanted, current = HashIndex(), HashIndex()
        for job in jobs if known else ():
            wanted.add(hash(without_ending(path_of(job))))
            current.add(hash(job.key))
        for entry in known.values():
            if not isinstance(entry.outcome, Stored) or hash(entry.key) in current:
                continue
            older = entry.outcome.artifact
            self._downloader.of_other_jobs.add(hash(older.sha256))
            if hash(without_ending(older.path)) in wanted:
                await self._downloader.give_second_name(older, of=entry)
            elif hash(without_ending(first := first_name(older))) in wanted:
                # an earlier run gave it a second name, and stopped before the newer image landed
                self._downloader.allow_replacing(replace(older, path=first))
        for job in jobs:
            own = known.get(job.key)
            if own is None or isinstance(own.outcome, Failed | None):
                self._downloader.refuse_foreign(job)

    async def render_all(
        self, jobs: Sequence[Job], entries: Mapping[JobKey, Entry], delivered: Delivered
    ) -> None:
        """Render every job, each from its present state, and report its outcome; see `render`.

        Raises an `ExceptionGroup`, as `work_through` does.
        """

        async def work(job: Job) -> None:
            delivered(job, await self.render(job, entries.get(job.key)))

        workers = WORKERS_PER_REQUEST * self._purchasing.settings.concurrency
        await work_through(jobs, work, workers=workers)

    @property
    def orders(self) -> bool:
        """True if images are ordered in batches, and collected by a later run."""
        return self._tickets is not None

    async def order_all(
        self, jobs: Sequence[Job], entries: Mapping[JobKey, Entry], delivered: Delivered
    ) -> None:
        """Order every job in batches; a lost image is first downloaded once more.

        A fault of this machine or another run in its place halts the run, as in `render`.
        """
        if self._tickets is None:
            raise ValueError("this run orders no batches")
        try:
            with expected_errors():
                due = []
                for job in jobs:
                    known = entries[job.key].outcome if job.key in entries else None
                    if isinstance(known, PaidLost):
                        found = await self._ask_once_more(job, known)
                        if found is not None:
                            delivered(job, found)
                            continue
                    due.append(await self._purchasing.with_draft(job))
                await self._tickets.order_all(due)
        except (LocalFault, LeaseLost) as fault:
            self._purchasing.halt.because(fault)

    async def render(self, job: Job, entry: Entry | None) -> Outcome | None:
        """Take one job as far as possible; return `None` if it stays due.

        A fault of this machine halts the run, and so does another run that took its place: nothing
        more is bought, and what is paid for stays in the ledger.
        """
        try:
            with expected_errors():
                return await self._render(job, entry.outcome if entry else None)
        except (LocalFault, LeaseLost) as fault:
            self._purchasing.halt.because(fault)
            return None

    async def _render(self, job: Job, known: Outcome | None) -> Outcome | None:
        match known:
            case Stored():  # its file is gone
                return await self._fetch(job, _to_download(known))
            case Paid():
                return await self._fetch(job, known, may_have_landed=True)
            case PaidLost():
                found = await self._ask_once_more(job, known)
                if found is not None:
                    return found
            case Failed() | InDoubt() | None:
                pass
            case _:
                assert_never(known)
        bought = await self._buy(job, replay=isinstance(known, InDoubt))
        return await self._fetch(job, bought) if isinstance(bought, Paid) else bought

    async def _ask_once_more(self, job: Job, lost: PaidLost) -> Outcome | None:
        """Try to download a lost image before it is bought again; `None` if it has to be bought.

        A host that was down, or that sent something else than an image, may still have it.
        """
        if lost.url:
            found = await self._fetch(job, _to_download(lost))
            if not isinstance(found, PaidLost):
                return found
        if self._purchasing.halt:
            return lost
        await self._purchasing.ledger.resolve(job.key, Resolution.REBUY)
        return None

    async def _fetch(self, job: Job, paid: Paid, *, may_have_landed: bool = False) -> Outcome:
        if self._purchasing.halt.disk_is_lost:
            return paid
        return await self._downloader.fetch(job, paid, may_have_landed=may_have_landed)

    async def _buy(self, job: Job, *, replay: bool) -> Bought | None:
        if not self._proven:
            async with self._alone:
                if not self._proven:
                    try:
                        return await self._purchasing.buy(job, replay=replay, alone=True)
                    finally:
                        self._proven = True
        return await self._purchasing.buy(job, replay=replay)


def _to_download(known: Stored | PaidLost) -> Paid:
    return Paid(url=known.url, amount=known.amount, in_doubt=known.in_doubt)
