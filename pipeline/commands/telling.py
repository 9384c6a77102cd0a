"""What a run says to a person: the question before, the head, the ending."""

import argparse
import json
import sys
from collections.abc import Sequence

from pipeline.commands.bookkeeping import Bookkeeper
from pipeline.commands.complaints import tell_finding
from pipeline.commands.onward import steps_onward
from pipeline.commands.terminal import counted, is_terminal, paint, say
from pipeline.errors import Declined, Finding, PipelineError
from pipeline.model.campaign import Review, Stage
from pipeline.model.credits import Budget, Credits
from pipeline.model.outcome import Status
from pipeline.model.provider import Profile
from pipeline.model.run import Run
from pipeline.planning.blueprint import Blueprint
from pipeline.runs.accounting import NAMED, Account
from pipeline.runs.forecast import Forecast
from pipeline.runs.manifest import RunFacts, manifest_head
from pipeline.settings import Settings
from pipeline.workflow import Standing

TROUBLE = (
    Status.IN_DOUBT,
    Status.REFUSED,
    Status.FAILED,
    Status.PAID_LOST,
    Status.PENDING_DOWNLOAD,
    Status.PLANNED,
)


def confirm_spending(
    arguments: argparse.Namespace,
    settings: Settings,
    profile: Profile,
    ahead: Sequence[Forecast],
) -> None:
    """Ask before a large bill; `Declined` where the answer is no. No terminal: budgets decide."""
    credits_ahead = Credits(sum(stage.credits for stage in ahead))
    always = getattr(arguments, "always_ask", False) and credits_ahead > 0
    silent = arguments.yes or arguments.no_input or (profile.play_money and not always)
    small = credits_ahead <= settings.rendering.ask_above and not always
    if silent or small or not is_terminal(sys.stdin):
        return
    images = sum(len(stage.to_buy) for stage in ahead)
    say(f"{counted(images, 'image')} to render on {profile.name}.")
    sys.stderr.write(f"Spend up to {counted(credits_ahead, 'credit')}? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise Declined("nothing was sent")


def tell_findings(findings: Sequence[Finding]) -> None:
    """Warnings, one a line."""
    for finding in findings:
        tell_finding(finding, stream=sys.stderr)


def tell_start(blueprint: Blueprint, settings: Settings, *, run: Run, budget: Budget) -> None:
    """Who renders what, where, under which limit."""
    campaign = blueprint.campaign
    limits = [
        f"{scope} budget {limit:,}"
        for scope, limit in (
            ("run", budget.run),
            ("campaign", budget.campaign),
            ("month", budget.month),
        )
        if limit is not None
    ]
    money = ", ".join(limits) if limits else "play credits"
    say(
        f"{paint(campaign.slug, 'bold', stream=sys.stderr)}  run {run.id}, {run.account}, "
        f"{settings.rendering.concurrency} at once, {money}"
    )
    draft = campaign.stages.get(Stage.DRAFT)
    if draft and draft.review is Review.NONE and Stage.FINAL in campaign.stages:
        say(paint("review: none, finals are bought unseen", "yellow", stream=sys.stderr))


def tell_ending(
    arguments: argparse.Namespace,
    *,
    books: Bookkeeper,
    account: Account | None,
    standing: Standing,
    reason: PipelineError | None,
    code: int,
) -> None:
    """The result on stdout with `--json`; the rest is talk."""
    if arguments.json and account is not None:
        _print_manifest(books.facts(exit_code=code), account)
    if (arguments.quiet and code == 0) or arguments.log == "json":
        return
    if reason is not None:
        say(f"{paint('stopped', 'red', 'bold', stream=sys.stderr)}: {reason}")
    if account is None:
        say("The ledger keeps what is paid for; run again when the disk is well.")
        return
    _tell_account(account, books)
    _tell_next(arguments, account, standing)


def _print_manifest(facts: RunFacts, account: Account) -> None:
    """One line of ASCII, whatever the terminal can show; written image by image."""
    head = json.dumps(manifest_head(facts, account.totals))
    sys.stdout.write(f'{head[:-1]}, "images": [')
    for number, image in enumerate(account.roll.images()):
        sys.stdout.write((", " if number else "") + json.dumps(json.loads(image)))
    print("]}")


def summary(books: Bookkeeper, account: Account | None, *, code: int) -> dict[str, object]:
    """A run in a few plain values, for a webhook; `text` is what chat services show."""
    totals = account.totals if account else None
    stored = totals.counts.get(Status.STORED, 0) if totals else 0
    jobs = totals.jobs if totals else 0
    spent = totals.spent if totals else None
    return {
        "text": f"{books.campaign.slug}: {stored} of {jobs} images stored, exit {code}",
        "campaign": books.campaign.slug,
        "run": books.run.id,
        "exit_code": code,
        "stored": stored,
        "jobs": jobs,
        "credits": {
            "confirmed": spent.confirmed if spent else None,
            "in_doubt": spent.in_doubt if spent else None,
            "this_run": totals.this_run if totals else None,
        },
    }


def _tell_account(account: Account, books: Bookkeeper) -> None:
    totals = account.totals
    stored, images = account.asked.get(Status.STORED, 0), sum(account.asked.values())
    money = f"{counted(totals.spent.confirmed, 'credit')} in all"
    if totals.spent.in_doubt:
        money += f", {totals.spent.in_doubt:,} more in doubt"
    if totals.remaining is not None:
        money += f", {totals.remaining:,} of {totals.budget:,} left"
    say()
    say(
        f"{stored:,} of {counted(images, 'image')} stored; "
        f"{counted(totals.this_run, 'credit')} this run, {money}"
    )
    for status in TROUBLE:
        count = account.asked.get(status, 0)
        if not count:
            continue
        word = status.value.replace("_", " ")
        say(f"{paint(f'{count} {word}', 'yellow', stream=sys.stderr)}")
        named = account.named[status]
        for line in named:
            why = f"  {line.reason}" if line.reason else ""
            say(f"  {line.job.at.cell} {line.job.at.stage} take {line.job.at.take}{why}"[:300])
        if count > len(named):
            say(f"  and {count - len(named)} more")
    folder = books.output / books.paths.folder
    say()
    say(f"  {folder}/")
    say("    manifest.json  every URL, file, hash and credit")
    say("    images.csv     the same as a table")
    if (folder / "sheet.html").is_file():
        say("    sheet.html     a contact sheet to open from disk or mail")


def _tell_next(arguments: argparse.Namespace, account: Account, standing: Standing) -> None:
    if standing.stale:
        hold = "holds" if len(standing.stale) == 1 else "hold"
        say(f"{counted(len(standing.stale), 'approval')} no longer {hold}:")
        for stale in standing.stale[:NAMED]:
            say(f"  {stale.cell}  {stale.reason}")
    if standing.waiting:
        say(f"{counted(len(standing.waiting), 'cell')} to review")
    for word, step in steps_onward(arguments, account.asked, standing):
        say(f"{paint(f'{word:<4}', 'bold', stream=sys.stderr)}  {step}")
