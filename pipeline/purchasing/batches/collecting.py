"""Collecting tickets: what earlier runs ordered is looked for, looked at, and settled."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import assert_never

from pipeline.errors import (
    Interrupted,
    LocalFault,
    ProviderError,
    ProviderStopped,
    ReplyUnknown,
)
from pipeline.model.entry import Attempt
from pipeline.model.outcome import Failed, FailureKind
from pipeline.model.ticket import LOOKS, Ticket, TicketState
from pipeline.providers.batches import UNFINISHED, BatchPhase, ProviderBatch
from pipeline.providers.openai_api.kept_replies import KeptReply
from pipeline.purchasing.batches.order_files import OrderFiles
from pipeline.purchasing.batches.ordering import Tickets
from pipeline.purchasing.batches.result_lines import ResultLines, Unanswered, remove_leftover
from pipeline.purchasing.events import TicketMoved
from pipeline.purchasing.recovery import forget_settled, settle_by_reply
from pipeline.purchasing.sealed_replies import SealedReplies, reply_name

BETWEEN_LOOKS = timedelta(minutes=2)
"""Time between two looks that count: the list of batches may lag behind."""
UNFOUND = "its order may have been accepted, and is not in the provider's list: a person decides"
_NOT_FOUND = 404
NEVER_ORDERED = "the run that packed it ended before it was ordered"


@dataclass(frozen=True, kw_only=True, slots=True)
class Collecting:
    """Collects the tickets of one campaign and account."""

    tickets: Tickets
    replies: SealedReplies
    looks_apart: timedelta = field(default_factory=lambda: BETWEEN_LOOKS)

    async def collect(self) -> None:
        """Bring every open ticket as far as it can go, oldest first.

        A provider that cannot be asked about one ticket is asked about the next; a refused key
        halts the run. Collecting costs nothing: it goes on if the run only may not buy any more.
        """
        run = self.tickets.run
        await self._sweep()
        ledger = self.tickets.ledger
        found = await ledger.open_tickets(campaign=run.campaign, account=run.account)
        alive = {one.run.id for one in await ledger.living_runs(run.campaign)} - {run.id}
        for ticket in found:
            if ticket.run in alive:  # another machine is ordering or collecting it
                continue
            if isinstance(self.tickets.halt.reason, Interrupted | LocalFault):
                return
            try:
                await self._collect(ticket)
            except ProviderStopped as error:
                self.tickets.halt.because(error)
                return
            except ProviderError as error:
                self.tickets.listen(TicketMoved(ticket=replace(ticket, reason=str(error))))

    async def forget_settled(self) -> None:
        """Remove the lines whose images are stored; they take as much disk as the images."""
        await forget_settled(self.tickets.ledger, self.tickets.run.campaign, self.replies)

    async def _sweep(self) -> None:
        """Remove the files of tickets that were collected by a run that died before it did so.

        A ticket is in the ledger before its file is written, so the files are listed first.
        """
        files = self.tickets.files
        kept = await asyncio.to_thread(files.tickets)
        known = {one.id for one in await self.tickets.ledger.open_tickets()} if kept else set()
        for ticket in sorted(kept - known):
            await asyncio.to_thread(files.remove, ticket)

    async def _collect(self, ticket: Ticket) -> None:
        match ticket.state:
            case TicketState.PACKED | TicketState.UPLOADED:
                await self._left_behind(ticket)
            case TicketState.CREATING:
                await self._look_for(ticket)
            case TicketState.OPEN | TicketState.CLOSED:
                await self._look_at(ticket)
            case TicketState.COLLECTED:
                return
            case _:
                assert_never(ticket.state)

    async def _left_behind(self, ticket: Ticket) -> None:
        """Free a ticket that its run did not order, unless the ledger is older than the order."""
        found = await self.tickets.batches.find(ticket.id, since=ticket.packed)
        if found is None:
            await self.tickets.free(ticket, NEVER_ORDERED)
        else:
            await self._look_at(await self.tickets.opened(ticket, found))

    async def _look_for(self, ticket: Ticket) -> None:
        """Look for a ticket whose acceptance was never heard of."""
        found = await self.tickets.batches.find(ticket.id, since=ticket.packed)
        if found is not None:
            await self._look_at(await self.tickets.opened(ticket, found))
            return
        now = datetime.now(UTC)
        last = datetime.fromisoformat(ticket.missed) if ticket.missed else None
        if last is None or now - last >= self.looks_apart:
            missed = now.isoformat(timespec="milliseconds")
            ticket = replace(ticket, misses=ticket.misses + 1, missed=missed)
        if ticket.misses >= LOOKS:
            ticket = replace(ticket, reason=UNFOUND)
        await self.tickets.moved(ticket)

    async def _look_at(self, ticket: Ticket) -> None:
        """Settle a ticket if its batch is over; otherwise tell how far it is."""
        batch = await self.tickets.batches.look(ticket.batch)
        if batch.phase is BatchPhase.WORKING:
            done = f"{batch.made + batch.failed} of {ticket.images} are made"
            self.tickets.listen(
                TicketMoved(ticket=replace(ticket, expires=batch.expires, reason=done))
            )
            return
        if ticket.state is TicketState.OPEN:
            ticket = await self.tickets.moved(
                replace(ticket, state=TicketState.CLOSED, reason=batch.reason)
            )
        if batch.phase is BatchPhase.REFUSED and not batch.made:
            await self._refused(ticket, batch)
        else:
            await self._settle(ticket, batch)

    async def _refused(self, ticket: Ticket, batch: ProviderBatch) -> None:
        """Free a batch that failed its validation; the lines that are to blame have failed.

        If no line is to blame, the next order would be refused as well: the run orders nothing.
        """
        named = await asyncio.to_thread(
            blamed, self.tickets.files, ticket, batch, await self._attempts(ticket)
        )
        for attempt, reason in named.items():
            failure = Failed(kind=FailureKind.REJECTED, reason=reason)
            await self.tickets.ledger.fail(attempt, failure)
        said = batch.reason.rstrip(".") or "it says no reason"
        reason = f"the provider refused the batch: {said}"
        await self.tickets.free(ticket, reason)
        if not named:
            self.tickets.halt.because(ProviderStopped(f"{reason}; nothing was charged"))

    async def _settle(self, ticket: Ticket, batch: ProviderBatch) -> None:
        """Settle every line of a batch that is over."""
        await self._settle_sealed(ticket)
        results = [file for file in (batch.output, batch.errors) if file]
        unanswered, gone = Unanswered(), ""
        for file in results if await self._attempts(ticket) else ():
            sink = ResultLines(
                self.replies,
                ticket,
                attempts=await self._attempts(ticket),
                settle=self._settle_line,
                unanswered=unanswered,
            )
            try:
                await self.tickets.batches.lines(file, sink)
            except ReplyUnknown as error:
                if error.http != _NOT_FOUND:
                    raise
                gone = f"the provider does not have the file {file} of its results any more"
        ledger, doubts = self.tickets.ledger, 0
        for name, attempt in (await self._attempts(ticket)).items():
            if name in unanswered.not_made:
                await ledger.release(attempt, reason=unanswered.not_made[name])
            elif name in unanswered.unknown:
                doubts += 1
                await ledger.doubt(attempt, reason=unanswered.unknown[name])
            elif batch.phase in UNFINISHED and len(unanswered.made) >= batch.made:
                # every line that was made is in the files: this one was not
                await ledger.release(attempt, reason=f"the batch {batch.status} before it was made")
            else:
                doubts += 1
                await ledger.doubt(attempt, reason=gone or _missing(batch))
        await asyncio.to_thread(remove_leftover, self.replies.root, ticket)
        ending = batch.status
        if unanswered.twice:
            names = ", ".join(sorted(unanswered.twice))
            ending += f"; came twice, so look in the provider's log what was charged: {names}"
        await self.tickets.finish(ticket, ending, results=results, doubts=doubts)

    async def _settle_sealed(self, ticket: Ticket) -> None:
        """Settle the lines that a run sealed and did not settle before it died."""
        for attempt in (await self._attempts(ticket)).values():
            kept = await asyncio.to_thread(self.replies.find, attempt)
            if kept is not None:
                await self._settle_line(attempt, kept)

    async def _settle_line(self, attempt: Attempt, kept: KeptReply) -> None:
        await settle_by_reply(self.tickets.ledger, attempt, kept)
        self.tickets.waits.moved()

    async def _attempts(self, ticket: Ticket) -> Mapping[str, Attempt]:
        """Return the attempts of a ticket that are not settled, by the names of their lines."""
        attempts = await self.tickets.ledger.ticket_attempts(ticket.id)
        return {reply_name(attempt): attempt for attempt in attempts}


def blamed(
    files: OrderFiles, ticket: Ticket, batch: ProviderBatch, attempts: Mapping[str, Attempt]
) -> Mapping[Attempt, str]:
    """Return the lines that a batch was refused for, with the reason; blocks on the disk."""
    names = files.names_of_lines(ticket.id, frozenset(batch.wrong)) if batch.wrong else {}
    found = ((attempts.get(names.get(number, "")), why) for number, why in batch.wrong.items())
    return {attempt: why for attempt, why in found if attempt is not None}


def _missing(batch: ProviderBatch) -> str:
    if not batch.output:
        return f"the batch {batch.id} is {batch.status} and has no output file"
    return f"the batch {batch.id} is {batch.status}, and it is in neither of its files"
