"""Cells out of a blueprint, in canonical order, one at a time."""

import itertools
from collections.abc import Iterator, Mapping, Sequence

from pipeline.campaign.feeds.table import KEY_JOINT
from pipeline.campaign.loading import LoadedCampaign
from pipeline.campaign.matrix.joins import EMPTY_ROW, Joiner
from pipeline.campaign.matrix.rules import name_glob
from pipeline.campaign.matrix.sizes import size_glob
from pipeline.campaign.matrix.walk import fits, walk
from pipeline.campaign.places import Findings, refusal
from pipeline.campaign.resolved import CellRule, Join, Point, UnnamedCell
from pipeline.errors import UsageError
from pipeline.model.campaign import Cell, CellName
from pipeline.prompts.batches import CellBatch
from pipeline.suggestions import did_you_mean
from pipeline.templates.template_process import TemplateProcess, TemplateProcessDied

BATCH = 512
"""Cells that are asked about, or written, in one message."""
_MISSING_TOLD = 20


def expand(loaded: LoadedCampaign, *, only: Sequence[str] = ()) -> Iterator[Cell]:
    """Every cell, or those whose names fit one of the globs; `*` crosses `/`.

    Raises `CampaignError` where a cell lacks a row that it needs.
    """
    for spot in unnamed_cells(loaded, only=only):
        yield cell_of(loaded, spot)


def cell_of(loaded: LoadedCampaign, spot: UnnamedCell) -> Cell:
    """A cell with everything that its template may say."""
    axes = loaded.matrix.axes
    pairs = list(zip(axes, spot.point, strict=True))
    values: dict[str, object] = dict(loaded.variants[spot.variant].vars)
    for axis, position in pairs:
        values[axis.name] = {**axis.columns(position), "id": axis.ids[position]}
    for join, row in zip(loaded.joins, spot.rows, strict=True):
        empty: Mapping[str, object] = dict.fromkeys(join.table.columns, "")
        values[join.table.name] = empty if row == EMPTY_ROW else join.table.row(row)
    size = next(axis.sizes[position] for axis, position in pairs if axis.name == "size")
    return Cell(
        name=name_of(loaded, spot.point),
        axes=tuple((axis.name, axis.ids[position]) for axis, position in pairs),
        size=size,
        values=values,
    )


def name_of(loaded: LoadedCampaign, point: Point) -> CellName:
    """The stable readable name of a cell."""
    axes = loaded.matrix.axes
    return CellName(
        "/".join([axis.ids[position] for axis, position in zip(axes, point, strict=True)])
    )


def unnamed_cells(
    loaded: LoadedCampaign,
    *,
    only: Sequence[str] = (),
    template_process: TemplateProcess | None = None,
) -> Iterator[UnnamedCell]:
    """Every cell as positions: conditions decided, rows joined, settings chosen.

    Raises `CampaignError` at its end where cells lacked a row that they need, or none is left.
    """
    conditions = [rule for rule in loaded.matrix.excludes if rule.condition]
    if conditions and template_process is None:
        with TemplateProcess() as own:
            with_templates(loaded, own)
            yield from unnamed_cells(loaded, only=only, template_process=own)
        return
    found = _joined(loaded)
    if conditions and template_process is not None:
        found = _surviving(loaded, found, conditions, template_process)
    wanted = name_glob(only)
    findings = Findings()
    missing, left = 0, False
    for spot, absent in found:
        left = left or absent is None or absent.on_missing == "error"
        if wanted is not None and not wanted.match(name_of(loaded, spot.point)):
            continue
        if absent is None:
            yield spot
        elif absent.on_missing == "error":
            missing += 1
            if missing <= _MISSING_TOLD:
                _note_missing(loaded, spot, absent, findings)
    if missing > _MISSING_TOLD:
        at = loaded.joins[0].place
        complaint = f"and {missing - _MISSING_TOLD} more cells have no row"
        findings.error(complaint, at=at, code="join")
    if not left:
        at = loaded.opened.place("matrix", key=True)
        complaint = "no cell is left: each is excluded, or skipped for want of a row"
        findings.error(complaint, at=at, path="matrix", code="no-cell")
    findings.settle()


