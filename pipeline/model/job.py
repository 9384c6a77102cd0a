"""One image to be rendered: the unit that is paid for, resumed and reported."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import lru_cache
from json.encoder import encode_basestring as said
from operator import attrgetter
from typing import NewType

from pipeline.model.campaign import CellName, Slug, Stage
from pipeline.model.credits import Credits
from pipeline.model.provider import ProfileName
from pipeline.model.request import Reference, RenderRequest

JobKey = NewType("JobKey", str)
"""32 hex characters: the same words give the same key, on every machine and in every run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Coordinates:
    """Which image of which cell."""

    campaign: Slug
    cell: CellName
    axes: tuple[tuple[str, str], ...]
    stage: Stage
    round: int = 1
    take: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Cell × stage × round × take, with the request, its price and its place on disk."""

    key: JobKey
    at: Coordinates
    request: RenderRequest
    price: Credits
    profile: ProfileName
    path: str
    """Below the campaign's folder, with its ending: `drafts/citrus/4x3-t1.png`."""
    payer: JobKey | None = None
    """The job whose image this one shares, where both ask for exactly the same thing."""
    derived_from: JobKey | None = None
    """The approved draft that a final comes from."""


def keys_of(jobs: Iterable[Job]) -> list[JobKey]:
    """The keys that a ledger knows these jobs by, payers included, each once and in order."""
    keys = (key for job in jobs for key in (job.key, job.payer) if key is not None)
    return list(dict.fromkeys(keys))


_ASKED = sorted(field.name for field in fields(RenderRequest))
_asked = attrgetter(*_ASKED)
_FORM = ",".join(f'"{name}":%s' for name in _ASKED)


def job_key(at: Coordinates, *, profile: ProfileName, request: RenderRequest) -> JobKey:
    """Name a job by what it is, never by where it stands in a list.

    What is hashed is JSON with sorted names and no spaces, put together by hand: a million jobs
    are named in a plan. The path of a reference is left out: its content is what is sent.
    """
    asked = _FORM % tuple(
        [said(fact) if isinstance(fact, str) else _said_all(fact) for fact in _asked(request)]
    )
    facts = (
        f'{{"axes":{_said_axes(at.axes)},"campaign":{said(at.campaign)},"profile":{said(profile)},'
        f'"request":{{{asked}}},"round":{at.round},"stage":{said(at.stage)},"take":{at.take}}}'
    )
    return JobKey(hashlib.sha256(facts.encode()).hexdigest()[:32])


@lru_cache(maxsize=1)
def _said_axes(axes: tuple[tuple[str, str], ...]) -> str:
    """All images of a cell have the same, and come one after the other."""
    pairs = [f"{said(name)}:{said(id_)}" for name, id_ in sorted(dict(axes).items())]
    return f"{{{','.join(pairs)}}}"


def _said_all(references: tuple[Reference, ...]) -> str:
    return f"[{','.join([said(reference.sha256) for reference in references])}]"
