"""Jobs and ledger entries as packed rows: every field of theirs, in a fixed order."""

from collections.abc import Iterable
from functools import lru_cache
from operator import attrgetter
from typing import assert_never

from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.entry import Entry
from pipeline.model.job import Coordinates, Job, JobKey
from pipeline.model.money import Amount, Spent
from pipeline.model.names import Stage
from pipeline.model.outcome import (
    Failed,
    FailureKind,
    InDoubt,
    Outcome,
    Paid,
    PaidLost,
    Stored,
)
from pipeline.model.packed import PackedMapping, PackedSequence, Row, RowFormat
from pipeline.model.request import Background, Quality, Reference, RenderRequest

_STAGES = {one.value: one for one in Stage}
_QUALITIES = {one.value: one for one in Quality}
_BACKGROUNDS = {one.value: one for one in Background}
_KINDS = {one.value: one for one in ImageKind}
_ALPHAS = {one.value: one for one in Alpha}

_PLACE = ("campaign", "cell", "axes", "stage.value", "round", "take")
_place_of = attrgetter(*_PLACE)


def _coordinates(row: Row) -> Coordinates:
    campaign, cell, axes, stage, round_, take = row
    return Coordinates(
        campaign=campaign, cell=cell, axes=axes, stage=_STAGES[stage], round=round_, take=take
    )


_job_facts = attrgetter(
    *("key", "price", "profile", "path", "payer", "derived_from", "overlay"),
    *(f"at.{name}" for name in _PLACE),
    *("request.prompt", "request.model", "request.size", "request.variation"),
    *("request.quality.value", "request.background.value", "request.references"),
)


def _job_row(job: Job) -> Row:
    *facts, references = _job_facts(job)
    return (*facts, tuple([(one.path, one.sha256) for one in references]))


def _job(row: Row) -> Job:
    key, price, profile, path, payer, derived_from, overlay = row[:7]
    prompt, model, size, variation, quality, background, references = row[13:]
    return Job(
        key=key,
        at=_coordinates(row[7:13]),
        request=RenderRequest(
            prompt=prompt,
            model=model,
            size=size,
            quality=_QUALITIES[quality],
            background=_BACKGROUNDS[background],
            references=tuple([Reference(path=path, sha256=sha) for path, sha in references]),
            variation=variation,
        ),
        price=price,
        profile=profile,
        path=path,
        payer=payer,
        derived_from=derived_from,
        overlay=overlay,
    )


_artifact_facts = attrgetter(
    "path", "sha256", "bytes", "kind.value", "width", "height", "alpha.value"
)
_entry_facts = attrgetter(
    *("key", "spent.confirmed", "spent.in_doubt"),
    *("purchase", "purchased", "rendering", "ordered"),
)


def _outcome_row(outcome: Outcome | None) -> Row | None:
    match outcome:
        case None:
            return None
        case Stored(url=url, amount=amount, in_doubt=in_doubt, artifact=artifact):
            return ("stored", url, amount, in_doubt, _artifact_facts(artifact))
        case Paid(url=url, amount=amount, in_doubt=in_doubt, reason=reason):
            return ("paid", url, amount, in_doubt, reason)
        case PaidLost(url=url, amount=amount, in_doubt=in_doubt, reason=reason):
            return ("paid_lost", url, amount, in_doubt, reason)
        case Failed(kind=kind, reason=reason, in_doubt=in_doubt):
            return ("failed", kind.value, reason, in_doubt)
        case InDoubt(amount=amount, reason=reason):
            return ("in_doubt", amount, reason)
        case _:
            assert_never(outcome)


def _outcome(row: Row | None) -> Outcome | None:
    match row:
        case None:
            return None
        case ("stored", url, amount, in_doubt, facts):
            artifact = _artifact(facts)
            return Stored(url=url, amount=amount, in_doubt=in_doubt, artifact=artifact)
        case ("paid", url, amount, in_doubt, reason):
            return Paid(url=url, amount=amount, in_doubt=in_doubt, reason=reason)
        case ("paid_lost", url, amount, in_doubt, reason):
            return PaidLost(url=url, amount=amount, in_doubt=in_doubt, reason=reason)
        case ("failed", kind, reason, in_doubt):
            return Failed(kind=FailureKind(kind), reason=reason, in_doubt=in_doubt)
        case ("in_doubt", amount, reason):
            return InDoubt(amount=amount, reason=reason)
        case _:
            raise ValueError(f"{row} is no outcome")


def _artifact(row: Row) -> Artifact:
    path, sha256, size, kind, width, height, alpha = row
    return Artifact(
        path=path,
        sha256=sha256,
        bytes=size,
        kind=_KINDS[kind],
        width=width,
        height=height,
        alpha=_ALPHAS[alpha],
    )


@lru_cache(maxsize=256)
def _spent(confirmed: int, in_doubt: int) -> Spent:
    """Return one value for the many jobs that cost the same."""
    return Spent(confirmed=Amount(confirmed), in_doubt=Amount(in_doubt))


def _entry_row(entry: Entry) -> Row:
    return (*_entry_facts(entry), _place_of(entry.at), _outcome_row(entry.outcome))


def _entry(row: Row) -> Entry:
    key, confirmed, in_doubt, purchase, purchased, rendering, ordered, place, outcome = row
    return Entry(
        key=key,
        at=_coordinates(place),
        outcome=_outcome(outcome),
        spent=_spent(confirmed, in_doubt),
        purchase=purchase,
        purchased=purchased,
        rendering=rendering,
        ordered=ordered,
    )


JOBS = RowFormat(row_of=_job_row, value_of=_job)
ENTRIES = RowFormat(row_of=_entry_row, value_of=_entry)


def packed_jobs(jobs: Iterable[Job]) -> PackedSequence[Job]:
    """Return these jobs in order, compressed."""
    return PackedSequence(jobs, JOBS)


def packed_entries(entries: Iterable[Entry]) -> PackedMapping[JobKey, Entry]:
    """Return these entries by job key and in order, compressed."""
    return PackedMapping(entries, ENTRIES)
