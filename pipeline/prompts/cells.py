"""Expanding a campaign into cells, in canonical order, one at a time."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from pipeline.campaign.cell_globs import compile_cell_globs, no_match_hint
from pipeline.campaign.feeds.table import KEY_JOINT, pack
from pipeline.campaign.findings import Findings, refusal
from pipeline.campaign.loading import LoadedCampaign
from pipeline.campaign.matrix.cross_product import cell_points, fits
from pipeline.campaign.matrix.joins import EMPTY_ROW, Joiner
from pipeline.campaign.resolved import CellRule, Join, Point, UnnamedCell
from pipeline.errors import UsageError
from pipeline.model.campaign import Cell
from pipeline.model.names import CellName
from pipeline.templates.template_process import TemplateProcess, TemplateProcessDied

BATCH = 512
"""Most cells in one message to the template process."""
_MOST_MISSING = 20
RECENT = 256
"""Values of axes that are kept while cells are expanded."""


class CellBatch:
    """The distinct values of some cells, each with a number."""

    def __init__(self, loaded: LoadedCampaign) -> None:
        self.loaded = loaded
        self.values: list[str] = []
        """As JSON, in the form that the template process reads."""
        self._axes: list[dict[int, int]] = [{} for _ in loaded.matrix.axes]
        self._tables: list[dict[int, int]] = [{} for _ in loaded.joins]
        self._variants: dict[int, int] = {}

    def numbers(self, unnamed: UnnamedCell) -> list[int]:
        """Return the numbers of a cell's values; later ones win if names repeat."""
        used = [self._variant(unnamed.variant)]
        for axis, (known, position) in enumerate(zip(self._axes, unnamed.point, strict=True)):
            number = known.get(position)
            used.append(self._axis(axis, position) if number is None else number)
        for table, (known, row) in enumerate(zip(self._tables, unnamed.rows, strict=True)):
            number = known.get(row)
            used.append(self._table(table, row) if number is None else number)
        return used

    def _keep(self, value: str) -> int:
        self.values.append(value)
        return len(self.values) - 1

    def _variant(self, variant: int) -> int:
        number = self._variants.get(variant)
        if number is None:
            number = self._variants[variant] = self._keep(self.loaded.variants[variant].packed)
        return number

    def _axis(self, axis: int, position: int) -> int:
        chosen = self.loaded.matrix.axes[axis]
        identity = pack(chosen.ids[position])
        value = f"[{pack(chosen.name)},{identity},{chosen.packed(position)}]"
        number = self._axes[axis][position] = self._keep(value)
        return number

    def _table(self, join: int, row: int) -> int:
        table = self.loaded.joins[join].table
        if row == EMPTY_ROW:
            columns = pack([""] * len(table.columns))
        else:
            columns = table.rows[row].decode("ascii")
        number = self._tables[join][row] = self._keep(f"[{pack(table.name)},null,{columns}]")
        return number


def expand(loaded: LoadedCampaign, *, only: Sequence[str] = ()) -> Iterator[Cell]:
    """Yield every cell, or those whose names match one of the globs; `*` crosses `/`.

    Raises `CampaignError` if a cell lacks a row that it needs.
    """
    axes = loaded.matrix.axes
    # a size belongs to every product, and a product to every size: its columns are read once
    named = lru_cache(maxsize=RECENT)(lambda axis, position: axes[axis].named(position))
    for unnamed in unnamed_cells(loaded, only=only):
        yield cell_of(loaded, unnamed, named=named)


def cell_of(
    loaded: LoadedCampaign,
    unnamed: UnnamedCell,
    *,
    named: Callable[[int, int], Mapping[str, object]] | None = None,
) -> Cell:
    """Return a cell with the values for its templates.

    `named` returns the columns of a value, by the numbers of axis and value.
    """
    axes = loaded.matrix.axes
    pairs = list(zip(axes, unnamed.point, strict=True))
    values: dict[str, object] = dict(loaded.variants[unnamed.variant].vars)
    for number, (axis, position) in enumerate(pairs):
        values[axis.name] = named(number, position) if named else axis.named(position)
    for join, row in zip(loaded.joins, unnamed.rows, strict=True):
        empty: Mapping[str, object] = dict.fromkeys(join.table.columns, "")
        values[join.table.name] = empty if row == EMPTY_ROW else join.table.row(row)
    size = next(axis.sizes[position] for axis, position in pairs if axis.name == "size")
    return Cell(
        name=name_of(loaded, unnamed.point),
        axes=tuple((axis.name, axis.ids[position]) for axis, position in pairs),
        size=size,
        values=values,
    )


def name_of(loaded: LoadedCampaign, point: Point) -> CellName:
    """Return the stable readable name of a cell."""
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
    """Yield every cell that no exclusion drops, with its joined rows and its settings.

    Raises `CampaignError` at the end if a cell lacks a row that it needs, or no cell is left.
    """
    rules = [rule for rule in loaded.matrix.excludes if rule.condition]
    if rules and template_process is None:
        with TemplateProcess() as own:
            compile_templates(loaded, own)
            yield from unnamed_cells(loaded, only=only, template_process=own)
        return
    found = _joined(loaded)
    if rules and template_process is not None:
        found = _surviving(loaded, found, rules, template_process)
    wanted = compile_cell_globs(only)
    findings = Findings()
    missing, left = 0, False
    for unnamed, absent in found:
        left = left or absent is None or absent.on_missing == "error"
        if wanted is not None and not wanted.match(name_of(loaded, unnamed.point)):
            continue
        if absent is None:
            yield unnamed
        elif absent.on_missing == "error":
            missing += 1
            if missing <= _MOST_MISSING:
                _note_missing(loaded, unnamed, absent, findings)
    if missing > _MOST_MISSING:
        at = loaded.joins[0].place
        complaint = f"and {missing - _MOST_MISSING} more cells have no row"
        findings.error(complaint, at=at, code="join")
    if not left:
        at = loaded.checked.place("matrix", key=True)
        complaint = "no cell is left: every cell is excluded, or skipped because it has no row"
        findings.error(complaint, at=at, path="matrix", code="no-cell")
    findings.raise_if_failed()


