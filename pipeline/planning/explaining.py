"""Why a cell's prompt is what it is: every value, and the file and line that set it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from pipeline.errors import UsageError
from pipeline.model.campaign import Cell, Stage
from pipeline.model.job import Job, JobKey
from pipeline.model.verdict import Pick, Round
from pipeline.planning.blueprint import Blueprint
from pipeline.planning.expansion import cell_of, name_of, spots
from pipeline.planning.jobs import plan_drafts, plan_finals
from pipeline.planning.matrix.joins import EMPTY_ROW
from pipeline.planning.matrix.sizes import size_glob
from pipeline.planning.nearest import did_you_mean
from pipeline.planning.places import Place
from pipeline.planning.reading.located import Step, dotted, stands
from pipeline.planning.resolved import Spot

_MOST_NAMES = 2000
"""Cells among which the one that was meant is looked for."""
_FIRST = Round()
USUAL = "usual"
"""The origin of what no file sets."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One value and who set it."""

    name: str
    """`product.headline`, `vars.season`, `stages.draft.quality`."""
    value: str
    origin: str
    """`campaigns/x.yaml:12`, `feeds/products.csv row 3`, or `usual`."""
    override: str = ""
    """`overrides[0]`, where one set it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """A cell with its prompts and where everything came from."""

    cell: Cell
    drafts: tuple[Job, ...]
    finals: tuple[Job, ...]
    """As if the first draft had been approved."""
    settings: tuple[Setting, ...]


def explain(
    blueprint: Blueprint, cell: str, *, draft: Round = _FIRST, final: Round = _FIRST
) -> Explanation:
    """Everything about one cell; `UsageError` where there is none of that name.

    `draft` and `final` are the rounds that the cell is in, with the notes that asked for them.
    """
    wanted = size_glob(cell)
    known = spots(blueprint)
    spot = next((one for one in known if name_of(blueprint, one.point) == wanted), None)
    if spot is None:
        names = [name_of(blueprint, one.point) for one in islice(spots(blueprint), _MOST_NAMES)]
        hint = did_you_mean(wanted, names) or f"; cells are named like {names[0]}"
        raise UsageError(f"there is no cell {cell}{hint}")
    found = cell_of(blueprint, spot)
    drafts = tuple(plan_drafts(blueprint, rounds={found.name: draft}, only=[wanted]))
    key = drafts[0].key if drafts else JobKey("")
    pick = Pick(round=final.number, take=1, job=key, sha256="")
    finals = plan_finals(
        blueprint, picks={found.name: pick}, rounds={found.name: final}, only=[wanted]
    )
    return Explanation(
        cell=found,
        drafts=drafts,
        finals=tuple(finals),
        settings=tuple(_settings(blueprint, spot)),
    )


def _settings(blueprint: Blueprint, spot: Spot) -> Iterator[Setting]:
    yield from _axes(blueprint, spot)
    yield from _tables(blueprint, spot)
    yield from _vars(blueprint, spot)
    yield from _templates(blueprint, spot)
    yield from _stages(blueprint, spot)


def _axes(blueprint: Blueprint, spot: Spot) -> Iterator[Setting]:
    for axis, position in zip(blueprint.matrix.axes, spot.point, strict=True):
        at, row = axis.origin(position)
        origin = _told(at, row)
        yield Setting(name=axis.name, value=axis.ids[position], origin=origin)
        for column, value in axis.columns(position).items():
            yield Setting(name=f"{axis.name}.{column}", value=_text(value), origin=origin)


def _tables(blueprint: Blueprint, spot: Spot) -> Iterator[Setting]:
    for join, row in zip(blueprint.joins, spot.rows, strict=True):
        table = join.table
        if row == EMPTY_ROW:
            yield Setting(name=table.name, value="", origin=f"{table.file}, no row: on_missing")
            continue
        origin = _told(Place(table.file), table.numbers[row])
        for column, value in table.row(row).items():
            yield Setting(name=f"{table.name}.{column}", value=_text(value), origin=origin)


def _vars(blueprint: Blueprint, spot: Spot) -> Iterator[Setting]:
    variant = blueprint.variants[spot.variant]
    for name, value in variant.vars.items():
        yield _set(blueprint, spot, ("vars", name), _text(value))


def _templates(blueprint: Blueprint, spot: Spot) -> Iterator[Setting]:
    variant = blueprint.variants[spot.variant]
    source = blueprint.library.templates[variant.prompt]
    setting = _set(blueprint, spot, ("prompt",), source.text.strip())
    if not source.path:
        setting = Setting(
            name="prompt",
            value=setting.value,
            origin=_told(source.place),
            override=setting.override,
        )
    yield setting
    for key, name in variant.texts:
        text = blueprint.library.templates[name].text
        yield _set(blueprint, spot, ("text", key), text)
    if variant.references:
        names = [blueprint.library.templates[name].text for name in variant.references]
        yield _set(blueprint, spot, ("references",), ", ".join(names))
    yield _set(blueprint, spot, ("background",), variant.background)


def _stages(blueprint: Blueprint, spot: Spot) -> Iterator[Setting]:
    for stage, settings in blueprint.variants[spot.variant].stages.items():
        words = {"quality": settings.quality, "takes": str(settings.takes)}
        words |= {"review": settings.review} if stage is Stage.DRAFT else {"mode": settings.mode}
        for name, value in words.items():
            steps = ("stages", stage.value, name)
            yield _set(blueprint, spot, steps, value)
    yield _set(blueprint, spot, ("provider",), blueprint.profile.name)
    path = blueprint.path and blueprint.library.templates[blueprint.path].text
    yield _set(blueprint, spot, ("output", "path"), path or "CELL-tTAKE")


def _set(blueprint: Blueprint, spot: Spot, steps: tuple[Step, ...], value: str) -> Setting:
    """A setting of the file, or of the last override that sets it."""
    opened, name = blueprint.opened, dotted(steps)
    for number in reversed(blueprint.variants.overrides_of(spot.variant)):
        inside = ("overrides", number, "set", *steps)
        if stands(opened.document, inside):
            origin = _told(opened.place(*inside))
            return Setting(name=name, value=value, origin=origin, override=f"overrides[{number}]")
    origin = _told(opened.place(*steps)) if stands(opened.document, steps) else USUAL
    return Setting(name=name, value=value, origin=origin)


def _told(at: Place, row: int = 0) -> str:
    if row:
        return f"{at.file} row {row}"
    return f"{at.file}:{at.line}" if at.line else at.file


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "(empty)" if value is None else str(value)
