"""Columns that are the same in every kind of database: axes of a cell, and verdicts."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pipeline.model.job import JobKey, axis_value
from pipeline.model.names import CellName, Stage
from pipeline.model.verdict import Decision, Verdict


def axis_names(axes: tuple[tuple[str, str], ...]) -> str:
    """Return the names of the axes as text; all cells of a matrix share this row."""
    return json.dumps([name for name, _ in axes], ensure_ascii=False)


def axis_ids(axes: tuple[tuple[str, str], ...], cell: str) -> str | None:
    """Return the ids of a cell on its axes; `None` if the cell's name is made of them."""
    ids = [id_ for _, id_ in axes]
    if ids == cell.split("/"):
        return None
    return json.dumps(ids, ensure_ascii=False)


def axes_from(names: str, ids: str | None, cell: str) -> tuple[tuple[str, str], ...]:
    """Return the axes from the texts that `axis_names` and `axis_ids` returned."""
    values = cell.split("/") if ids is None else json.loads(ids)
    return tuple([axis_value(*pair) for pair in zip(_names(names), values, strict=True)])


@lru_cache(maxsize=64)
def _names(names: str) -> tuple[str, ...]:
    return tuple(json.loads(names))


def verdict_from(row: Sequence[Any]) -> Verdict:
    """Return a verdict."""
    _, _, cell, stage, revision, decision, round_, take, job, sha256, by, at, note = row
    return Verdict(
        cell=CellName(cell),
        stage=Stage(stage),
        decision=Decision(decision),
        round=round_,
        take=take,
        job=JobKey(job),
        sha256=sha256,
        by=by,
        at=at,
        note=note,
        revision=revision,
    )