def check_only(loaded: LoadedCampaign, only: Sequence[str]) -> None:
    """Raise `UsageError` for the first glob of `--only` that matches no cell.

    Without this check, a run with a typo in `--only` would succeed and do nothing.
    """
    unmatched = {glob: compile_cell_globs([glob]) for glob in only}
    for point in cell_points(loaded.matrix) if only else ():
        name = name_of(loaded, point)
        for glob in [one for one, pattern in unmatched.items() if pattern and pattern.match(name)]:
            del unmatched[glob]
        if not unmatched:
            return
    for glob in unmatched:
        names = (name_of(loaded, point) for point in cell_points(loaded.matrix))
        words = (identity for axis in loaded.matrix.axes for identity in axis.ids)
        hint = no_match_hint(glob, names=names, words=words)
        raise UsageError(f"no cell matches --only {glob}{hint}; quote globs; * also matches /")


Found = tuple[UnnamedCell, Join | None]
"""A cell, and the first table that has no row for it."""


def _joined(loaded: LoadedCampaign) -> Iterator[Found]:
    joiner = Joiner(loaded.joins, loaded.matrix.axes)
    variants, overrides = loaded.variants, loaded.overrides
    plain = variants.number(())
    rows: Point = ()
    absent: Join | None = None
    variant = plain
    for point in cell_points(loaded.matrix):
        if loaded.joins:
            rows, absent = joiner.rows(point)
        if overrides:
            fitting = [number for number, rule in enumerate(overrides) if fits(rule, point)]
            variant = variants.number(tuple(fitting)) if fitting else plain
        yield UnnamedCell(point, rows, variant), absent


def _note_missing(
    loaded: LoadedCampaign, unnamed: UnnamedCell, join: Join, findings: Findings
) -> None:
    key = Joiner(loaded.joins, loaded.matrix.axes).key(join, unnamed.point)
    parts = key.split(KEY_JOINT)
    wanted = ", ".join(f"{k} {v or '(empty)'}" for k, v in zip(join.table.keys, parts, strict=True))
    complaint = (
        f"{join.table.file} has no row with {wanted} for the cell {name_of(loaded, unnamed.point)}"
    )
    findings.error(complaint, at=join.place, path=f"data.{join.table.name}", code="join")


def _surviving(
    loaded: LoadedCampaign,
    found: Iterator[Found],
    rules: Sequence[CellRule],
    template_process: TemplateProcess,
) -> Iterator[Found]:
    """Yield the cells that no condition excludes; conditions are evaluated in batches."""
    included = {point for point, _ in loaded.matrix.includes}
    while chunk := list(itertools.islice(found, BATCH)):
        batch = CellBatch(loaded)
        evaluated: list[tuple[int, CellRule]] = []
        conditions: list[tuple[str, list[int]]] = []
        for number, (unnamed, _) in enumerate(chunk):
            for rule in rules:
                if fits(rule, unnamed.point) and unnamed.point not in included:
                    evaluated.append((number, rule))
                    conditions.append((rule.condition, batch.numbers(unnamed)))
        excluded: set[int] = set()
        if conditions:
            names = [name_of(loaded, chunk[number][0].point) for number, _ in evaluated]
            answers = _evaluate(batch, conditions, template_process, names=names)
            excluded = {number for (number, _), yes in zip(evaluated, answers, strict=True) if yes}
        yield from (one for number, one in enumerate(chunk) if number not in excluded)


def _evaluate(
    batch: CellBatch,
    conditions: Sequence[tuple[str, list[int]]],
    template_process: TemplateProcess,
    *,
    names: Sequence[CellName],
) -> Sequence[bool]:
    loaded = batch.loaded
    try:
        template_process.post({"op": "evaluate", "conditions": conditions}, batch.values)
        reply = template_process.answer()
    except TemplateProcessDied as died:
        at, path = loaded.templates.place(conditions[died.number][0], 1)
        complaint = f"{died.reason} (cell {names[died.number]})"
        raise refusal(complaint, at=at, code="template", path=path) from died
    findings = Findings()
    for problem in reply["problems"]:
        at, path = loaded.templates.place(problem["template"], problem["line"])
        complaint = f"{problem['complaint']} (cell {names[problem['number']]})"
        findings.error(complaint, at=at, path=path, code="template")
    findings.raise_if_failed()
    return [bool(answer) for answer in reply["answers"]]


def compile_templates(loaded: LoadedCampaign, template_process: TemplateProcess) -> None:
    """Compile the campaign's templates in a new template process."""
    loaded.templates.compile_in(
        template_process,
        Findings(),
        slots=loaded.slots,
        longest=loaded.profile.caps.longest_prompt,
    )
