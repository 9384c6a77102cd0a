"""The progress of a run: a bar on a terminal, plain lines without one, nothing with `-q`."""

import sys
import time
from collections.abc import Callable
from typing import NoReturn, assert_never

from tqdm import tqdm

from pipeline.cli.terminal import counted, folded, is_terminal, paint, say, width
from pipeline.model.job import Job, JobKey
from pipeline.model.money import MoneyFormat
from pipeline.model.names import Stage
from pipeline.model.outcome import Failed, FailureKind, InDoubt, Outcome, Paid, PaidLost, Stored
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
    Watcher,
)

LINE_EVERY_SECONDS = 30.0
LINE_EVERY_SHARE = 0.10
FEW = 10
"""A stage with at most this many images shows only its end."""


class SilentProgress:
    """Prints only images that were paid for and could not be recorded."""

    def opened(self, opening: StageOpening) -> None:
        """See `Watcher.opened`."""

    def happened(self, event: Event) -> None:
        """See `Watcher.happened`."""
        if isinstance(event, PaidUnrecorded):
            say(_words(event))

    def delivered(self, job: Job, outcome: Outcome | None) -> None:
        """See `Watcher.delivered`."""

    def closed(self, stage: Stage) -> None:
        """See `Watcher.closed`."""


class StageCounts:
    """Counts the images of a stage, and what this run spent on them."""

    def __init__(self, money: MoneyFormat | None = None) -> None:
        self.money = money or MoneyFormat()
        self.ended = 0
        self.images = 0
        self.amount = 0
        self.in_doubt = 0
        self._asked: set[JobKey] = set()

    def sent(self, job: Job) -> None:
        """Count a request for this job."""
        self._asked.add(job.key)

    def add(self, job: Job, outcome: Outcome | None) -> None:
        """Count one job; one without an outcome stays due, and has not ended."""
        bought = job.key in self._asked
        self._asked.discard(job.key)
        if outcome is None:
            return
        self.ended += 1
        match outcome:
            case Stored(amount=amount):
                self.images += 1
                self.amount += amount if bought else 0
            case Paid(amount=amount) | PaidLost(amount=amount):
                self.amount += amount if bought else 0
            case InDoubt():
                self.in_doubt += 1
            case Failed():
                pass
            case _:
                assert_never(outcome)


_LONG = 12
"""Shortest reason that is replaced by "as above"."""


class _ReasonsOnce:
    """Prints a reason in full once, and "as above" on the following lines with the same one."""

    def __init__(self) -> None:
        self._last = ""

    def shown(self, words: str, reason: str) -> str:
        """Return the words of the next line."""
        flat = _short(reason)
        if len(self._last) >= _LONG and self._last in words:
            return words.replace(self._last, "as above")
        self._last = flat
        return words


