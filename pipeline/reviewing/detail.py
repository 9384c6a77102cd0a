"""One cell in full, for the inspector: its words, its job, and what happened to it."""

from collections.abc import Iterable, Sequence

from pipeline.artifacts.checks import checks
from pipeline.ledger.base import AttemptRecord
from pipeline.model.campaign import Stage
from pipeline.model.request import RenderRequest
from pipeline.model.verdict import Verdict
from pipeline.reviewing.board import Row
from pipeline.reviewing.desk import Desk
from pipeline.reviewing.pictures import Pictures
from pipeline.reviewing.spans import spans
from pipeline.reviewing.states import Side, TakeView

Json = object
Moment = tuple[str, dict[str, Json]]


async def cell_detail(desk: Desk, pictures: Pictures, row: Row, stage: Stage) -> dict[str, Json]:
    """Everything the inspector shows of a cell at a stage."""
    side = row.side(stage)
    told: dict[str, Json] = {"cell": row.cell.name, "stage": stage}
    if side is None:
        return told
    request = side.takes[0].job.request
    return {
        **told,
        "prompt": spans(request.prompt, row.cell.values),
        "job": _job(side, request),
        "takes": [await _take(take, pictures) for take in side.takes],
        "history": await _history(desk, row, side, stage),
    }


def _job(side: Side, request: RenderRequest) -> list[tuple[str, str]]:
    price = side.takes[0].job.price
    facts = [
        ("Model", request.model),
        ("Quality", f"{request.quality} · {price} credits each"),
        ("Size", request.size),
        ("Background", request.background),
        ("Round", str(side.round)),
    ]
    if request.references:
        facts.append(("References", str(len(request.references))))
    facts.append(("Provider", side.takes[0].job.profile))
    return facts


async def _take(take: TakeView, pictures: Pictures) -> dict[str, Json]:
    told: dict[str, Json] = {
        "take": take.job.at.take,
        "status": take.status,
        "job": take.job.key,
        "credits": take.credits,
        "shared": take.job.payer is not None,
        "reason": take.reason,
    }
    artifact = take.artifact
    if artifact is None:
        return told
    request = take.job.request
    look = await pictures.look(artifact)
    found = checks(look, size=request.size, background=request.background)
    return {
        **told,
        "file": artifact.path,
        "weight": f"{artifact.width} × {artifact.height}, {_weight(artifact.bytes)}",
        "checks": [(check.name, check.words, check.passed) for check in found],
    }


def _weight(size: int) -> str:
    kilo = 1000
    return f"{size / kilo / kilo:.1f} MB" if size >= kilo * kilo else f"{size // kilo} kB"


async def _history(desk: Desk, row: Row, side: Side, stage: Stage) -> list[dict[str, Json]]:
    """What happened, newest first: verdicts of every round, and the images of this one."""
    verdicts = await desk.ledger.verdict_history(desk.campaign, row.cell.name)
    paid = [take.job.payer or take.job.key for take in side.takes]
    attempts = await desk.ledger.attempts(paid)
    moments = [*_verdict_moments(verdicts, stage)]
    for take, key in zip(side.takes, paid, strict=True):
        moments += _attempt_moments(attempts.get(key, ()), take)
    return [told for _, told in sorted(moments, key=lambda one: one[0], reverse=True)]


def _verdict_moments(verdicts: Iterable[Verdict], stage: Stage) -> list[Moment]:
    return [
        (
            verdict.at,
            {
                "at": verdict.at,
                "what": verdict.decision,
                "by": verdict.by,
                "note": verdict.note,
                "take": verdict.take,
                "round": verdict.round,
            },
        )
        for verdict in verdicts
        if verdict.stage is stage
    ]


def _attempt_moments(attempts: Sequence[AttemptRecord], take: TakeView) -> list[Moment]:
    return [
        (
            attempt.ended or attempt.started,
            {
                "at": attempt.ended or attempt.started,
                "what": attempt.outcome,
                "take": take.job.at.take,
                "note": attempt.error,
                "round": take.job.at.round,
            },
        )
        for attempt in attempts
    ]
