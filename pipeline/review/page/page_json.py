"""The board as the page reads it: columns of small numbers, so that many cells are light."""

from collections.abc import Sequence

from pipeline.model.campaign import Cell, Stage
from pipeline.model.outcome import Status
from pipeline.state.board import Board, BoardRow
from pipeline.state.cell_states import CellAtStage, CellState, TakeState
from pipeline.state.labels import label_of, short

Json = object

_STATUSES = tuple(Status)
_VERDICT_SHOWS = frozenset(
    {CellState.APPROVED, CellState.STALE, CellState.REDO, CellState.REJECTED}
)


def index_json(board: Board) -> dict[str, Json]:
    """All cells: axes once, then a column of numbers per axis, and a row per stage."""
    axes = _axes([row.cell for row in board.rows])
    ratios = list(dict.fromkeys(row.cell.size.ratio for row in board.rows))
    place = {ratio: at for at, ratio in enumerate(ratios)}
    return {
        "board": board.version,
        "campaign": board.campaign.slug,
        "statuses": list(_STATUSES),
        "axes": [axis for axis, _ in axes],
        "ratios": [_sides(ratio) for ratio in ratios],
        "cells": {
            "name": [row.cell.name for row in board.rows],
            "axes": [column for _, column in axes],
            "ratio": [place[row.cell.size.ratio] for row in board.rows],
        },
        "draft": [side_json(row.draft) for row in board.rows],
        "final": [side_json(row.final) for row in board.rows],
    }


def row_json(number: int, row: BoardRow, stage: Stage) -> dict[str, Json]:
    """One changed cell at one stage."""
    return {"i": number, "stage": stage, "row": side_json(row.side(stage))}


def side_json(side: CellAtStage | None) -> list[Json] | None:
    """State, round, revision, takes, then what the verdict says, as far as there is one."""
    if side is None:
        return None
    told: list[Json] = [side.state, side.round, _revision(side), [_take(t) for t in side.takes]]
    verdict = side.verdict
    if verdict is not None and side.state in _VERDICT_SHOWS:
        told += [verdict.take, verdict.by, verdict.at, verdict.note, side.reason]
    elif side.reason:
        told += [0, "", "", "", side.reason]
    return told


def _revision(side: CellAtStage) -> int:
    return side.verdict.revision if side.verdict is not None else 0


def _take(take: TakeState) -> list[Json]:
    name = short(take.artifact.sha256) if take.artifact is not None else ""
    return [name, _STATUSES.index(take.status)]


def _axes(cells: Sequence[Cell]) -> list[tuple[dict[str, Json], list[int]]]:
    """Each axis with its values in order of appearance, and each cell's place among them."""
    names = list(dict.fromkeys(axis for cell in cells for axis, _ in cell.axes))
    told: list[tuple[dict[str, Json], list[int]]] = []
    for name in names:
        labels: dict[str, str] = {}
        column: list[str] = []
        for cell in cells:
            value = dict(cell.axes).get(name, "")
            column.append(value)
            if value not in labels:
                labels[value] = label_of(cell, name, value)
        place = {value: at for at, value in enumerate(labels)}
        axis: dict[str, Json] = {
            "name": name,
            "values": list(labels),
            "labels": list(labels.values()),
        }
        told.append((axis, [place[value] for value in column]))
    return told


def _sides(ratio: str) -> list[float]:
    width, _, height = ratio.partition(":")
    return [float(width), float(height or 1)]