def check_only(loaded: LoadedCampaign, only: Sequence[str]) -> None:
    """`UsageError` where a glob fits no cell's name: a slip would look like nothing to do."""
    idle = {pattern: name_glob([pattern]) for pattern in only}
    for point in walk(loaded.matrix) if only else ():
        name = name_of(loaded, point)
        for pattern in [one for one, fits_ in idle.items() if fits_ and fits_.match(name)]:
            del idle[pattern]
        if not idle:
            return
    for pattern in idle:
        names = (name_of(loaded, point) for point in walk(loaded.matrix))
        hint = did_you_mean(size_glob(pattern), names)
        raise UsageError(f"no cell fits --only {pattern}{hint}; globs need quotes and * crosses /")


Found = tuple[UnnamedCell, Join | None]
"""A cell, and the first table that has no row for it."""


def _joined(loaded: LoadedCampaign) -> Iterator[Found]:
    joiner = Joiner(loaded.joins, loaded.matrix.axes)
    variants, overrides = loaded.variants, loaded.overrides
    plain = variants.number(())
    rows: Point = ()
    absent: Join | None = None
    variant = plain
    for point in walk(loaded.matrix):
        if loaded.joins:
            rows, absent = joiner.rows(point)
        if overrides:
            fitting = [number for number, rule in enumerate(overrides) if fits(rule, point)]
            variant = variants.number(tuple(fitting)) if fitting else plain
        yield UnnamedCell(point, rows, variant), absent


def _note_missing(
    loaded: LoadedCampaign, spot: UnnamedCell, join: Join, findings: Findings
) -> None:
    key = Joiner(loaded.joins, loaded.matrix.axes).key(join, spot.point)
    parts = key.split(KEY_JOINT)
    told = ", ".join(f"{k} {v or '(empty)'}" for k, v in zip(join.table.keys, parts, strict=True))
    complaint = (
        f"{join.table.file} has no row with {told} for the cell {name_of(loaded, spot.point)}"
    )
    findings.error(complaint, at=join.place, path=f"data.{join.table.name}", code="join")


def _surviving(
    loaded: LoadedCampaign,
    found: Iterator[Found],
    rules: Sequence[CellRule],
    template_process: TemplateProcess,
) -> Iterator[Found]:
    """The cells for which no condition holds, asked in batches."""
    included = {point for point, _ in loaded.matrix.includes}
    while some := list(itertools.islice(found, BATCH)):
        batch = CellBatch(loaded)
        asked: list[tuple[int, CellRule]] = []
        questions: list[tuple[str, list[int]]] = []
        for number, (spot, _) in enumerate(some):
            for rule in rules:
                if fits(rule, spot.point) and spot.point not in included:
                    asked.append((number, rule))
                    questions.append((rule.condition, batch.numbers(spot)))
        excluded: set[int] = set()
        if questions:
            names = [name_of(loaded, some[number][0].point) for number, _ in asked]
            answers = _decide(batch, questions, template_process, names=names)
            excluded = {number for (number, _), yes in zip(asked, answers, strict=True) if yes}
        yield from (one for number, one in enumerate(some) if number not in excluded)


def _decide(
    batch: CellBatch,
    questions: Sequence[tuple[str, list[int]]],
    template_process: TemplateProcess,
    *,
    names: Sequence[CellName],
) -> Sequence[bool]:
    loaded = batch.loaded
    try:
        template_process.post({"op": "judge", "questions": questions}, batch.values)
        reply = template_process.answer()
    except TemplateProcessDied as died:
        at, path = loaded.library.place(questions[died.number][0], 1)
        complaint = f"{died.reason} (cell {names[died.number]})"
        raise refusal(complaint, at=at, code="template", path=path) from died
    findings = Findings()
    for problem in reply["problems"]:
        at, path = loaded.library.place(problem["template"], problem["line"])
        complaint = f"{problem['complaint']} (cell {names[problem['shot']]})"
        findings.error(complaint, at=at, path=path, code="template")
    findings.settle()
    return [bool(answer) for answer in reply["answers"]]


def with_templates(loaded: LoadedCampaign, template_process: TemplateProcess) -> None:
    """Hand the campaign's templates to a fresh writing process."""
    loaded.library.teach(
        template_process,
        Findings(),
        columns=loaded.columns,
        longest=loaded.profile.caps.longest_prompt,
    )
