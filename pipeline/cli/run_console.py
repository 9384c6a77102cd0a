"""A run on the terminal: the confirmation, the start, the progress and the end."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from pipeline.app.console import RunEnding, RunStart
from pipeline.app.stores.uploads import UploadReport
from pipeline.cli.ad_files import tell_ad_files
from pipeline.cli.problems import tell_finding
from pipeline.cli.progress import watcher_for
from pipeline.cli.terminal import (
    counted,
    folded,
    is_terminal,
    leave_stdout,
    paint,
    say,
    say_steps,
    shown_path,
    write_result,
)
from pipeline.errors import Declined
from pipeline.model.campaign import Review
from pipeline.model.coordination import WHOLE
from pipeline.model.money import FREE, Amount, MoneyFormat, Unit
from pipeline.model.names import Stage
from pipeline.model.outcome import Status
from pipeline.model.providers.profile import Profile
from pipeline.purchasing.events import Watcher
from pipeline.reports.journal import Journal
from pipeline.reports.run_manifest import RunFacts, manifest_head, manifest_tail
from pipeline.reports.run_report import NAMED, RunReport
from pipeline.reports.totals import ImageLine

TROUBLE = (
    Status.IN_DOUBT,
    Status.REFUSED,
    Status.FAILED,
    Status.PAID_LOST,
    Status.PENDING_DOWNLOAD,
    Status.PLANNED,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class TerminalConsole:
    """`Console` on this process's stdout and stderr."""

    watcher: Watcher
    ask_above: Mapping[Unit, Amount]
    """Amount above which a person is asked."""
    ask_always: bool = False
    """Ask whatever the price is."""
    ask_never: bool = False
    quiet: bool = False
    """If a run ends with 0, print only what a person has to do."""
    on_page: bool = False
    """The review page is open, which shows what a person has to do."""
    as_json: bool = False
    """Print the run manifest on stdout at the end."""
    log_json: bool = False
    """Write events to stderr as JSON instead of words."""

    @property
    def journal(self) -> Sequence[TextIO]:
        """See `Console.journal`."""
        return [sys.stderr] if self.log_json else []

    def confirm(
        self, profile: Profile, *, images: int, price: Amount, money: MoneyFormat, finals: str = ""
    ) -> None:
        """See `Console.confirm`; without a terminal nobody is asked, and budgets decide."""
        small = price <= (FREE if self.ask_always else self.ask_above.get(profile.unit, FREE))
        if self.ask_never or profile.play_money or small or not is_terminal(sys.stdin):
            return
        what = f"{counted(images, 'image')} to render on {profile.name}"
        _say_folded(f"{what}; {finals}." if finals else f"{what}.")
        sys.stderr.write(f"Spend up to {money.text(price)}? [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            raise Declined("nothing was sent")

    def note(self, words: str) -> None:
        """See `Console.note`."""
        if self.log_json:
            Journal(sys.stderr).write("note", message=words)
        else:
            _say_folded(words)

    def warn(self, message: str) -> None:
        """See `Console.warn`."""
        if self.log_json:
            Journal(sys.stderr).write("warning", message=message)
        else:
            _say_folded(f"{paint('warning', 'yellow', stream=sys.stderr)}: {message}")

    def started(self, start: RunStart) -> None:
        """See `Console.started`."""
        if self.log_json:
            for finding in start.warnings:
                Journal(sys.stderr).write("warning", message=str(finding), finding=asdict(finding))
            for words in filter(None, (_unlimited(start), _unseen(start))):
                self.warn(words)
            return
        if self.quiet:
            return
        for finding in start.warnings:
            tell_finding(finding, stream=sys.stderr)
        _tell_start(start)

    def unchanged(self, campaign: str, *, since: str, images: int) -> None:
        """See `Console.unchanged`."""
        if not self.quiet:
            name = paint(campaign, "bold", stream=sys.stderr)
            text = f"nothing has changed since run {since}: {counted(images, 'image')} as they are"
            say(f"{name}  {text}, 0 requests")

    def ended(self, ending: RunEnding) -> None:
        """See `Console.ended`; with `--json` the result goes to stdout, the rest to stderr."""
        if self.as_json and ending.report is not None:
            try:
                write_result(_manifest_pieces(ending.facts, ending.report))
            except OSError as error:  # the run ends as it did, whoever reads of it
                leave_stdout()
                if not isinstance(error, BrokenPipeError):
                    say(
                        f"cannot print the run manifest: {error.strerror}; it is in {ending.folder}"
                    )
        if self.log_json:
            return
        if self.quiet and ending.code == 0:
            if not self.on_page:
                _tell_to_do(ending)
            return
        if ending.reason is not None:
            _say_folded(f"{paint('stopped', 'red', 'bold', stream=sys.stderr)}: {ending.reason}")
        if ending.report is None:
            say("The ledger has what was paid for; run again once the disk works.")
            return
        _tell_report(ending.report, ending.folder, told=str(ending.reason or ""))
        if ending.ad_files is not None:
            tell_ad_files(ending.ad_files, ending.folder.parents[2])
        _tell_uploads(ending.uploads)
        _tell_next(ending)


def _unlimited(start: RunStart) -> str:
    """Return which flag limits nothing, since the run spends play credits; empty if none."""
    budget = start.budget
    if not start.limit or any(
        limit is not None for limit in (budget.run, budget.campaign, budget.month)
    ):
        return ""
    return f"play credits, which {start.limit} does not limit"


def _unseen(start: RunStart) -> str:
    """Return a warning if nobody looks at the drafts of the finals; empty otherwise."""
    stages = start.campaign.stages
    draft = stages.get(Stage.DRAFT)
    if draft is None or draft.review is not Review.NONE or Stage.FINAL not in stages:
        return ""
    return "review: none, finals are bought unseen"


def _tell_start(start: RunStart) -> None:
    """Print what is rendered, on which account and within which limits."""
    campaign, budget = start.campaign, start.budget
    limits = [
        f"{scope} budget {budget.money.bare(limit)}"
        for scope, limit in (
            ("run", budget.run),
            ("campaign", budget.campaign),
            ("month", budget.month),
        )
        if limit is not None
    ]
    money = ", ".join(limits) if limits else "play credits"
    money = _unlimited(start) or money
    _say_folded(
        f"{paint(campaign.slug, 'bold', stream=sys.stderr)}  run {start.run.id}, "
        f"{start.run.account}, {start.concurrency} at once, {money}"
    )
    if unseen := _unseen(start):
        say(paint(unseen, "yellow", stream=sys.stderr))


def _manifest_pieces(facts: RunFacts, report: RunReport) -> Iterator[str]:
    """Yield one line of ASCII, image by image."""
    head = json.dumps(manifest_head(facts, report.totals))
    yield f'{head[:-1]}, "images": ['
    for number, image in enumerate(report.rows.images()):
        yield (", " if number else "") + json.dumps(json.loads(image))
    yield f"], {json.dumps(manifest_tail(report.totals))[1:]}\n"


def _tell_report(report: RunReport, folder: Path, *, told: str) -> None:
    """Say what was stored and what was not; `told` holds reasons that need not be repeated."""
    totals = report.totals
    stored, images = report.asked.get(Status.STORED, 0), sum(report.asked.values())
    written = totals.money
    money = f"{written.text(totals.spent.confirmed)} in all"
    if totals.ordered:
        money += f", {written.bare(totals.ordered)} reserved for what is being made"
    if doubt := totals.spent.in_doubt - totals.ordered:
        money += f", {written.bare(doubt)} more in doubt"
    if totals.remaining is not None and totals.budget is not None:
        money += f", {written.bare(totals.remaining)} of {written.bare(totals.budget)} left"
    say()
    _say_folded(
        f"{stored:,} of {counted(images, 'image')} stored; "
        f"{written.text(totals.this_run)} this run, {money}"
    )
    for status in TROUBLE:
        count = report.asked.get(status, 0)
        if not count:
            continue
        trouble = f"{counted(count, 'image')} {status.words}"
        say(paint(trouble, "yellow", stream=sys.stderr))
        named = report.named[status]
        for line in named_lines(named, told=told):
            _say_folded(f"  {line}"[:300])
        if count > len(named):
            say(f"  and {count - len(named)} more")
    others = report.doubtful.total() - report.doubtful[Status.IN_DOUBT]
    if others:
        trouble = (
            f"what {counted(others, 'other image')} cost is not known, since no reply said it; "
            "the most that it can be is counted as in doubt"
        )
        _say_folded(paint(trouble, "yellow", stream=sys.stderr))
    _tell_places(report, folder)


def named_lines(named: Sequence[ImageLine], *, told: str) -> Iterator[str]:
    """Yield the name of each image and why it is there; a reason that repeats is said once."""
    before = ""
    for one in named:
        why = f"  {one.reason}" if one.reason and one.reason not in told else ""
        if why and one.reason == before:
            why = "  as above"
        before = one.reason
        yield f"{one.job.at.cell} {one.job.at.stage} take {one.job.at.take}{why}"


def _tell_places(report: RunReport, folder: Path) -> None:
    """Say in which folders the images and the files of the run are."""
    say()
    for stage, sums in report.totals.by["stage"].items():
        if sums["stored"]:
            place = f"{shown_path(folder.parents[1])}/{stage}s/"
            _say_folded(f"  {place}  {counted(sums['stored'], 'image')}")
    say(f"  {shown_path(folder)}/")
    say("    manifest.json  every URL, file, hash and price")
    say("    images.csv     the same as a table")
    if (folder / "sheet.html").is_file():
        say("    sheet.html     a contact sheet to open from disk or mail")


def _tell_uploads(uploads: UploadReport | None) -> None:
    """Say what is in the object store, and what is not."""
    if uploads is None:
        return
    say()
    if uploads.in_store:
        now = f", {uploads.uploaded:,} of them now" if uploads.uploaded else ""
        _say_folded(f"  {uploads.store}/  {counted(uploads.in_store, 'file')}{now}")
    if uploads.waiting:
        trouble = f"{counted(uploads.waiting, 'file')} not uploaded; the next run uploads them"
        say(paint(trouble, "yellow", stream=sys.stderr))
    for why in uploads.refused[:NAMED]:
        _say_folded(paint(f"not uploaded: {why}", "yellow", stream=sys.stderr))
    if len(uploads.refused) > NAMED:
        say(f"  and {len(uploads.refused) - NAMED} more")


def _say_folded(text: str) -> None:
    for line in folded(text, stream=sys.stderr, indent="    "):
        say(line)


def _tell_to_do(ending: RunEnding) -> None:
    """Print one line if a person has to act before the campaign goes on."""
    facts = [f"{counted(ending.waiting, 'cell')} to review"] if ending.waiting else []
    if stale := len(ending.stale):
        facts.append(f"{counted(stale, 'approval')} no longer {'holds' if stale == 1 else 'hold'}")
    facts += ticket_lines(ending)
    if facts:
        steps = [f"Next  {step}" for word, step in ending.steps if word == "Next"]
        say(f"{ending.facts.campaign.slug}: {'. '.join([', '.join(facts), *steps])}")


def _tell_next(ending: RunEnding) -> None:
    tickets = ticket_lines(ending)
    if ending.stale or ending.waiting or tickets or ending.steps:
        say()
    if ending.stale:
        hold = "holds" if len(ending.stale) == 1 else "hold"
        say(f"{counted(len(ending.stale), 'approval')} no longer {hold}:")
        for stale in ending.stale[:NAMED]:
            _say_folded(f"  {stale.cell}  {stale.reason}")
    if ending.waiting:
        say(f"{counted(ending.waiting, 'cell')} to review")
    for line in tickets:
        _say_folded(line)
    say_steps(ending.steps)


def ticket_lines(ending: RunEnding) -> list[str]:
    """Return what is said of ordered images: when to look again, and what waits for a person."""
    lost = [one for one in ending.tickets if one.waits_for_person]
    lines = [f"{one.id}  {counted(one.images, 'image')}: {one.reason}" for one in lost]
    made = sum(one.images for one in ending.tickets if one not in lost)
    ordered = ending.report.asked.get(Status.ORDERED, 0) if ending.report is not None else made
    if made and ordered:
        times = [one.expires[:16].replace("T", " ") for one in ending.tickets if one.expires]
        again = f"after {max(times)} UTC (often they come earlier)" if times else "later"
        are = "is" if ordered == 1 else "are"
        whole = "" if ending.options.shard == WHOLE else " without --shard"
        lines.append(f"{counted(ordered, 'image')} {are} being made, look again{whole} {again}")
    return lines


def console_for(
    arguments: argparse.Namespace, *, ask_above: Mapping[Unit, Amount], ask_always: bool
) -> TerminalConsole:
    """Return the console for the options of a run."""
    return TerminalConsole(
        watcher=watcher_for(quiet=arguments.quiet, log=arguments.log),
        ask_above=ask_above,
        ask_always=ask_always,
        ask_never=arguments.yes or arguments.no_input,
        quiet=arguments.quiet,
        as_json=arguments.json,
        log_json=arguments.log == "json",
    )
