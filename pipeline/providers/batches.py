"""The Protocol of providers that take many requests as one order, and deliver them later."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from pipeline.model.providers.request import RenderRequest
from pipeline.model.ticket import TicketId
from pipeline.network.reply import ReplySink


class BatchPhase(StrEnum):
    """Where a batch stands."""

    WORKING = "working"
    """It is validated, made, or its files are written."""
    COMPLETED = "completed"
    REFUSED = "refused"
    """It failed its validation: nothing of it was made or charged."""
    EXPIRED = "expired"
    CANCELLED = "cancelled"


UNFINISHED = frozenset({BatchPhase.EXPIRED, BatchPhase.CANCELLED})
"""Ends of a batch before all of its lines were made; what was made is charged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderBatch:
    """One batch as its provider shows it."""

    id: str
    label: str
    """What its creator wrote into it; empty if nothing."""
    phase: BatchPhase
    status: str
    """The provider's own word for the phase."""
    expires: str = ""
    """When it ends at the latest; UTC, ISO 8601, empty if it is not told."""
    total: int = 0
    """Lines; 0 before it has been validated."""
    made: int = 0
    """Lines that were made, and charged."""
    failed: int = 0
    output: str = ""
    """Id of the file with the lines that were made; empty if there is none."""
    errors: str = ""
    """Id of the file with the other lines; empty if there is none."""
    reason: str = ""
    """Why it was refused."""
    wrong: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    """What is wrong with lines of it, by their numbers from 1."""


class BatchProvider(Protocol):
    """Batches of one account. Only the caller may send anything again.

    All methods raise a `ProviderError` if they fail. `open` alone orders something: the others may
    be repeated.
    """

    def line(self, request: RenderRequest, *, name: str) -> bytes:
        """Return the line that orders one image under a name of the caller's, with a line break.

        Raises `Rejected` for a reference that is missing or has changed. Blocks on the disk.
        """
        ...

    async def upload(self, ticket: TicketId, file: int, *, size: int) -> str:
        """Send a file of lines, from its open descriptor; return the id that it now has."""
        ...

    async def open(self, file: str, *, label: TicketId, edits: bool) -> ProviderBatch:
        """Order all lines of an uploaded file by exactly one POST.

        `edits`: the lines have references. Raises `ReplyUnknown` if the batch may exist all the
        same; `find` then tells.
        """
        ...

    async def find(self, label: TicketId, *, since: str) -> ProviderBatch | None:
        """Return the batch with this label; `None` if none was created since a time (ISO 8601)."""
        ...

    async def look(self, batch: str) -> ProviderBatch:
        """Return a batch as it is now."""
        ...

    async def lines(self, file: str, into: ReplySink) -> None:
        """Send a file of results into a sink, from `begin` to `end`.

        Raises `ReplyUnknown` if it does not come whole; the sink then got `discard` or nothing.
        Its `http` is 404 if the provider does not have the file any more.
        """
        ...

    async def delete(self, file: str) -> None:
        """Delete an uploaded file or a file of results; nothing happens if it is not there."""
        ...

    async def cancel(self, batch: str) -> ProviderBatch:
        """Ask for an end of a batch after the lines that are being made."""
        ...
