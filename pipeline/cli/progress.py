"""A run on the screen: a bar on a terminal, plain lines without one, silence with `-q`."""

import sys
import time
from collections.abc import Callable
from typing import NoReturn, assert_never

from tqdm import tqdm

from pipeline.cli.terminal import counted, is_terminal, paint, say, width
from pipeline.model.campaign import Stage
from pipeline.model.job import Job, JobKey
from pipeline.model.outcome import Failed, FailureKind, InDoubt, Outcome, Paid, PaidLost, Stored
from pipeline.purchasing.events import (
    BuyingHalted,
    Event,
    PaidUnrecorded,
    PoolPaused,
    RequestSent,
    Retrying,
    StageOpening,
    Watcher,
)

LINE_EVERY_SECONDS = 30.0
LINE_EVERY_SHARE = 0.10
FEW = 10
"""A stage this small tells its end only."""


class SilentProgress:
    """Says only what must not be lost."""

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
    """Counts what a stage has come to; what was paid in an earlier run costs nothing now."""

    def __init__(self) -> None:
        self.ended = 0
        self.images = 0
        self.credits = 0
        self.in_doubt = 0
        self._asked: set[JobKey] = set()

    def asked(self, job: Job) -> None:
        """A request was sent for this job."""
        self._asked.add(job.key)

    def add(self, job: Job, outcome: Outcome | None) -> None:
        """Count one job; one without an outcome stays due, and has not ended."""
        bought = job.key in self._asked
        self._asked.discard(job.key)
        if outcome is None:
            return
        self.ended += 1
        match outcome:
            case Stored(credits=credits):
                self.images += 1
                self.credits += credits if bought else 0
            case Paid(credits=credits) | PaidLost(credits=credits):
                self.credits += credits if bought else 0
            case InDoubt():
                self.in_doubt += 1
            case Failed():
                pass
            case _:
                assert_never(outcome)


class LineProgress:
    """For logs: a line at the start, one every 30 s or 10 %, each failure, the end."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tally, self._due = StageCounts(), 0
        self._told_at, self._told = 0.0, 0
        self._eased_at = float("-inf")
        self._halted = False

    def opened(self, opening: StageOpening) -> None:
        """See `Watcher.opened`; a stage that comes after the stop buys nothing, and is not told."""
        self._tally, self._due = StageCounts(), opening.to_buy + opening.to_fetch
        self._told_at, self._told = self._clock(), 0
        if self._halted and not opening.to_fetch:
            self._due = 0
            return
        say(opening_words(opening))

    def happened(self, event: Event) -> None:
        """See `Watcher.happened`."""
        if isinstance(event, RequestSent):
            self._tally.asked(event.job)
            return
        if isinstance(event, PoolPaused | Retrying):
            if self._clock() - self._eased_at < LINE_EVERY_SECONDS:
                return
            self._eased_at = self._clock()
        self._halted |= isinstance(event, BuyingHalted)
        say(_words(event))

    def delivered(self, job: Job, outcome: Outcome | None) -> None:
        """See `Watcher.delivered`."""
        self._tally.add(job, outcome)
        if words := ending_words(job, outcome):
            say(words)
        steps = max(1.0, self._due * LINE_EVERY_SHARE)
        late = self._clock() - self._told_at >= LINE_EVERY_SECONDS
        if late or (self._tally.ended - self._told >= steps and self._due > FEW):
            self._tell()

    def closed(self, stage: Stage) -> None:
        """See `Watcher.closed`."""
        if self._due and self._told < self._tally.ended:
            self._tell()

    def _tell(self) -> None:
        self._told_at, self._told = self._clock(), self._tally.ended
        tally = self._tally
        doubt = f", {tally.in_doubt} in doubt" if tally.in_doubt else ""
        say(
            f"  {tally.ended:,}/{self._due:,} done, {counted(tally.images, 'image')}, "
            f"{counted(tally.credits, 'credit')}{doubt}"
        )


class BarProgress:
    """For a person: tqdm on stderr, with images, credits, rate, time left and doubts."""

    def __init__(self) -> None:
        self._bar: tqdm[NoReturn] | None = None
        self._tally = StageCounts()
        self._halted = False

    def opened(self, opening: StageOpening) -> None:
        """See `Watcher.opened`; a stage that comes after the stop buys nothing, and is not told."""
        self._tally = StageCounts()
        if self._halted and not opening.to_fetch:
            return
        say(opening_words(opening))
        if due := opening.to_buy + opening.to_fetch:
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
            self._tally.asked(event.job)
        else:
            self._halted |= isinstance(event, BuyingHalted)
            self._above(_words(event))

    def delivered(self, job: Job, outcome: Outcome | None) -> None:
        """See `Watcher.delivered`."""
        self._tally.add(job, outcome)
        if words := ending_words(job, outcome):
            self._above(words)
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
            doubt = f", {self._tally.in_doubt} in doubt" if self._tally.in_doubt else ""
            self._bar.set_postfix_str(f"{self._tally.credits} credits{doubt}", refresh=False)

    def _above(self, words: str) -> None:
        if self._bar is not None:
            self._bar.clear()
        say(words)
        if self._bar is not None:
            self._bar.refresh()


def opening_words(opening: StageOpening) -> str:
    """`draft: 6 of 9 images to render, up to 12 credits`."""
    name = paint(str(opening.stage), "bold", stream=sys.stderr)
    if not opening.to_buy and not opening.to_fetch:
        return f"{name}  nothing due, {counted(opening.jobs, 'image')} as they are"
    if not opening.to_buy:
        return f"{name}  {opening.to_fetch} of {counted(opening.jobs, 'image')} to download, paid"
    fetch = f", {opening.to_fetch} to download" if opening.to_fetch else ""
    return (
        f"{name}  {opening.to_buy} of {counted(opening.jobs, 'image')} to render{fetch}, "
        f"up to {counted(opening.credits, 'credit')}"
    )


def ending_words(job: Job, outcome: Outcome | None) -> str:
    """A line for what did not end with an image; nothing for what did."""
    name = f"{job.at.cell} {job.at.stage} take {job.at.take}"
    match outcome:
        case Stored() | None:
            return ""
        case Failed(kind=kind, reason=reason):
            refused = kind is FailureKind.REFUSED
            word = paint("refused" if refused else "failed ", "red", stream=sys.stderr)
            return f"{word} {name}  {_short(reason)}; not charged"
        case PaidLost(reason=reason):
            return f"{paint('lost   ', 'red', stream=sys.stderr)} {name}  {_short(reason)}; paid"
        case Paid(reason=reason):
            word = paint("later  ", "yellow", stream=sys.stderr)
            return f"{word} {name}  paid, not downloaded yet: {_short(reason)}"
        case InDoubt(credits=credits, reason=reason):
            word = paint("doubt  ", "yellow", stream=sys.stderr)
            return f"{word} {name}  {_short(reason)}; {credits} credits in doubt"
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
            return f"{word} {_short(reason)}, everybody waits {seconds:.1f} s"
        case BuyingHalted(reason=reason):
            return f"{paint('stop   ', 'red', stream=sys.stderr)} {reason}"
        case PaidUnrecorded(job=job, url=url):
            return f"PAID, NOT RECORDED  {job.at.cell} job {job.key}  {url}"
        case _:
            assert_never(event)


def _short(reason: str, most: int = 200) -> str:
    flat = " ".join(reason.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def watcher_for(*, quiet: bool, log: str) -> Watcher:
    """The watcher that fits this terminal and these flags."""
    if quiet or log == "json":
        return SilentProgress()
    return BarProgress() if is_terminal(sys.stderr) else LineProgress()
