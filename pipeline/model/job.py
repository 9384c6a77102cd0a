"""One image to be rendered: the unit that is paid for, resumed and reported."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import lru_cache
from json.encoder import encode_basestring as quoted
from operator import attrgetter
from typing import NewType

from pipeline.model.money import Amount
from pipeline.model.names import CellName, ProfileName, Slug, Stage
from pipeline.model.providers.request import Reference, RenderRequest

JobKey = NewType("JobKey", str)
"""32 hex characters: equal jobs have the same key, on every machine and in every run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Coordinates:
    """The position of an image: campaign, cell, stage, round and take."""

    campaign: Slug
    cell: CellName
    axes: tuple[tuple[str, str], ...]
    stage: Stage
    round: int = 1
    take: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Cell × stage × round × take, with its request, price and path on disk."""

    key: JobKey
    at: Coordinates
    request: RenderRequest
    price: Amount
    """The most that it can cost; reserved before it is requested."""
    profile: ProfileName
    path: str
    """Relative to the campaign's folder, with extension: `drafts/citrus/4x3-t1.png`."""
    payer: JobKey | None = None
    """The job whose image this one shares, if both have the same request."""
    derived_from: JobKey | None = None
    """The approved draft that a final was made from."""
    overlay: tuple[str, ...] = ()
    """The words that are laid over its ad files; they are not part of the request."""


@lru_cache(maxsize=4096)
def axis_value(axis: str, id_: str) -> tuple[str, str]:
    """Return one pair for the many cells with this value; it would be a tenth of their memory."""
    return axis, id_


def keys_of(jobs: Iterable[Job]) -> list[JobKey]:
    """Return the keys of these jobs and of their payers, in order, without duplicates."""
    keys = (key for job in jobs for key in (job.key, job.payer) if key is not None)
    return list(dict.fromkeys(keys))


_OPTIONAL = frozenset({"compression", "mask", "output_format"})
"""Fields of a request that came later: they are in the key only if they are set."""
_REQUEST_FIELDS = sorted({field.name for field in fields(RenderRequest)} - _OPTIONAL)
_request_values = attrgetter(*_REQUEST_FIELDS)
_REQUEST_FORMAT = ",".join(f'"{name}":%s' for name in _REQUEST_FIELDS)


def job_key(at: Coordinates, *, profile: ProfileName, request: RenderRequest) -> JobKey:
    """Return the key of a job: a hash of its coordinates, profile and request.

    The input of the hash is JSON with sorted names and no spaces. It is assembled by hand, because
    a plan may compute a million keys. Of a reference image, the hash of the content is included,
    and the path is not.
    """
    if request.output_format or request.mask or request.compression is not None:
        names = sorted({*_REQUEST_FIELDS, *_set_options(request)})
        request_json = ",".join(f'"{name}":{_json(getattr(request, name))}' for name in names)
    else:
        request_json = _REQUEST_FORMAT % tuple(
            [
                quoted(value) if isinstance(value, str) else _references_json(value)
                for value in _request_values(request)
            ]
        )
    facts = (
        f'{{"axes":{_axes_json(at.axes)},"campaign":{quoted(at.campaign)},'
        f'"profile":{quoted(profile)},"request":{{{request_json}}},"round":{at.round},'
        f'"stage":{quoted(at.stage)},"take":{at.take}}}'
    )
    return JobKey(hashlib.sha256(facts.encode()).hexdigest()[:32])


def _set_options(request: RenderRequest) -> Iterable[str]:
    return (name for name in _OPTIONAL if getattr(request, name) is not None)


def _json(value: str | int | Reference | tuple[Reference, ...]) -> str:
    match value:
        case str():
            return quoted(value)
        case int():
            return str(value)
        case Reference(sha256=sha256):
            return quoted(sha256)
        case _:
            return _references_json(value)


@lru_cache(maxsize=1)
def _axes_json(axes: tuple[tuple[str, str], ...]) -> str:
    """Return the axes as JSON; cached, since the images of a cell follow each other."""
    pairs = [f"{quoted(name)}:{quoted(id_)}" for name, id_ in sorted(dict(axes).items())]
    return f"{{{','.join(pairs)}}}"


def _references_json(references: tuple[Reference, ...]) -> str:
    return f"[{','.join([quoted(reference.sha256) for reference in references])}]"
