"""How a ticket advances: what may be recorded of it after what."""

from pipeline.ledger.row_store import RowStore
from pipeline.ledger.rows import TicketRow, moment_of, storable, ticket_of
from pipeline.model.names import Account, Slug
from pipeline.model.ticket import Ticket, TicketId, TicketState

_ORDER = tuple(TicketState)


def open_tickets(
    store: RowStore, *, campaign: Slug | None, account: Account | None
) -> list[Ticket]:
    """Return the tickets that are not collected, oldest first."""
    tickets = [ticket_of(row, store.run_by_id(row.run).run) for row in store.open_tickets()]
    return [
        ticket
        for ticket in tickets
        if campaign in {None, ticket.campaign} and account in {None, ticket.account}
    ]


def update(store: RowStore, now: int, ticket: Ticket) -> None:
    """Record how far a ticket has come; raise `ValueError` for a step back, or another order."""
    row = _row(store, ticket.id)
    if _ORDER.index(ticket.state) < _ORDER.index(row.state):
        raise ValueError(f"ticket {row.name} is {row.state}, and cannot be {ticket.state} again")
    if ticket.state is TicketState.COLLECTED:
        raise ValueError(f"ticket {row.name} is collected only by `close_ticket`")
    for known, told in ((row.file, ticket.file), (row.batch, ticket.batch)):
        if known and told != known:
            raise ValueError(f"ticket {row.name} is ordered as {known}, not {told or 'nothing'}")
    row.state, row.changed, row.reason = ticket.state, now, storable(ticket.reason)
    row.file, row.batch = storable(ticket.file), storable(ticket.batch)
    row.expires, row.missed = moment_of(ticket.expires), moment_of(ticket.missed)
    row.misses = ticket.misses
    store.save_ticket(row)


def close(store: RowStore, now: int, ticket: TicketId) -> None:
    """Record that every line of a ticket is settled; raise `ValueError` if one is not."""
    row = _row(store, ticket)
    if row.state is TicketState.COLLECTED:
        return
    unsettled = len(store.ticket_attempts(row.id))
    if unsettled:
        raise ValueError(f"{unsettled} lines of ticket {ticket} are not settled")
    row.state, row.changed = TicketState.COLLECTED, now
    store.save_ticket(row)


def _row(store: RowStore, ticket: TicketId) -> TicketRow:
    row = store.ticket(ticket)
    if row is None:
        raise ValueError(f"there is no ticket {ticket}")
    return row
