"""Telling people and services how a run ended; a failed notification never changes its exit code.

Each failure is told once, without the URL, which is often a secret.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pipeline.app.console import RunEnding
from pipeline.app.run.endings import IN_WORDS, endings
from pipeline.campaign.environment import fill_environment
from pipeline.errors import Interrupted, RunHangs, UsageError
from pipeline.model.campaign import Campaign, Notice
from pipeline.model.outcome import Status
from pipeline.model.run import RunId
from pipeline.network.notifications import SENT, ping, post_webhook, send
from pipeline.system_errors import expected_error

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeText:
    """A message for people."""

    title: str
    lines: Sequence[str] = ()


async def notify(
    campaign: Campaign,
    content: Mapping[str, object],
    *,
    words: frozenset[str],
    tell: Tell,
    message: NoticeText | None = None,
) -> None:
    """Post the content to every webhook, and send the message to every service, of these words.

    All are called at once, so that together they take no longer than one.
    """
    message = message or NoticeText(title=str(content["text"]))
    chosen = [notice for notice in campaign.notices if words & set(notice.when)]
    calls = [call for notice in chosen for call in _calls(notice, content, message)]
    failures = await asyncio.gather(*(_made(call) for call in calls))
    for failure in dict.fromkeys(one for one in failures if one):
        tell(f"notify: {failure}")


async def notify_overlap(campaign: Campaign, hangs: RunHangs) -> None:
    """Notify those who hear of stopped runs of a run that hangs."""
    content = {
        "text": f"{campaign.slug}: {hangs}",
        "campaign": campaign.slug,
        "exit_code": hangs.exit_code,
    }
    words = frozenset({"always", "stopped"})
    await notify(campaign, content, words=words, tell=lambda _words: None)


async def notify_unchanged(
    campaign: Campaign, run: RunId, *, since: RunId, images: int, tell: Tell
) -> None:
    """Notify those who hear of runs that are done of one that found nothing to do."""
    text = f"{campaign.slug}: nothing has changed since run {since}"
    content = {"text": text, "campaign": campaign.slug, "run": run, "exit_code": 0}
    content |= {"stored": images, "jobs": images}
    message = NoticeText(title=text, lines=[f"all {images:,} images stored", in_words(0)])
    words = endings(0, waiting=0)
    await notify(campaign, content, words=words, tell=tell, message=message)


async def pinged(campaign: Campaign, running: Coroutine[None, None, int], *, tell: Tell) -> int:
    """Await a run, and call its health checks when it begins and with its exit code."""
    begun = asyncio.create_task(_ping(campaign, "start"))
    code = 1
    try:
        code = await running
    except BaseException as error:
        known = expected_error(error)
        if known is not None:
            code = known.ends_with if isinstance(known, Interrupted) else known.exit_code
        raise
    finally:
        failures = [*await begun, *await _ping(campaign, str(code), in_words(code))]
        for failure in dict.fromkeys(failures):
            tell(f"notify: {failure}")
    return code


async def try_out(campaign: Campaign) -> list[tuple[str, str]]:
    """Send a sample to every receiver; return its name, and what went wrong or an empty text."""
    text = "This is what a message looks like."
    message = NoticeText(title=f"{campaign.slug}: a test", lines=[text])
    content = {"text": message.title, "campaign": campaign.slug, "exit_code": 0, "test": True}
    calls = [
        (f"notify[{number}].{call.receiver}", call)
        for number, notice in enumerate(campaign.notices)
        for call in (*_calls(notice, content, message), *_health_checks(notice, "0", "a test"))
    ]
    failures = await asyncio.gather(*(_made(call) for _, call in calls))
    return [(name, failure) for (name, _), failure in zip(calls, failures, strict=True)]


def in_words(code: int) -> str:
    """Return an exit code with its meaning."""
    return f"exit {code}: {IN_WORDS.get(code, 'unknown')}"


async def notify_of_run(ending: RunEnding, *, tell: Tell) -> None:
    """Tell those whom the campaign names how a run ended."""
    campaign, report = ending.facts.campaign, ending.report
    if campaign.notices:
        doubtful = report is not None and bool(report.totals.spent.in_doubt)
        words = endings(ending.code, waiting=ending.waiting, doubtful=doubtful)
        message = run_message(ending)
        await notify(campaign, run_summary(ending), words=words, tell=tell, message=message)


def run_message(ending: RunEnding) -> NoticeText:
    """Return the message about a run: its numbers, its exit code, what to do next, and where."""
    lines = [*_numbers(ending), in_words(ending.code)]
    lines += [f"{word}  {step}" for word, step in ending.steps[:1]]
    sheet = ending.folder / "sheet.html"
    if sheet.is_file():
        lines.append(f"Sheet  {sheet}")
    title = f"{ending.facts.campaign.slug}: {lines[0].partition(', ')[0]}"
    return NoticeText(title=title, lines=lines)


def _numbers(ending: RunEnding) -> list[str]:
    if ending.report is None:
        return []
    totals, money = ending.report.totals, ending.facts.campaign.money
    counts = [f"{totals.counts.get(Status.STORED, 0):,} of {totals.jobs:,} images stored"]
    counts += [
        f"{number:,} {status.value.replace('_', ' ')}"
        for status in Status
        if status not in (Status.STORED, Status.RENDERING)
        and (number := totals.counts.get(status, 0))
    ]
    spent = totals.spent
    cost = f"{money.text(totals.this_run)} in this run, {money.text(spent.confirmed)} in all"
    doubt = f", and up to {money.text(spent.in_doubt)} in doubt" if spent.in_doubt else ""
    cells = "1 cell waits" if ending.waiting == 1 else f"{ending.waiting:,} cells wait"
    review = [f"{cells} for review"] if ending.waiting else []
    return [", ".join(counts), *review, cost + doubt]


def run_summary(ending: RunEnding) -> dict[str, object]:
    """Return the JSON about a run for a webhook; `text` is what chat services show."""
    facts, totals = ending.facts, ending.report.totals if ending.report else None
    stored = totals.counts.get(Status.STORED, 0) if totals else 0
    jobs = totals.jobs if totals else 0
    spent = totals.spent if totals else None
    name, money = facts.campaign.slug, facts.campaign.money
    return {
        "text": f"{name}: {stored} of {jobs} images stored, exit {ending.code}",
        "campaign": name,
        "run": facts.run.id,
        "exit_code": ending.code,
        "stored": stored,
        "jobs": jobs,
        "spent": money.text(spent.confirmed) if spent else None,
        money.unit.field: {
            "confirmed": spent.confirmed if spent else None,
            "in_doubt": spent.in_doubt if spent else None,
            "this_run": totals.this_run if totals else None,
        },
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class _Call:
    """One call of one receiver."""

    receiver: str
    url: str
    """As written in the campaign file."""
    make: Callable[[str], Coroutine[None, None, str]]


def _calls(notice: Notice, content: Mapping[str, object], message: NoticeText) -> Iterator[_Call]:
    if notice.webhook:
        yield _Call(
            receiver="webhook", url=notice.webhook, make=lambda url: post_webhook(url, content)
        )
    body = "\n".join(message.lines) or message.title
    for service in notice.to:
        yield _Call(
            receiver="to",
            url=service,
            make=lambda url: send(url, title=message.title, body=body),
        )


def _health_checks(notice: Notice, ending: str, text: str) -> Iterator[_Call]:
    if notice.ping:
        yield _Call(receiver="ping", url=notice.ping, make=lambda url: ping(url, ending, text))


async def _made(call: _Call) -> str:
    """Make a call; return what went wrong, or an empty text."""
    try:
        failure = await call.make(fill_environment(call.url, os.environ))
    except UsageError as error:
        return f"the {_RECEIVERS[call.receiver]} was not called: {error}"
    except KeyError as missing:
        return f"the variable {missing.args[0]} is not set"
    return "" if failure == SENT else f"the {_RECEIVERS[call.receiver]} {failure}"


_RECEIVERS = {"webhook": "webhook", "to": "service in `to`", "ping": "health check"}


async def _ping(campaign: Campaign, ending: str, text: str = "") -> list[str]:
    """Call every health check at once; return what went wrong."""
    calls = [call for one in campaign.notices for call in _health_checks(one, ending, text)]
    with suppress(asyncio.CancelledError):
        return [failure for failure in await asyncio.gather(*map(_made, calls)) if failure]
    return []
