"""The cells as JSON for the page: columns of small numbers, so that many cells stay small."""

from collections.abc import Mapping, Sequence

from pipeline.model.artifact import Alpha
from pipeline.model.campaign import Cell
from pipeline.model.money import MoneyFormat, Spent
from pipeline.model.names import Stage
from pipeline.model.outcome import Status
from pipeline.review.comments import Comment
from pipeline.state.campaign_state import (
    CellAtStage,
    CellRow,
    CellState,
    CellTable,
    TakeState,
    distinct_labels,
    short,
)
from pipeline.state.figures import StageFigures

Json = object

_STATUSES = tuple(Status)
_VERDICT_SHOWS = frozenset(
    {CellState.APPROVED, CellState.STALE, CellState.REDO, CellState.REJECTED}
)


def index_json(table: CellTable) -> dict[str, Json]:
    """Return all cells: each axis once, a column of numbers per axis, and a list per stage."""
    axes = _axes([row.cell for row in table.rows])
    ratios = list(dict.fromkeys(row.cell.size.ratio for row in table.rows))
    place = {ratio: at for at, ratio in enumerate(ratios)}
    return {
        "board": table.version,
        "campaign": table.campaign.slug,
        "statuses": list(_STATUSES),
        "cutouts": any(map(_is_cut_out, table.rows)),
        "axes": [axis for axis, _ in axes],
        "ratios": [_ratio(ratio) for ratio in ratios],
        "cells": {
            "name": [row.cell.name for row in table.rows],
            "axes": [column for _, column in axes],
            "ratio": [place[row.cell.size.ratio] for row in table.rows],
        },
        "draft": [stage_json(row.draft) for row in table.rows],
        "final": [stage_json(row.final) for row in table.rows],
    }


def row_json(number: int, row: CellRow, stage: Stage) -> dict[str, Json]:
    """Return one changed cell at one stage."""
    return {"i": number, "stage": stage, "row": stage_json(row.at(stage))}


def stage_json(shown: CellAtStage | None) -> list[Json] | None:
    """Return state, round, revision and takes, then the fields of the verdict if there is one."""
    if shown is None:
        return None
    verdict = shown.verdict
    revision = verdict.revision if verdict is not None else 0
    columns: list[Json] = [shown.state, shown.round, revision, [_take(t) for t in shown.takes]]
    if verdict is not None and shown.state in _VERDICT_SHOWS:
        columns += [verdict.take, verdict.by, verdict.at, verdict.note, shown.reason]
    elif shown.reason:
        columns += [0, "", "", "", shown.reason]
    return columns


def figures_json(
    figures: Mapping[Stage, StageFigures], spent: Spent, money: MoneyFormat
) -> dict[str, Json]:
    """Return the figures of each stage and what is spent; names say what is counted."""
    stages = {
        stage: {
            "cells": one.cells,
            "images": sum(one.images.values()),
            "stored_images": one.stored,
            "images_in_doubt": one.in_doubt,
            "images_to_buy": one.to_buy,
            "images_to_download": one.to_download,
            "approved_cells": one.approved,
            "stale_cells": one.stale,
            "credits_ahead": one.ahead,
            "cost_ahead": money.bare(one.ahead),
        }
        for stage, one in figures.items()
    }
    amounts = {"confirmed": spent.confirmed, "in_doubt": spent.in_doubt, "upper": spent.upper}
    return {"stages": stages, "spent": {**amounts, "text": money.bare(spent.upper)}}


def comments_json(comments: Sequence[Comment]) -> list[Json]:
    """Return the comments on a cell, oldest first."""
    return [
        {
            "id": one.id,
            "text": one.text,
            "by": one.by,
            "at": one.at,
            "image": one.image,
            "take": one.take,
            "round": one.round,
            "point": one.point,
            "resolved": one.resolved,
        }
        for one in comments
    ]


def _take(take: TakeState) -> list[Json]:
    status = _STATUSES.index(take.status)
    if take.artifact is None:
        return ["", status]
    return [short(take.artifact.sha256), status, take.artifact.width]


def _is_cut_out(row: CellRow) -> bool:
    """Return True if an image of the cell has transparent parts."""
    sides = (side for side in (row.draft, row.final) if side is not None)
    images = (take.artifact for side in sides for take in side.takes)
    return any(image is not None and image.alpha is not Alpha.NONE for image in images)


def _axes(cells: Sequence[Cell]) -> list[tuple[dict[str, Json], list[int]]]:
    """Return each axis with its values in order of appearance, and the index of each cell's."""
    names = list(dict.fromkeys(axis for cell in cells for axis, _ in cell.axes))
    labels = distinct_labels(cells)
    axes_with_places: list[tuple[dict[str, Json], list[int]]] = []
    for name in names:
        column = [dict(cell.axes).get(name, "") for cell in cells]
        place = {value: at for at, value in enumerate(dict.fromkeys(column))}
        axis: dict[str, Json] = {
            "name": name,
            "values": list(place),
            "labels": [labels.get((name, value), value) for value in place],
        }
        axes_with_places.append((axis, [place[value] for value in column]))
    return axes_with_places


def _ratio(ratio: str) -> list[float]:
    width, _, height = ratio.partition(":")
    return [float(width), float(height or 1)]
