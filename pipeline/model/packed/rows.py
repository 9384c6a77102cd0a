"""Jobs and ledger entries as packed rows: every field of theirs, in a fixed order."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any, TypeVar, assert_never, cast

from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.entry import Entry, ImageRecord
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
from pipeline.model.packed.containers import (
    JoinedSequence,
    PackedMapping,
    PackedSequence,
    Row,
    RowFormat,
)
from pipeline.model.providers.request import (
    Background,
    OutputFormat,
    Quality,
    Reference,
    RenderRequest,
)

Value = TypeVar("Value")

_STAGES = {one.value: one for one in Stage}
_QUALITIES = {one.value: one for one in Quality}
_BACKGROUNDS = {one.value: one for one in Background}
_KINDS = {one.value: one for one in ImageKind}
_ALPHAS = {one.value: one for one in Alpha}


def _maker(kind: type[Value], *names: str) -> Callable[..., Value]:
    """Return a function that makes a frozen value of all its fields, given in this order.

    It sets the slots themselves: `__init__` of a frozen dataclass takes half as long again.
    """
    if sorted(names) != sorted(field.name for field in fields(cast("Any", kind))):
        raise TypeError(f"{kind.__name__} has other fields than {', '.join(names)}")
    setters = [getattr(kind, name).__set__ for name in names]

    def make(*values: object) -> Value:
        made = object.__new__(kind)
        for set_field, value in zip(setters, values, strict=True):
            set_field(made, value)
        return made

    return make


_PLACE = ("campaign", "cell", "axes", "stage.value", "round", "take")
_place_of = attrgetter(*_PLACE)


_make_coordinates = _maker(Coordinates, "campaign", "cell", "axes", "stage", "round", "take")


def _coordinates(row: Row) -> Coordinates:
    campaign, cell, axes, stage, round_, take = row
    return _make_coordinates(campaign, cell, axes, _STAGES[stage], round_, take)


_PAYER = 4
"""Place of a job's payer in its row."""
_OWN = ("key", "price", "profile", "path", "payer", "derived_from", "overlay")
_TEXTS = ("prompt", "model", "size", "variation", "compression")
_job_facts = attrgetter(
    *_OWN,
    *(f"at.{name}" for name in _PLACE),
    *(f"request.{name}" for name in _TEXTS),
    *("request.quality.value", "request.background.value", "request.references"),
    *("request.mask", "request.output_format"),
)
_make_job = _maker(Job, *_OWN, "at", "request")
_reference = _maker(Reference, "path", "sha256")
_make_request = _maker(
    RenderRequest,
    *(*_TEXTS, "quality", "background", "references", "mask", "output_format"),
)


def _job_row(job: Job) -> Row:
    *facts, references, mask, output_format = _job_facts(job)
    sent = tuple([(one.path, one.sha256) for one in references])
    if mask is None and output_format is None:
        return (*facts, sent, None, None)
    return (*facts, sent, mask and (mask.path, mask.sha256), output_format and output_format.value)


def _job(row: Row) -> Job:
    *written, quality, background, references, mask, output_format = row[13:]
    request = _make_request(
        *written,
        _QUALITIES[quality],
        _BACKGROUNDS[background],
        tuple([_reference(*one) for one in references]),
        None if mask is None else _reference(*mask),
        None if output_format is None else OutputFormat(output_format),
    )
    return _make_job(*row[:7], _coordinates(row[7:13]), request)


_artifact_facts = attrgetter(
    "path", "sha256", "bytes", "kind.value", "width", "height", "alpha.value"
)
_make_artifact = _maker(Artifact, "path", "sha256", "bytes", "kind", "width", "height", "alpha")
_make_stored = _maker(Stored, "url", "amount", "in_doubt", "artifact")
_image = _maker(ImageRecord, "job", "url", "sha256")
_make_entry = _maker(
    Entry,
    *("key", "spent", "purchase", "purchased", "rendering", "ordered", "at", "outcome"),
)
_entry_facts = attrgetter(
    *("key", "spent.confirmed", "spent.in_doubt"),
    *("purchase", "purchased", "rendering", "ordered"),
)


_STORED = "stored"


def _outcome_row(outcome: Outcome | None) -> Row | None:
    match outcome:
        case None:
            return None
        case Stored(url=url, amount=amount, in_doubt=in_doubt, artifact=artifact):
            return (_STORED, url, amount, in_doubt, _artifact_facts(artifact))
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
        case (kind, url, amount, in_doubt, facts) if kind == _STORED:
            return _make_stored(url, amount, in_doubt, _artifact(facts))
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
    return _make_artifact(path, sha256, size, _KINDS[kind], width, height, _ALPHAS[alpha])


@lru_cache(maxsize=256)
def _spent(confirmed: int, in_doubt: int) -> Spent:
    """Return one value for the many jobs that cost the same."""
    return Spent(confirmed=Amount(confirmed), in_doubt=Amount(in_doubt))


def _entry_row(entry: Entry) -> Row:
    return (*_entry_facts(entry), _place_of(entry.at), _outcome_row(entry.outcome))


def _entry(row: Row) -> Entry:
    key, confirmed, in_doubt, *told, place, outcome = row
    spent = _spent(confirmed, in_doubt)
    return _make_entry(key, spent, *told, _coordinates(place), _outcome(outcome))


IMAGES = RowFormat(row_of=attrgetter("job", "url", "sha256"), value_of=lambda row: _image(*row))
JOBS = RowFormat(row_of=_job_row, value_of=_job)
ENTRIES = RowFormat(row_of=_entry_row, value_of=_entry)


def packed_jobs(jobs: Iterable[Job]) -> PackedSequence[Job]:
    """Return these jobs in order, compressed."""
    return PackedSequence(jobs, JOBS)


def sharing_jobs(jobs: Iterable[Job]) -> Iterator[Job]:
    """Yield the jobs that share another job's image; packed ones are unpacked only then."""
    match jobs:
        case JoinedSequence():
            yield from chain.from_iterable(map(sharing_jobs, jobs.parts))
        case PackedSequence():
            yield from (_job(row) for row in jobs.rows() if row[_PAYER] is not None)
        case _:
            yield from (job for job in jobs if job.payer is not None)


def entries_without_image(entries: Mapping[JobKey, Entry]) -> Iterator[Entry]:
    """Yield the entries that are open or not stored; packed ones are unpacked only then."""
    if isinstance(entries, PackedMapping):
        yield from (_entry(row) for row in entries.rows() if _lacks_image(row))
        return
    for entry in entries.values():
        if entry.is_open or not isinstance(entry.outcome, Stored):
            yield entry


def _lacks_image(row: Row) -> bool:
    *_, rendering, ordered, _, outcome = row
    return rendering or ordered or outcome is None or outcome[0] != _STORED


def packed_entries(entries: Iterable[Entry]) -> PackedMapping[JobKey, Entry]:
    """Return these entries by job key and in order, compressed."""
    return PackedMapping(entries, ENTRIES)
