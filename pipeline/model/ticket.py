"""Tickets: accepted orders whose images come later, such as the batches of an API."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from pipeline.model.names import Account, ProfileName, Slug
from pipeline.model.run import RunId

TicketId = NewType("TicketId", str)
"""`batch-1f0c…`: unique, made here, and written into the order as its label."""


LOOKS = 2
"""How often a label is looked for in vain before a person decides."""


class TicketState(StrEnum):
    """How far a ticket has come; it never goes back."""

    PACKED = "packed"
    """Its images are reserved; nothing was sent, or only a file that orders nothing."""
    UPLOADED = "uploaded"
    """The provider has the file of its requests; nothing is ordered."""
    CREATING = "creating"
    """The one POST that orders it may have been sent."""
    OPEN = "open"
    """The provider has accepted it, under an id of its own."""
    CLOSED = "closed"
    """The provider makes nothing more for it; its lines can be settled."""
    COLLECTED = "collected"
    """Every line is settled or in doubt."""

    @property
    def words(self) -> str:
        """The state as text for a person."""
        return _STATE_WORDS[self.value]


_STATE_WORDS = {
    "packed": "packed",
    "uploaded": "uploaded",
    "creating": "ordered, not confirmed yet",
    "open": "being made",
    "closed": "made, to be collected",
    "collected": "collected",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticket:
    """One order of many images, as the ledger has it. It outlives the run that opened it."""

    id: TicketId
    run: RunId
    campaign: Slug
    account: Account
    profile: ProfileName
    model: str
    images: int
    """How many images it orders."""
    packed: str
    """UTC, ISO 8601 with milliseconds and `Z`."""
    state: TicketState = TicketState.PACKED
    changed: str = ""
    """When it was last recorded; UTC, ISO 8601."""
    file: str = ""
    """The provider's id of the file of its requests."""
    batch: str = ""
    """The provider's id of the order; empty until it is known."""
    expires: str = ""
    """When the provider ends it at the latest; UTC, ISO 8601, empty if it is not known."""
    misses: int = 0
    """How often its label was looked for in vain, after an answer to the POST was lost."""
    missed: str = ""
    """When its label was last looked for in vain; UTC, ISO 8601."""
    reason: str = ""
    """Why it waits for a person, or how the provider ended it."""

    @property
    def waits_for_person(self) -> bool:
        """True if its order may have been accepted, and the provider's list does not show it."""
        return self.state is TicketState.CREATING and self.misses >= LOOKS