class LineProgress:
    """For logs: a line at the start, every 30 s or 10 %, at each failure, and at the end."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts, self._due = StageCounts(), 0
        self._shown_at, self._shown = 0.0, 0
        self._paused_at = float("-inf")
        self._halted = False
        self._reasons = _ReasonsOnce()

    def opened(self, opening: StageOpening) -> None:
        """See `Watcher.opened`; a stage that begins after a stop buys nothing and is not shown."""
        self._counts, self._due = StageCounts(opening.money), opening.to_buy + opening.to_fetch
        self._shown_at, self._shown = self._clock(), 0
        if self._halted and not opening.to_fetch:
            self._due = 0
            return
        _say_folded(opening_words(opening))

    def happened(self, event: Event) -> None:
        """See `Watcher.happened`."""
        if isinstance(event, RequestSent):
            self._counts.sent(event.job)
            return
        if isinstance(event, PoolPaused | Retrying):
            if self._clock() - self._paused_at < LINE_EVERY_SECONDS:
                return
            self._paused_at = self._clock()
        self._halted |= isinstance(event, BuyingHalted)
        say(self._reasons.shown(_words(event), _reason_of(event)))

    def delivered(self, job: Job, outcome: Outcome | None) -> None:
        """See `Watcher.delivered`."""
        self._counts.add(job, outcome)
        if words := ending_words(job, outcome, self._counts.money):
            say(self._reasons.shown(words, _reason_of(outcome)))
        steps = max(1.0, self._due * LINE_EVERY_SHARE)
        late = self._clock() - self._shown_at >= LINE_EVERY_SECONDS
        if late or (self._counts.ended - self._shown >= steps and self._due > FEW):
            self._show()

    def closed(self, stage: Stage) -> None:
        """See `Watcher.closed`."""
        if self._due and self._shown < self._counts.ended:
            self._show()

    def _show(self) -> None:
        self._shown_at, self._shown = self._clock(), self._counts.ended
        counts = self._counts
        doubt = f", {counts.in_doubt} in doubt" if counts.in_doubt else ""
        say(
            f"  {counts.ended:,}/{self._due:,} done, {counted(counts.images, 'image')}, "
            f"{self._counts.money.text(counts.amount)}{doubt}"
        )


class BarProgress:
    """For a person: a bar on stderr, with images, credits, rate, time left and doubts."""

    def __init__(self) -> None:
        self._bar: tqdm[NoReturn] | None = None
        self._counts = StageCounts()
        self._halted = False
        self._reasons = _ReasonsOnce()

    def opened(self, opening: StageOpening) -> None:
        """See `Watcher.opened`; a stage that begins after a stop buys nothing and is not shown."""
        self._counts = StageCounts(opening.money)
        if self._halted and not opening.to_fetch:
            return
        self._above(opening_words(opening))
        if due := opening.to_buy + opening.to_fetch:
            tqdm.monitor_interval = 0  # it would start a thread that only redraws the bar
            self._bar = tqdm(
                total=due,
                file=sys.stderr,
                unit="img",
                ncols=width(),
                dynamic_ncols=False,
                leave=True,
                bar_format="{percentage:3.0f}% {bar} {n_fmt}/{total_fmt}"
                "  {rate_fmt}  {remaining} left{postfix}",
            )
            self._postfix()

    def happened(self, event: Event) -> None:
        """See `Watcher.happened`."""
        if isinstance(event, RequestSent):
            self._counts.sent(event.job)
        else:
            self._halted |= isinstance(event, BuyingHalted)
            self._above(self._reasons.shown(_words(event), _reason_of(event)))

    def delivered(self, job: Job, outcome: Outcome | None) -> None:
        """See `Watcher.delivered`."""
        self._counts.add(job, outcome)
        if words := ending_words(job, outcome, self._counts.money):
            self._above(self._reasons.shown(words, _reason_of(outcome)))
        if self._bar is not None:
            self._postfix()
            self._bar.update(0 if outcome is None else 1)

    def closed(self, stage: Stage) -> None:
        """See `Watcher.closed`."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _postfix(self) -> None:
        if self._bar is not None:
            doubt = f", {self._counts.in_doubt} in doubt" if self._counts.in_doubt else ""
            spent = self._counts.money.text(self._counts.amount)
            self._bar.set_postfix_str(f"{spent}{doubt}", refresh=False)

    def _above(self, words: str) -> None:
        if self._bar is not None:
            self._bar.clear()
        for line in folded(words, stream=sys.stderr, indent=" " * 8):
            say(line)
        if self._bar is not None:
            self._bar.refresh()


def _say_folded(text: str) -> None:
    for line in folded(text, stream=sys.stderr, indent=" " * 7):
        say(line)


