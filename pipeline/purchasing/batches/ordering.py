"""Ordering images in batches: reserve, write the order, upload it, and send one POST for it."""

import asyncio
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from pipeline.errors import (
    BudgetReached,
    CircuitOpen,
    LeaseLost,
    NotSent,
    ProviderError,
    ProviderStopped,
    Rejected,
    ReplyUnknown,
    Throttled,
)
from pipeline.ledger.base import Ledger
from pipeline.model.entry import Attempt
from pipeline.model.job import Job
from pipeline.model.money import Budget
from pipeline.model.outcome import Failed, FailureKind
from pipeline.model.run import Run
from pipeline.model.ticket import Ticket, TicketId, TicketState
from pipeline.providers.batches import BatchProvider, ProviderBatch
from pipeline.purchasing.batches.order_files import OrderFiles
from pipeline.purchasing.batches.packing import BatchLimits, packed
from pipeline.purchasing.events import Listen, RequestSent, TicketMoved
from pipeline.purchasing.halt import Halt
from pipeline.purchasing.pacing import Sleep
from pipeline.purchasing.retry import backoff
from pipeline.purchasing.sealed_replies import reply_name
from pipeline.purchasing.worker_pool import Waits

NOT_ORDERED = "the order was given up before it was sent"
DELETE_PATIENCE = 30.0
"""Seconds to wait for the provider to delete a file, which nothing depends on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tickets:
    """The tickets of one run: what ordering and collecting share."""

    batches: BatchProvider
    ledger: Ledger
    run: Run
    budget: Budget
    halt: Halt
    files: OrderFiles
    listen: Listen
    limits: BatchLimits = field(default_factory=BatchLimits)
    waits: Waits = field(default_factory=Waits)
    send_tries: int = 4
    sleep: Sleep = asyncio.sleep

    async def moved(self, ticket: Ticket) -> Ticket:
        """Record how far a ticket has come, and tell it."""
        await self.ledger.update_ticket(ticket)
        self.waits.moved()
        self.listen(TicketMoved(ticket=ticket))
        return ticket

    async def opened(self, ticket: Ticket, batch: ProviderBatch) -> Ticket:
        """Record that the provider has accepted a ticket as this batch."""
        return await self.moved(
            replace(
                ticket,
                state=TicketState.OPEN,
                batch=batch.id,
                expires=batch.expires,
                reason="",
            )
        )

    async def free(self, ticket: Ticket, reason: str) -> None:
        """Free all images of a ticket that are not settled, since nothing of them was ordered."""
        for attempt in await self.ledger.ticket_attempts(ticket.id):
            await self.ledger.release(attempt, reason=reason)
        await self.finish(ticket, reason)

    async def finish(
        self, ticket: Ticket, reason: str = "", *, results: Sequence[str] = (), doubts: int = 0
    ) -> None:
        """Close a ticket whose images are settled, and remove its files here and there.

        The provider's copies go first: a run that is killed in between looks at the ticket again,
        and needs none of them, since every line is recorded. They stay if lines are in doubt: a
        person may find in them what happened.
        """
        files = [file for file in (ticket.file, *results) if file]
        if doubts:
            stay = f"its files stay at the provider: {', '.join(files)}"
            kept = f"{doubts} in doubt, so {stay}"
        else:
            kept = await self._delete(files)
        reason = "; ".join(filter(None, (reason, kept)))
        await self.ledger.close_ticket(ticket.id)
        self.listen(TicketMoved(ticket=replace(ticket, state=TicketState.COLLECTED, reason=reason)))
        await asyncio.to_thread(self.files.remove, ticket.id)

    async def _delete(self, files: Sequence[str]) -> str:
        """Delete files at the provider; return what a person has to do about those that remain."""
        for number, file in enumerate(files):
            try:
                async with asyncio.timeout(DELETE_PATIENCE):
                    await self.batches.delete(file)
            except (ProviderError, TimeoutError) as error:
                why = str(error) or f"no answer within {DELETE_PATIENCE:.0f} s"
                rest = ", ".join(files[number:])
                return f"delete {rest} at the provider, which did not: {why}"
        return ""

    async def order_all(self, jobs: Sequence[Job]) -> None:
        """Order these jobs, in as many batches as they need, until the run stops buying.

        An order is sent by the run that packed it, or never: what a dead run has packed is freed
        by the next one, which packs what is due then.
        """
        for group in packed(jobs, self.limits):
            if self.halt:
                return
            await self._order(group)

    async def _order(self, jobs: Sequence[Job]) -> None:
        name = TicketId(f"batch-{secrets.token_hex(8)}")
        try:
            attempts = await self.ledger.order(jobs, run=self.run, budget=self.budget, ticket=name)
        except (BudgetReached, CircuitOpen, LeaseLost, ProviderStopped) as refused:
            self.halt.because(refused)  # the last three: met by another run, or taken over by it
            return
        (ticket,) = [one for one in await self.ledger.open_tickets() if one.id == name]
        self.listen(TicketMoved(ticket=ticket))
        ordered = dict(zip(attempts, jobs, strict=False))
        failed = await asyncio.to_thread(self._write, ticket.id, ordered)
        for attempt, reason in failed.items():
            failure = Failed(kind=FailureKind.REJECTED, reason=reason)
            await self.ledger.fail(attempt, failure)
        if len(failed) == len(ordered):
            await self.finish(ticket, "no image of it can be ordered")
        elif self.halt:
            await self.free(ticket, NOT_ORDERED)
        else:
            for attempt, job in ordered.items():
                if attempt not in failed:  # told before it is sent, in case the ledger is lost
                    line = reply_name(attempt)
                    self.listen(
                        RequestSent(job=job, attempt=attempt.number, ticket=ticket.id, line=line)
                    )
            await self._send(ticket, edits=bool(jobs[0].request.references))

    def _write(self, ticket: TicketId, ordered: Mapping[Attempt, Job]) -> Mapping[Attempt, str]:
        """Write the file of an order; return why some images cannot be in it."""
        failed: dict[Attempt, str] = {}

        def lines() -> Iterator[bytes]:
            for attempt, job in ordered.items():
                try:
                    yield self.batches.line(job.request, name=reply_name(attempt))
                except Rejected as error:
                    failed[attempt] = str(error)

        self.files.write(ticket, lines())
        return failed

    async def _send(self, ticket: Ticket, *, edits: bool) -> None:
        """Upload an order and send the POST for it, or free its images if that cannot be."""
        try:
            file = await self._upload(ticket.id)
            ticket = await self.moved(replace(ticket, state=TicketState.UPLOADED, file=file))
            if self.halt:
                await self.free(ticket, NOT_ORDERED)
                return
            ticket = await self.moved(replace(ticket, state=TicketState.CREATING))
            batch = await self._open(ticket, edits=edits)
        except ReplyUnknown as error:
            await self._look_after(ticket, error)
        except ProviderError as error:
            await self.free(ticket, str(error))
            self.halt.because(_for_all(error))
        else:
            await self.opened(ticket, batch)

    async def _upload(self, ticket: TicketId) -> str:
        """Upload an order; this orders nothing, so that it may be repeated."""
        tries = 0
        while True:
            tries += 1
            file = await asyncio.to_thread(self.files.open, ticket)
            try:
                return await self.batches.upload(ticket, file, size=os.fstat(file).st_size)
            except (NotSent, ReplyUnknown, Throttled) as error:
                if tries >= self.send_tries or self.halt:
                    raise NotSent(f"the order could not be uploaded: {error}") from error
                await self.sleep(_pause(error, tries))
            finally:
                os.close(file)

    async def _open(self, ticket: Ticket, *, edits: bool) -> ProviderBatch:
        """Send the POST; again only if provably no byte of it was sent."""
        tries = 0
        while True:
            tries += 1
            try:
                return await self.batches.open(ticket.file, label=ticket.id, edits=edits)
            except NotSent as error:
                if tries >= self.send_tries or self.halt:
                    raise
                await self.sleep(_pause(error, tries))

    async def _look_after(self, ticket: Ticket, lost: ReplyUnknown) -> None:
        """Look for an order whose acceptance was not heard of; later runs look again."""
        ticket = replace(ticket, reason=str(lost))
        try:
            found = await self.batches.find(ticket.id, since=ticket.packed)
        except ProviderError:
            await self.moved(ticket)  # nobody can look now
            return
        if found is not None:
            await self.opened(ticket, found)
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        await self.moved(replace(ticket, misses=1, missed=now))


def _pause(error: ProviderError, tries: int) -> float:
    asked = error.retry_after if isinstance(error, Throttled) else None
    return backoff(tries, first=0.5, longest=15.0) if asked is None else asked


def _for_all(error: ProviderError) -> ProviderStopped:
    """Return the reason to stop for an error that concerns every further order as well."""
    if isinstance(error, ProviderStopped):
        return error
    return ProviderStopped(f"no batch could be ordered, and nothing was charged: {error}")
