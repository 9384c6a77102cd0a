"""One cell in full, for the inspector: its words, its job, and what happened to it."""

from collections.abc import Iterable, Sequence

from pipeline.model.campaign import Stage
from pipeline.model.entry import AttemptRecord
from pipeline.model.request import RenderRequest
from pipeline.model.verdict import Verdict
from pipeline.review.page.filled_words import filled_spans
from pipeline.review.page.pictures import Pictures
from pipeline.review.page.review_state import ReviewState
from pipeline.state.board import BoardRow
from pipeline.state.cell_states import CellAtStage, TakeState

Json = object
Moment = tuple[str, dict[str, Json]]


async def cell_detail(
    review_state: ReviewState, pictures: Pictures, row: BoardRow, stage: Stage
) -> dict[str, Json]:
    """Everything the inspector shows of a cell at a stage."""
    side = row.side(stage)
    told: dict[str, Json] = {"cell": row.cell.name, "stage": stage}
    if side is None:
        return told
    request = side.takes[0].job.request
    return {
        **told,
        "prompt": filled_spans(request.prompt, row.cell.values),
        "job": _job(side, request),
        "takes": [await _take(take, pictures) for take in side.takes],
        "history": await _history(review_state, row, side, stage),
    }


def _job(side: CellAtStage, request: RenderRequest) -> list[tuple[str, str]]:
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


async def _take(take: TakeState, pictures: Pictures) -> dict[str, Json]:
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
    found = await pictures.checks(artifact, take.job.request)
    return {
        **told,
        "file": artifact.path,
        "weight": f"{artifact.width} × {artifact.height}, {_weight(artifact.bytes)}",
        "checks": [(check.name, check.words, check.passed) for check in found],
    }


def _weight(size: int) -> str:
    kilo = 1000
    return f"{size / kilo / kilo:.1f} MB" if size >= kilo * kilo else f"{size // kilo} kB"


async def _history(
    review_state: ReviewState, row: BoardRow, side: CellAtStage, stage: Stage
) -> list[dict[str, Json]]:
    """What happened, newest first: verdicts of every round, and the images of this one."""
    verdicts = await review_state.ledger.verdict_history(review_state.campaign, row.cell.name)
    paid = [take.job.payer or take.job.key for take in side.takes]
    attempts = await review_state.ledger.attempts(paid)
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


def _attempt_moments(attempts: Sequence[AttemptRecord], take: TakeState) -> list[Moment]:
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
