"""Rebuilding a ledger from run manifests: `pipeline ledger import`.

A manifest has the state of every image of its campaign, but no keys. What is in doubt is counted as
it tells, or at the price of the quality if it is an older one. It also has what each run of the
campaign had bought until then, so that what it does not list any more is counted too. Older
manifests list images that newer ones do not: they are imported together, in one transaction.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from pipeline.errors import UsageError
from pipeline.ledger.base import Ledger
from pipeline.ledger.manifest_import.fields import Fields, fields_of
from pipeline.ledger.rules.restoring import UNLISTED
from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.entry import (
    AttemptRecord,
    PurchaseKey,
    Restored,
    RestoredOrder,
    RestoredRecords,
    RunRecord,
    RunSpending,
)
from pipeline.model.job import Coordinates, JobKey
from pipeline.model.money import Amount, Spent, Unit
from pipeline.model.names import Account, CellName, ProfileName, Slug, Stage
from pipeline.model.outcome import (
    Failed,
    FailureKind,
    InDoubt,
    Outcome,
    Paid,
    PaidLost,
    Status,
    Stored,
    spent,
)
from pipeline.model.providers.request import Quality
from pipeline.model.run import RunId
from pipeline.model.ticket import Ticket, TicketId, TicketState
from pipeline.model.verdict import Decision, Verdict

__all__ = ["SCHEMA", "UNLISTED", "import_manifest", "import_manifests", "read_manifest"]

SCHEMA = "campaign-pipeline/run-manifest/2"
SCHEMAS = ("campaign-pipeline/run-manifest/1", SCHEMA, "campaign-pipeline/run-manifest/3")
"""Those that are read. Manifests of the first are all in credits; of the third, the images are in a
file beside it.
"""

_SLUG = re.compile(r"[a-z0-9-]+")
_UNANSWERED = "in flight when the run manifest was written"
_UNORDERED = (
    "which cannot be collected, since the run manifest does not name its line; look for the order "
    "in the provider's list of batches"
)

Prices = Mapping[Quality, Amount]


@dataclass(frozen=True, kw_only=True, slots=True)
class ManifestContent:
    """What a run manifest has of a ledger."""

    run: RunRecord
    runs: tuple[RunSpending, ...]
    """Every run that had bought something for the campaign; empty if it does not tell."""
    jobs: tuple[Restored, ...]
    verdicts: tuple[Verdict, ...]
    """Of each cell and stage in the order in which they were given."""
    total: Spent
    """What the campaign had spent on this account when the manifest was written."""


async def import_manifest(ledger: Ledger, manifest: object, *, prices: Prices) -> int:
    """Restore what one parsed run manifest has; see `import_manifests`."""
    return await import_manifests(ledger, [read_manifest(manifest, prices=prices)])


async def import_manifests(ledger: Ledger, contents: Iterable[ManifestContent]) -> int:
    """Restore what run manifests of one campaign have; return how many jobs were new or changed.

    `contents` come newest first. All is one transaction: the ledger has all of it, or is as it
    was. What the ledger knows already stays; importing twice changes nothing.
    """
    return await ledger.restore(_merged(contents))


def _merged(contents: Iterable[ManifestContent]) -> RestoredRecords:
    """Put manifests together; of each job only the records that say more than newer ones."""
    runs: dict[RunId, RunRecord] = {}
    spending: dict[RunId, RunSpending] = {}
    campaigns: set[Slug] = set()
    totals: dict[Account, RunSpending] = {}
    jobs: list[Restored] = []
    seen: dict[JobKey, Restored] = {}
    verdicts: dict[tuple[CellName, Stage], Sequence[Verdict]] = {}
    for content in contents:
        campaigns.add(content.run.campaign)
        for sums in content.runs:
            runs.setdefault(sums.run.id, sums.run)
            spending.setdefault(sums.run.id, sums)
        # its own record of a run is the fullest, and the place in the ledger is in any of them
        named = runs.get(content.run.id)
        number = content.run.number or (named.number if named else 0)
        runs[content.run.id] = replace(content.run, number=number)
        if not content.runs and content.run.account not in totals:
            totals[content.run.account] = RunSpending(run=content.run, spent=content.total)
        for job in content.jobs:
            newer = seen.get(job.key)
            if newer is None or not _is_contained(job, newer):
                seen[job.key] = job
                jobs.append(job)
        for place, given in _by_place(content.verdicts).items():
            verdicts.setdefault(place, given)
    if len(campaigns) != 1:
        raise UsageError("import run manifests of one campaign at a time: nothing was imported")
    oldest_first = list(runs.values())
    oldest_first.reverse()
    oldest_first.sort(key=lambda run: run.number)
    return RestoredRecords(
        campaign=campaigns.pop(),
        runs=oldest_first,
        spending=list(spending.values()),
        totals=list(totals.values()) if not spending else [],
        jobs=jobs[::-1],
        verdicts=[verdict for given in verdicts.values() for verdict in given],
    )


def _is_contained(older: Restored, newer: Restored) -> bool:
    """Return whether a newer record of a job has every attempt of an older one."""
    known = {one.started for one in newer.attempts}
    return all(
        one.started in known if one.started else one.number <= len(newer.attempts)
        for one in older.attempts
    )


def _by_place(verdicts: Iterable[Verdict]) -> Mapping[tuple[CellName, Stage], Sequence[Verdict]]:
    places: dict[tuple[CellName, Stage], list[Verdict]] = {}
    for verdict in verdicts:
        places.setdefault((verdict.cell, verdict.stage), []).append(verdict)
    return places


def read_manifest(
    manifest: object, *, prices: Prices, images: Iterable[object] | None = None
) -> ManifestContent:
    """Return a parsed run manifest as values; `UsageError` names the place of what is wrong.

    `images` are its images if it does not hold them itself.
    """
    fields = Fields(manifest, place="")
    if fields.text("schema") not in SCHEMAS:
        raise UsageError(f"this is not a run manifest of {SCHEMA}; nothing was imported")
    run = _run(fields.inner("run"))
    unit = _unit(fields.inner("run"))
    tickets = {one.id: one for one in (_ticket(each, run) for each in fields.each("tickets"))}
    jobs: list[Restored] = []
    verdicts: dict[tuple[CellName, Stage], Verdict] = {}
    for image in fields.each("images") if images is None else fields_of(images, place="images"):
        if image.text("shared_with"):
            continue
        job = _job(image, run, prices, unit, tickets=tickets)
        if job is not None:
            jobs.append(job)
        if image.has("verdict"):
            verdict = _verdict(image, image.inner("verdict"))
            verdicts[verdict.cell, verdict.stage] = verdict
    earlier = [_verdict(one, one) for one in fields.each("earlier_verdicts")]
    return ManifestContent(
        run=run,
        runs=tuple(_spending(one, run.campaign) for one in fields.each("runs")),
        jobs=tuple(jobs),
        verdicts=(*earlier, *verdicts.values()),  # what no image shows any more comes first
        total=_sum(fields.inner("totals").inner(unit.field)),
    )


def _sum(fields: Fields) -> Spent:
    return Spent(
        confirmed=Amount(fields.count("confirmed")), in_doubt=Amount(fields.count("in_doubt"))
    )


def _spending(fields: Fields, campaign: Slug) -> RunSpending:
    return RunSpending(
        run=RunRecord(
            id=RunId(fields.required("id")),
            campaign=campaign,
            account=Account(fields.required("account")),
            started=fields.moment("started"),
            finished=fields.moment("finished"),
            exit_code=fields.number("exit_code", default=None),
            number=fields.count("number"),
        ),
        spent=_sum(fields),
    )


def _run(fields: Fields) -> RunRecord:
    campaign = fields.required("campaign")
    if not _SLUG.fullmatch(campaign):
        raise fields.error("campaign", "is no name of a campaign")
    return RunRecord(
        id=RunId(fields.required("id")),
        campaign=Slug(campaign),
        account=Account(fields.required("account")),
        started=fields.moment("started"),
        finished=fields.moment("finished"),
        exit_code=fields.number("exit_code", default=None),
        number=fields.count("number"),
    )


def _unit(run: Fields) -> Unit:
    return run.one_of("unit", Unit) if run.has("unit") else Unit.CREDITS


def _ticket(fields: Fields, run: RunRecord) -> Ticket:
    """Return an order that was open; if it is not told as accepted, it has to be looked for."""
    account, batch = Account(fields.required("account")), fields.text("batch")
    return Ticket(
        id=TicketId(fields.required("id")),
        run=RunId(fields.required("run")),
        campaign=run.campaign,
        account=account,
        profile=ProfileName(account.partition("@")[0]),
        model=fields.text("model"),
        images=fields.count("images"),
        packed=fields.moment("ordered"),
        state=TicketState.OPEN if batch else TicketState.CREATING,
        file=fields.text("file"),
        batch=batch,
        expires=fields.moment("expires"),
        reason=fields.text("reason"),
    )


def _job(
    image: Fields,
    run: RunRecord,
    prices: Prices,
    unit: Unit,
    *,
    tickets: Mapping[TicketId, Ticket],
) -> Restored | None:
    """Return one image as a job; `None` if it was never submitted."""
    attempts = tuple(_attempts(image))
    outcome = _outcome(image, attempts, prices, unit)
    ticket, line = tickets.get(_last_ticket(image)), image.text("line")
    in_order = isinstance(outcome, InDoubt) and ticket is not None and line
    if outcome is None and not attempts:
        return None
    axes = image.inner("axes")
    return Restored(
        key=JobKey(image.required("job")),
        at=Coordinates(
            campaign=run.campaign,
            cell=CellName(image.required("cell")),
            axes=tuple((name, axes.required(name)) for name in axes.names()),
            stage=image.one_of("stage", Stage),
            round=image.count("round"),
            take=image.count("take"),
        ),
        outcome=outcome,
        spent=spent(outcome),
        bought=_bought(attempts) or run.started,
        run=run.id,
        attempts=attempts,
        order=RestoredOrder(ticket=ticket, line=line) if in_order and ticket else None,
    )


def _last_ticket(image: Fields) -> TicketId:
    """Return the order of the last attempt; empty if it was a request of its own."""
    return TicketId((image.texts("tickets", null=True) or [""])[-1])


def _bought(attempts: Sequence[AttemptRecord]) -> str:
    """Return when the newest purchase was opened: the first known time of its attempts."""
    newest = attempts[-1].purchase_number if attempts else 0
    times = [one.started for one in attempts if one.started and one.purchase_number == newest]
    return (times[0] if newest else times[-1]) if times else ""


def _attempts(image: Fields) -> Iterable[AttemptRecord]:
    """Yield the attempts, with the run and the purchase of each as far as the manifest tells."""
    runs, purchases = image.texts("runs"), image.counts("purchases")
    for number, fields in enumerate(image.each("attempts"), start=1):
        outcome = fields.required("outcome")
        if outcome not in {"submitted", "paid", "failed", "doubt"}:
            raise fields.error("outcome", "is no ending of an attempt")
        yield AttemptRecord(
            number=number,
            run=RunId(runs[number - 1] if number <= len(runs) else ""),
            purchase=PurchaseKey(""),
            purchase_number=purchases[number - 1] if number <= len(purchases) else 0,
            started=fields.moment("started"),
            ended=fields.moment("ended"),
            http=fields.number("http", default=None),
            outcome=outcome,
            request_id=fields.text("request_id"),
            error=fields.text("error"),
        )


def _outcome(
    image: Fields, attempts: tuple[AttemptRecord, ...], prices: Prices, unit: Unit
) -> Outcome | None:
    reason = image.text("error") or (attempts[-1].error if attempts else "")
    paid, in_doubt = Amount(image.count(unit.field)), Amount(image.count("in_doubt"))
    match image.one_of("status", Status):
        case Status.STORED:
            return Stored(
                url=image.text("url"),
                amount=paid,
                in_doubt=in_doubt,
                artifact=_artifact(image),
            )
        case Status.PENDING_DOWNLOAD | Status.PAID_LOST as status:
            ending = PaidLost if status is Status.PAID_LOST else Paid
            return ending(url=image.text("url"), amount=paid, in_doubt=in_doubt, reason=reason)
        case Status.IN_DOUBT:
            return InDoubt(amount=in_doubt or _price(image, prices), reason=reason)
        case Status.REFUSED:
            return Failed(kind=FailureKind.REFUSED, reason=reason, in_doubt=in_doubt)
        case Status.FAILED:
            was_answered = bool(attempts) and attempts[-1].http is not None
            kind = FailureKind.REJECTED if was_answered else FailureKind.NOT_SENT
            return Failed(kind=kind, reason=reason, in_doubt=in_doubt)
        case Status.PLANNED | Status.RENDERING | Status.ORDERED:
            in_flight = any(attempt.outcome == "submitted" for attempt in attempts)
            price = _price(image, prices) if in_flight else Amount(0)
            ticket = _last_ticket(image)
            reason = f"ordered as {ticket}, {_UNORDERED}" if ticket else _UNANSWERED
            return InDoubt(amount=price, reason=reason) if in_flight else None


def _price(image: Fields, prices: Prices) -> Amount:
    """Return the most that an image can cost: as it was planned, else by its quality."""
    if image.has("at_most"):
        return Amount(image.count("at_most"))
    quality = image.one_of("quality", Quality)
    if quality not in prices:
        raise image.error("quality", "has no price with this provider")
    return prices[quality]


def _artifact(image: Fields) -> Artifact:
    path = image.required("file")
    if path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise image.error("file", "leads out of the output folder")
    endings = {kind.value: kind for kind in ImageKind}
    kind = endings.get(PurePosixPath(path).suffix.removeprefix("."))
    if kind is None:
        raise image.error("file", "is no image file")
    return Artifact(
        path=path,
        sha256=image.required("sha256"),
        bytes=image.count("bytes"),
        kind=kind,
        width=image.count("width"),
        height=image.count("height"),
        alpha=image.one_of("alpha", Alpha),
    )


def _verdict(image: Fields, verdict: Fields) -> Verdict:
    return Verdict(
        cell=CellName(image.required("cell")),
        stage=image.one_of("stage", Stage),
        decision=verdict.one_of("decision", Decision),
        round=verdict.count("round"),
        take=verdict.count("take"),
        job=JobKey(image.required("job")),
        sha256=verdict.text("sha256"),
        by=verdict.text("by"),
        at=verdict.text("at"),
        note=verdict.text("note"),
    )
