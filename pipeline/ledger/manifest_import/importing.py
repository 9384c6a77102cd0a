"""Rebuilding a ledger from a run manifest: `pipeline ledger import`.

A manifest has the state of every image, but neither keys nor the prices of doubts. An image in
doubt is counted at the price of its quality, and credits in the totals that no image accounts for
become an entry of their own, so that budgets still hold. The newest manifest of a campaign and
account includes all older ones, so only that one is imported.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath

from pipeline.errors import UsageError
from pipeline.ledger.base import Ledger, StaleVerdict
from pipeline.ledger.manifest_import.fields import Fields
from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.campaign import CellName, Slug, Stage
from pipeline.model.credits import FREE, Credits, Spent
from pipeline.model.entry import AttemptRecord, PurchaseKey, Restored, RunRecord
from pipeline.model.job import Coordinates, JobKey
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
from pipeline.model.provider import Account
from pipeline.model.request import Quality
from pipeline.model.run import RunId
from pipeline.model.verdict import Decision, Verdict

SCHEMA = "campaign-pipeline/run-manifest/1"
UNLISTED = CellName("(no longer in the campaign)")
"""The cell of the entry for credits in the totals that no listed image accounts for."""

_GROUP = 1000
_SLUG = re.compile(r"[a-z0-9-]+")
_UNANSWERED = "in flight when the run manifest was written"

Prices = Mapping[Quality, Credits]


@dataclass(frozen=True, kw_only=True, slots=True)
class ManifestContent:
    """The contents of a run manifest that are restored to the ledger."""

    run: RunRecord
    jobs: tuple[Restored, ...]
    verdicts: tuple[Verdict, ...]
    total: Spent
    """What the campaign had spent on this account when the manifest was written."""


async def import_manifest(ledger: Ledger, manifest: object, *, prices: Prices) -> int:
    """Restore the jobs of a parsed run manifest; return how many were new to the ledger.

    Jobs that the ledger knows are not changed, so importing twice has no effect. Raises
    `UsageError` if this is no manifest, or if the ledger was rebuilt from another one, since the
    states of the two would be mixed, and an image could be bought twice.
    """
    known = read_manifest(manifest, prices=prices)
    other = await _rebuilt_from(ledger, known.run)
    if other:
        raise UsageError(
            f"this ledger was rebuilt from the manifest of run {other}: a second one would mix two "
            "states. Move ledger.db and ledger.db.mark away and import the newest manifest alone"
        )
    written = 0
    for start in range(0, len(known.jobs), _GROUP):
        written += await ledger.restore(known.run, known.jobs[start : start + _GROUP])
    written += await ledger.restore(known.run, [*await _unlisted(ledger, known)])
    for verdict in known.verdicts:
        with suppress(StaleVerdict):
            await ledger.decide(verdict, campaign=known.run.campaign, base=0)
    return written


def read_manifest(manifest: object, *, prices: Prices) -> ManifestContent:
    """Return a parsed run manifest as values; a `UsageError` names the place of a mistake."""
    fields = Fields(manifest, place="")
    if fields.text("schema") != SCHEMA:
        raise UsageError(f"this is not a run manifest of {SCHEMA}; nothing was imported")
    run = _run(fields.inner("run"))
    images = [image for image in fields.each("images") if not image.text("shared_with")]
    jobs = [job for image in images if (job := _job(image, run, prices)) is not None]
    credits_ = fields.inner("totals").inner("credits")
    verdicts = {
        (verdict.cell, verdict.stage): verdict
        for image in images
        if (verdict := _verdict(image)) is not None
    }
    return ManifestContent(
        run=run,
        jobs=tuple(jobs),
        verdicts=tuple(verdicts.values()),
        total=Spent(
            confirmed=Credits(credits_.count("confirmed")),
            in_doubt=Credits(credits_.count("in_doubt")),
        ),
    )


async def _rebuilt_from(ledger: Ledger, run: RunRecord) -> RunId | None:
    """Return another run of this campaign and account whose manifest was imported here."""
    entries = await ledger.campaign_entries(run.campaign)
    restored = [entry.key for entry in entries if entry.purchase is None]
    others = {one.id for one in await ledger.runs(run.campaign) if one.account == run.account}
    for start in range(0, len(restored), _GROUP):
        posts = await ledger.attempts(restored[start : start + _GROUP])
        for attempts in posts.values():
            for attempt in attempts:
                if attempt.run in others and attempt.run != run.id:
                    return attempt.run
    return None


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
    )


def _job(image: Fields, run: RunRecord, prices: Prices) -> Restored | None:
    """Return one image as a job; `None` if it was never submitted."""
    attempts = tuple(_attempts(image.each("attempts"), run))
    outcome = _outcome(image, attempts, prices)
    if outcome is None and not attempts:
        return None
    submitted = [attempt.started for attempt in attempts if attempt.started]
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
        bought=submitted[-1] if submitted else run.started,
        attempts=attempts,
    )


def _attempts(records: Iterable[Fields], run: RunRecord) -> Iterable[AttemptRecord]:
    for number, fields in enumerate(records, start=1):
        outcome = fields.required("outcome")
        if outcome not in {"submitted", "paid", "failed", "doubt"}:
            raise fields.error("outcome", "is no ending of an attempt")
        yield AttemptRecord(
            number=number,
            run=run.id,
            purchase=PurchaseKey(""),
            started=fields.moment("started"),
            ended=fields.moment("ended"),
            http=fields.number("http", default=None),
            outcome=outcome,
            request_id=fields.text("request_id"),
            error=fields.text("error"),
        )


def _outcome(image: Fields, attempts: tuple[AttemptRecord, ...], prices: Prices) -> Outcome | None:
    reason = image.text("error") or (attempts[-1].error if attempts else "")
    match image.one_of("status", Status):
        case Status.STORED:
            return Stored(url=image.text("url"), credits=_credits(image), artifact=_artifact(image))
        case Status.PENDING_DOWNLOAD | Status.PAID_LOST as status:
            ending = PaidLost if status is Status.PAID_LOST else Paid
            return ending(url=image.text("url"), credits=_credits(image), reason=reason)
        case Status.IN_DOUBT:
            return InDoubt(credits=_price(image, prices), reason=reason)
        case Status.REFUSED:
            return Failed(kind=FailureKind.REFUSED, reason=reason)
        case Status.FAILED:
            was_answered = bool(attempts) and attempts[-1].http is not None
            kind = FailureKind.REJECTED if was_answered else FailureKind.NOT_SENT
            return Failed(kind=kind, reason=reason)
        case Status.PLANNED | Status.RENDERING:
            in_flight = any(attempt.outcome == "submitted" for attempt in attempts)
            price = _price(image, prices) if in_flight else Credits(0)
            return InDoubt(credits=price, reason=_UNANSWERED) if in_flight else None


def _credits(image: Fields) -> Credits:
    return Credits(image.count("credits"))


def _price(image: Fields, prices: Prices) -> Credits:
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


async def _unlisted(ledger: Ledger, known: ManifestContent) -> Iterable[Restored]:
    """Return the credits spent until then on images that neither manifest nor ledger lists.

    Purchases of later runs are not subtracted, so that a new ledger counts all of them.
    """
    run = known.run
    confirmed, in_doubt = known.total.confirmed, known.total.in_doubt
    for one in await ledger.runs(run.campaign):
        if one.account == run.account and one.id <= run.id:
            known_spent = await ledger.spent(run=one.id)
            confirmed, in_doubt = (
                Credits(confirmed - known_spent.confirmed),
                Credits(in_doubt - known_spent.in_doubt),
            )
    rest = Spent(confirmed=max(FREE, confirmed), in_doubt=max(FREE, in_doubt))
    if not rest.upper:
        return ()
    name = f"{UNLISTED} {run.campaign} {run.account} {run.id}"
    return (
        Restored(
            key=JobKey(hashlib.sha256(name.encode()).hexdigest()[:32]),
            at=Coordinates(campaign=run.campaign, cell=UNLISTED, axes=(), stage=Stage.DRAFT),
            outcome=None,
            spent=rest,
            bought=run.started,
        ),
    )


def _verdict(image: Fields) -> Verdict | None:
    if not image.has("verdict"):
        return None
    verdict = image.inner("verdict")
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