def opening_words(opening: StageOpening) -> str:
    """Return `draft  6 of 9 images to render, up to 12 credits`."""
    name = paint(str(opening.stage), "bold", stream=sys.stderr)
    if not opening.jobs:
        return f"{name}  nothing due"
    if opening.to_order:
        fetch = f", {opening.to_fetch} to download" if opening.to_fetch else ""
        return (
            f"{name}  {opening.to_order} of {counted(opening.jobs, 'image')} to order in batches"
            f"{fetch}, up to {opening.money.text(opening.amount)}"
        )
    if not opening.to_buy and not opening.to_fetch:
        return f"{name}  nothing due, {counted(opening.jobs, 'image')} as they are"
    if not opening.to_buy:
        return f"{name}  {opening.to_fetch} of {counted(opening.jobs, 'image')} to download, paid"
    fetch = f", {opening.to_fetch} to download" if opening.to_fetch else ""
    note = f"; {opening.note}" if opening.note else ""
    return (
        f"{name}  {opening.to_buy} of {counted(opening.jobs, 'image')} to render{fetch}, "
        f"up to {opening.money.text(opening.amount)}{note}"
    )


def ending_words(job: Job, outcome: Outcome | None, money: MoneyFormat) -> str:
    """Return a line for a job that ended without an image; empty for one with an image."""
    name = f"{job.at.cell} {job.at.stage} take {job.at.take}"
    match outcome:
        case Stored() | None:
            return ""
        case Failed(kind=kind, reason=reason, in_doubt=in_doubt):
            refused = kind is FailureKind.REFUSED
            word = paint("refused" if refused else "failed ", "red", stream=sys.stderr)
            charged = f"{money.text(in_doubt)} in doubt" if in_doubt else "not charged"
            return f"{word} {name}  {_short(reason)}; {charged}"
        case PaidLost(reason=reason):
            return f"{paint('lost   ', 'red', stream=sys.stderr)} {name}  {_short(reason)}; paid"
        case Paid(reason=reason):
            word = paint("later  ", "yellow", stream=sys.stderr)
            return f"{word} {name}  paid, not downloaded yet: {_short(reason)}"
        case InDoubt(amount=amount, reason=reason):
            word = paint("doubt  ", "yellow", stream=sys.stderr)
            return f"{word} {name}  {_short(reason)}; {money.text(amount)} in doubt"
        case _:
            assert_never(outcome)


def _words(event: Event) -> str:
    match event:
        case RequestSent(job=job, attempt=attempt):
            return f"sent    {job.at.cell} attempt {attempt}"
        case Retrying(job=job, reason=reason, seconds=seconds):
            word = paint("retry  ", "yellow", stream=sys.stderr)
            return f"{word} {job.at.cell}  {_short(reason)}, again in {seconds:.1f} s"
        case PoolPaused(reason=reason, seconds=seconds):
            word = paint("wait   ", "yellow", stream=sys.stderr)
            return f"{word} {_short(reason)}, all requests wait {seconds:.1f} s"
        case BuyingHalted(reason=reason):
            return f"{paint('stop   ', 'red', stream=sys.stderr)} {reason}"
        case SameImage(job=job, other=other):
            word = paint("same   ", "yellow", stream=sys.stderr)
            name = f"{job.at.cell} {job.at.stage} take {job.at.take}"
            return f"{word} {name}  is byte for byte the image of {other}; both were paid for"
        case StillWaiting(reason=reason, seconds=seconds):
            word = paint("wait   ", "yellow", stream=sys.stderr)
            return f"{word} nothing has moved for {seconds:.0f} s: waiting for {reason}"
        case TicketMoved(ticket=ticket):
            return _ticket_words(ticket)
        case PaidUnrecorded(job=job, url=url):
            return f"PAID, NOT RECORDED  {job.at.cell} job {job.key}  {url}"
        case _:
            assert_never(event)


def _ticket_words(ticket: Ticket) -> str:
    why = f": {_short(ticket.reason)}" if ticket.reason else ""
    images = counted(ticket.images, "image")
    return f"batch   {ticket.id}  {images}, {ticket.state.words}{why}"


def _reason_of(told: Event | Outcome | None) -> str:
    return str(getattr(told, "reason", ""))


def _short(reason: str, most: int = 200) -> str:
    flat = " ".join(reason.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def watcher_for(*, quiet: bool, log: str) -> Watcher:
    """Return the progress that fits this terminal and these options."""
    if quiet or log == "json":
        return SilentProgress()
    return BarProgress() if is_terminal(sys.stderr) else LineProgress()
