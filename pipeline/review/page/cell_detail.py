"""One cell in full, for the page's inspector: its prompt, its job and its history."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from pipeline.inspection.checks import CheckName
from pipeline.model.campaign import FinalMode
from pipeline.model.entry import AttemptRecord, Entry
from pipeline.model.money import MoneyFormat
from pipeline.model.names import CellName, Stage
from pipeline.model.outcome import Stored
from pipeline.model.providers.request import Background, RenderRequest
from pipeline.model.verdict import Decision, Verdict
from pipeline.review.page.page_json import comments_json
from pipeline.review.page.pictures import Pictures
from pipeline.review.page.review_state import ReviewState
from pipeline.state.campaign_state import CellAtStage, CellRow, CellTable, TakeState, short
from pipeline.state.lookup import bought_as

Json = object
Moment = tuple[str, dict[str, Json]]


async def cell_detail(
    review_state: ReviewState, pictures: Pictures, row: CellRow, stage: Stage
) -> dict[str, Json]:
    """Return everything the inspector shows of a cell at a stage."""
    shown = row.at(stage)
    fields: dict[str, Json] = {"cell": row.cell.name, "stage": stage}
    if shown is None:
        return fields
    request = shown.takes[0].job.request
    money = review_state.surveyed.reviewed.campaign.money
    verdicts = await review_state.ledger.verdict_history(review_state.campaign, row.cell.name)
    given = [verdict for verdict in verdicts if verdict.stage is stage]
    return {
        **fields,
        "prompt": filled_spans(request.prompt, row.cell.values),
        "job": _job(shown, request, money),
        "takes": [
            await _take(take, pictures, money) | await _changed(take, pictures, review_state)
            for take in shown.takes
        ],
        "rounds": _rounds(
            review_state.surveyed.record.entries.values(), row.cell.name, shown, given
        ),
        "comments": comments_json(review_state.comments.of(row.cell.name, stage)),
        "history": await _history(review_state, shown, given),
    }


def _job(shown: CellAtStage, request: RenderRequest, money: MoneyFormat) -> list[tuple[str, str]]:
    price = shown.takes[0].job.price
    facts = [
        ("Model", request.model),
        ("Quality", f"{request.quality} · {money.text(price)} each"),
        ("Size", request.size),
        ("Background", request.background),
        ("Round", str(shown.round)),
    ]
    if request.references:
        facts.append(("References", str(len(request.references))))
    facts.append(("Provider", shown.takes[0].job.profile))
    return facts


async def _take(take: TakeState, pictures: Pictures, money: MoneyFormat) -> dict[str, Json]:
    fields: dict[str, Json] = {
        "take": take.job.at.take,
        "status": take.status,
        "job": take.job.key,
        "credits": take.amount,
        "cost": money.text(take.amount),
        "shared": take.job.payer is not None,
        "reason": take.reason,
    }
    artifact = take.artifact
    if artifact is None:
        return fields
    found = await pictures.checks(artifact, take.job.request)
    # That an opaque picture is opaque goes without saying.
    is_opaque = take.job.request.background is not Background.TRANSPARENT
    return {
        **fields,
        "file": artifact.path,
        "weight": f"{artifact.width} × {artifact.height}, {_weight(artifact.bytes)}",
        "checks": [
            (check.name, check.words, check.passed)
            for check in found
            if not (check.passed and check.name is CheckName.ALPHA and is_opaque)
        ],
    }


async def _changed(
    take: TakeState, pictures: Pictures, review_state: ReviewState
) -> dict[str, Json]:
    """Return how much a refined final differs from its draft; empty for other images."""
    stages = review_state.surveyed.reviewed.campaign.stages
    settings = stages.get(Stage.FINAL)
    source = take.job.derived_from
    refines = settings is not None and settings.mode is FinalMode.REFINE
    if not refines or source is None or take.artifact is None:
        return {}
    entry = review_state.entries.get(source)
    if entry is None or not isinstance(entry.outcome, Stored):
        return {}
    draft = entry.outcome.artifact.sha256
    return {"changed": await pictures.changed(take.artifact, draft)}


def _weight(size: int) -> str:
    kilo = 1000
    return f"{size / kilo / kilo:.1f} MB" if size >= kilo * kilo else f"{size // kilo} kB"


def _rounds(
    entries: Iterable[Entry], cell: CellName, shown: CellAtStage, given: Sequence[Verdict]
) -> list[dict[str, Json]]:
    """Return the rounds before the one that is shown: their images, and what was asked for then.

    Of several images of one take, for which the campaign was edited, this is the newest.
    """
    if shown.round == 1:
        return []
    stage = shown.takes[0].job.at.stage
    images: dict[tuple[int, int], tuple[str, str, int]] = {}
    for entry in entries:
        at = entry.at
        if (at.cell, at.stage) != (cell, stage) or at.round >= shown.round:
            continue
        if isinstance(entry.outcome, Stored):
            artifact = entry.outcome.artifact
            found = (entry.purchased, short(artifact.sha256), artifact.width)
            images[at.round, at.take] = max(found, images.get((at.round, at.take), found))
    asked = {one.round + 1: one for one in given if one.decision is Decision.REDO}
    return [
        {
            "round": number,
            "takes": [
                {"take": take, "image": image, "wide": wide}
                for (of, take), (_, image, wide) in sorted(images.items())
                if of == number
            ],
            **_asked_for(asked.get(number)),
        }
        for number in range(1, shown.round + 1)
    ]


def _asked_for(verdict: Verdict | None) -> dict[str, Json]:
    """Return the request that began a round; empty for the first one."""
    if verdict is None:
        return {}
    return {"by": verdict.by, "at": verdict.at, "note": verdict.note}


async def _history(
    review_state: ReviewState, shown: CellAtStage, given: Sequence[Verdict]
) -> list[dict[str, Json]]:
    """Return the verdicts of all rounds and the images of this one, newest first."""
    paid = [bought_as(take.job) for take in shown.takes]
    attempts = await review_state.ledger.attempts(paid)
    moments = [*_verdict_moments(given)]
    for take, key in zip(shown.takes, paid, strict=True):
        moments += _attempt_moments(attempts.get(key, ()), take)
    return [fields for _, fields in sorted(moments, key=lambda one: one[0], reverse=True)]


def _verdict_moments(verdicts: Iterable[Verdict]) -> list[Moment]:
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


SHORTEST = 2
"""Shortest value that is looked for: shorter ones would be found everywhere."""

_MOST = 200
"""Most values looked for in one prompt."""

Span = tuple[str, str]
"""Text, and the dotted name of its value; the name is empty for text of the template."""


def filled_spans(prompt: str, values: Mapping[str, object]) -> list[Span]:
    """Split a prompt where values of its cell occur in it; the joined texts are the prompt."""
    names: dict[str, str] = {}
    for name, text in _leaves(values, ""):
        if len(text) >= SHORTEST and text in prompt:
            names.setdefault(text, name)
    known = sorted(names, key=len, reverse=True)[:_MOST]
    if not known:
        return [(prompt, "")]
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(text)}(?!\w)" for text in known))
    found: list[Span] = []
    at = 0
    for match in pattern.finditer(prompt):
        if match.start() > at:
            found.append((prompt[at : match.start()], ""))
        found.append((match[0], names[match[0]]))
        at = match.end()
    if at < len(prompt):
        found.append((prompt[at:], ""))
    return found


def cells_with(table: CellTable, stage: Stage, words: Sequence[str]) -> list[int]:
    """Return the numbers of the cells whose prompt or values contain all these words; blocks.

    `words` are case-folded. Prompts and values are folded once for all cells that share them.
    """

    @cache
    def folded(prompt: str) -> str:
        return prompt.casefold()

    found: list[int] = []
    for number, row in enumerate(table.rows):
        shown = row.at(stage)
        if shown is None or not words:
            continue
        prompt = folded(shown.takes[0].job.request.prompt)
        left = [word for word in words if word not in prompt]
        if left:
            values = "\n".join(text for _, text in _leaves(row.cell.values, "")).casefold()
            if not all(word in values for word in left):
                continue
        found.append(number)
    return found


def _leaves(value: object, name: str) -> Iterator[tuple[str, str]]:
    match value:
        case Mapping():
            for key, inner in value.items():
                yield from _leaves(inner, f"{name}.{key}" if name else str(key))
        case bool() | None:
            return
        case str() | int():
            yield name, str(value).strip()
        case _:
            return
