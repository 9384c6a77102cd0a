"""The log of a run, one JSON object per line: `log.jsonl`, and stderr with `--log json`."""
# ruff: noqa: D102 - Watcher documents each method

import contextlib
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol, assert_never

from pipeline.model.job import Job
from pipeline.model.money import Amount, Unit
from pipeline.model.names import Stage
from pipeline.model.outcome import (
    Failed,
    FailureKind,
    InDoubt,
    Outcome,
    Paid,
    PaidLost,
    Stored,
    status_of,
)
from pipeline.model.ticket import Ticket
from pipeline.purchasing.events import (
    BuyingHalted,
    Event,
    PaidUnrecorded,
    PoolPaused,
    RequestSent,
    Retrying,
    SameImage,
    StageOpening,
    StillWaiting,
    TicketMoved,
)

VERSION = 1


class JournalStream(Protocol):
    """A stream for a journal: a file, a terminal, or a `BackgroundWriter`."""

    def write(self, text: str, /) -> int:
        """Write a text."""
        ...

    def flush(self) -> None:
        """Make the text that was written visible to readers."""
        ...


class Journal:
    """A watcher that writes events; if a stream fails, it stops writing, and the run goes on."""

    def __init__(
        self, *streams: JournalStream, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._streams, self._now = streams, now
        self._flushed = 0.0
        self._unit = Unit.CREDITS
        """What the account counts in; known once a stage begins."""

    def write(self, event: str, **facts: object) -> None:
        """Write one event with its fields."""
        at = self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"event": event, "at": at, **facts}, ensure_ascii=True) + "\n"
        for stream in self._streams:
            with contextlib.suppress(OSError, ValueError):
                stream.write(line)
        self.flush(at_most_every=1.0)

    def flush(self, *, at_most_every: float = 0.0) -> None:
        """Flush the streams, at most once in so many seconds, since flushing every line is slow."""
        if time.monotonic() - self._flushed < at_most_every:
            return
        self._flushed = time.monotonic()
        for stream in self._streams:
            with contextlib.suppress(OSError, ValueError):
                stream.flush()

    def _cost(self, amount: Amount) -> dict[str, Amount]:
        return {self._unit.field: amount}

    def opened(self, opening: StageOpening) -> None:
        self._unit = opening.money.unit
        self.write(
            "plan",
            stage=opening.stage,
            jobs=opening.jobs,
            to_buy=opening.to_buy,
            to_fetch=opening.to_fetch,
            **({"to_order": opening.to_order} if opening.to_order else {}),
            **self._cost(opening.amount),
        )

    def happened(self, event: Event) -> None:
        match event:
            case RequestSent(job=job, attempt=attempt, ticket=ticket, line=line):
                order = {"ticket": ticket, "line": line} if ticket else {}
                self.write("submit", **_name(job), attempt=attempt, **order)
                self.flush()  # if the ledger is lost, this is what tells of a run that was killed
            case Retrying(job=job, reason=reason, seconds=seconds):
                self.write("retry", **_name(job), reason=reason, seconds=round(seconds, 3))
            case PoolPaused(reason=reason, seconds=seconds):
                self.write("retry", reason=reason, seconds=round(seconds, 3))
            case BuyingHalted(reason=reason, exit_code=code, budget=budget):
                self.write("budget" if budget else "checkpoint", reason=reason, exit_code=code)
            case SameImage(job=job, other=other):
                self.write("same_image", **_name(job), other=other)
            case StillWaiting(reason=reason, seconds=seconds):
                self.write("waiting", reason=reason, seconds=round(seconds, 3))
                self.flush()
            case TicketMoved(ticket=ticket):
                self.write("ticket", **_facts_of(ticket))
                self.flush()
            case PaidUnrecorded(job=job, url=url):
                self.write("unrecorded", **_name(job), url=url)
                self.flush()
            case _:
                assert_never(event)

    def delivered(self, job: Job, outcome: Outcome | None) -> None:
        match outcome:
            case None:
                return
            case Stored(artifact=artifact, amount=amount):
                self.write("image", **_name(job), file=artifact.path, **self._cost(amount))
            case Paid(reason=reason, amount=amount) | PaidLost(reason=reason, amount=amount):
                status = status_of(outcome)
                cost = self._cost(amount)
                self.write("failed", **_name(job), status=status, reason=reason, **cost)
            case Failed(kind=kind, reason=reason, in_doubt=in_doubt):
                event = "refused" if kind is FailureKind.REFUSED else "failed"
                doubt = {"in_doubt": in_doubt} if in_doubt else {}
                self.write(event, **_name(job), reason=reason, **doubt)
            case InDoubt(reason=reason, amount=amount):
                self.write("in_doubt", **_name(job), reason=reason, **self._cost(amount))
            case _:
                assert_never(outcome)

    def closed(self, stage: Stage) -> None:
        self.write("checkpoint", stage=stage)
        self.flush()


def _facts_of(ticket: Ticket) -> dict[str, object]:
    told = {
        "file": ticket.file,
        "batch": ticket.batch,
        "expires": ticket.expires,
        "reason": ticket.reason,
    }
    return {
        "ticket": ticket.id,
        "state": ticket.state,
        "images": ticket.images,
        "model": ticket.model,
        "ordered": ticket.packed,
        **{name: text for name, text in told.items() if text},
    }


def _name(job: Job) -> dict[str, object]:
    return {
        "job": job.key,
        "cell": job.at.cell,
        "stage": job.at.stage,
        "round": job.at.round,
        "take": job.at.take,
    }
