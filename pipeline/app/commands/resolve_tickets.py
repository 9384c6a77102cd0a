"""Settling a whole order by a person's answer, if nobody knows whether the provider accepted it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.app.commands.resolve import BY_PERSON
from pipeline.app.commands.resolve_options import Answer, ResolveOptions, ResolveReport
from pipeline.app.event_loop import run_in_loop
from pipeline.app.named_campaign import campaign_in, next_run
from pipeline.app.open import campaign_ledger, ledger_in, require_ledger
from pipeline.app.options import next_step
from pipeline.app.run.facts import reviewer_name, utc_stamp
from pipeline.errors import UsageError
from pipeline.ledger.base import Ledger
from pipeline.model.entry import Attempt, Resolution
from pipeline.model.names import Slug
from pipeline.model.ticket import Ticket, TicketId, TicketState
from pipeline.purchasing.batches.order_files import OrderFiles
from pipeline.settings import Settings
from pipeline.state.output.lock import campaign_lock
from pipeline.state.output.resolutions import note_resolution


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenTicket:
    """An order that a person can settle."""

    ticket: Ticket
    commands: tuple[str, ...]
    """A command for each answer."""


def tickets_in_doubt(options: ResolveOptions, settings: Settings) -> Sequence[OpenTicket]:
    """Return the tickets of a campaign that may have been ordered, and are not to be found."""
    campaign = campaign_in(settings.output, options.campaign)
    require_ledger(settings.output)
    found = run_in_loop(_open_tickets(settings, campaign))
    return [_open_ticket(options, one) for one in found if one.waits_for_person]


async def _open_tickets(settings: Settings, campaign: Slug) -> Sequence[Ticket]:
    async with ledger_in(settings.output, read_only=True) as ledger:
        return await ledger.open_tickets(campaign=campaign)


def _open_ticket(options: ResolveOptions, ticket: Ticket) -> OpenTicket:
    answers = ((f"--{Answer.FOUND}", "BATCH"), ("--not-charged",), (f"--{Answer.CHARGED}",))
    commands = (next_step(options, "resolve", "--ticket", ticket.id, *answer) for answer in answers)
    return OpenTicket(ticket=ticket, commands=tuple(commands))


def settle_ticket(options: ResolveOptions, settings: Settings) -> ResolveReport:
    """Settle one ticket by a person's answer; `UsageError` if it is not open.

    `FOUND`: the provider has it under the id that `url` holds, and a run collects it.
    `NOT_CHARGED`: it was never ordered, so that its images are due again. `CHARGED`: it was
    charged, and its results cannot be had.
    """
    campaign = campaign_in(settings.output, options.campaign)
    require_ledger(settings.output)
    with campaign_lock(settings.output, campaign):
        return run_in_loop(_settle(options, settings, campaign))


async def _settle(options: ResolveOptions, settings: Settings, campaign: Slug) -> ResolveReport:
    async with campaign_ledger(settings.output, campaign) as ledger:
        known = {one.id: one for one in await ledger.open_tickets(campaign=campaign)}
        ticket = known.get(TicketId(options.ticket))
        if ticket is None:
            listed = f"; open are {', '.join(known)}" if known else "; none is open"
            raise UsageError(f"there is no open ticket {options.ticket}{listed}")
        attempts = await ledger.ticket_attempts(ticket.id)
        follows = next_run(options, settings.output, campaign)
        match options.answer:
            case Answer.FOUND:
                await _found(ledger, ticket, options.url)
            case Answer.NOT_CHARGED:
                answer = Resolution.NOT_CHARGED
                await _note(ledger, settings, attempts, answer=answer, by=options.by)
                for attempt in attempts:
                    await ledger.release(attempt, reason=BY_PERSON)
                await _close(ledger, settings, ticket)
            case Answer.CHARGED:
                answer = Resolution.CHARGED
                await _note(ledger, settings, attempts, answer=answer, by=options.by)
                for attempt in attempts:
                    await ledger.doubt(attempt, reason=BY_PERSON)
                    await ledger.resolve(attempt.job, answer)
                await _close(ledger, settings, ticket)
                follows = next_run(options, settings.output, campaign, "--rebuy-lost")
            case _:
                raise UsageError(
                    f"ticket {ticket.id} is settled by --found BATCH, --not-charged or --charged"
                )
    lost, stays = options.answer is Answer.CHARGED, options.answer is not Answer.FOUND
    ground = f"its file {ticket.file} stays at the provider; delete it there" if stays else ""
    return ResolveReport(
        settled=len(attempts), ground=ground if ticket.file else "", next=follows, lost=lost
    )


async def _found(ledger: Ledger, ticket: Ticket, batch: str) -> None:
    if ticket.state is not TicketState.CREATING:
        raise UsageError(f"ticket {ticket.id} is {ticket.state.words}, as {ticket.batch or 'none'}")
    await ledger.update_ticket(
        replace(ticket, state=TicketState.OPEN, batch=batch, reason=BY_PERSON)
    )


async def _close(ledger: Ledger, settings: Settings, ticket: Ticket) -> None:
    await ledger.close_ticket(ticket.id)
    OrderFiles(settings.output).remove(ticket.id)


async def _note(
    ledger: Ledger,
    settings: Settings,
    attempts: Sequence[Attempt],
    *,
    answer: Resolution,
    by: str | None,
) -> None:
    """Record the answer for each image, before it is applied."""
    entries = await ledger.entries([attempt.job for attempt in attempts])
    for attempt in attempts:
        note_resolution(
            settings.output,
            entries[attempt.job],
            at=utc_stamp(),
            by=by or reviewer_name(),
            answer=answer,
            ground=BY_PERSON,
            url="",
            charged=None,
        )
