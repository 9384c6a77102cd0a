"""Explaining a cell's prompt: every value, and the file and line that set it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from pipeline.campaign.cell_globs import canonical_glob, composed
from pipeline.campaign.feeds.table import Unusable
from pipeline.campaign.findings import Place
from pipeline.campaign.loading import LoadedCampaign
from pipeline.campaign.matrix.joins import EMPTY_ROW
from pipeline.campaign.reading.located import Step, dotted, has_value
from pipeline.campaign.resolved import UnnamedCell
from pipeline.errors import UsageError
from pipeline.model.campaign import Cell
from pipeline.model.job import Job, JobKey
from pipeline.model.money import MoneyFormat
from pipeline.model.names import Stage
from pipeline.model.verdict import Pick, Round
from pipeline.prompts.cells import cell_of, name_of, unnamed_cells
from pipeline.prompts.jobs import plan_drafts, plan_finals
from pipeline.suggestions import did_you_mean

_MOST_NAMES = 2000
"""Most cell names that are searched for the one that was meant."""
_FIRST = Round()
DEFAULT = "default"
"""The origin of a value that no file sets."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainedValue:
    """One value and its origin."""

    name: str
    """`product.headline`, `vars.season`, `stages.draft.quality`."""
    value: str
    origin: str
    """`campaigns/x.yaml:12`, `feeds/products.csv row 3`, or `default`."""
    override: str = ""
    """`overrides[0]`, if an override set it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """A cell with its prompts, and the origin of every value."""

    cell: Cell
    drafts: tuple[Job, ...]
    finals: tuple[Job, ...]
    """The finals as if the first draft had been approved."""
    settings: tuple[ExplainedValue, ...]
    money: MoneyFormat
    """How their prices are written."""


def find_cell(loaded: LoadedCampaign, typed: str) -> UnnamedCell:
    """Return the cell with this name; raise `UsageError` if it does not exist.

    An accent may be typed as one character or as two: the name is what the campaign file makes it.
    """
    wanted = composed(canonical_glob(typed))
    for one in unnamed_cells(loaded):
        if composed(name_of(loaded, one.point)) == wanted:
            return one
    names = [name_of(loaded, one.point) for one in islice(unnamed_cells(loaded), _MOST_NAMES)]
    hint = did_you_mean(wanted, names) or f"; cells are named like {names[0]}"
    raise UsageError(f"there is no cell {typed}{hint}")


def explain(
    loaded: LoadedCampaign, unnamed: UnnamedCell, *, draft: Round = _FIRST, final: Round = _FIRST
) -> Explanation:
    """Return everything about one cell.

    `draft` and `final` are the rounds that the cell is in, with the notes that asked for them.
    """
    found = cell_of(loaded, unnamed)
    drafts = tuple(plan_drafts(loaded, rounds={found.name: draft}, only=[found.name]))
    key = drafts[0].key if drafts else JobKey("")
    pick = Pick(round=final.number, take=1, job=key, sha256="")
    finals = plan_finals(
        loaded, picks={found.name: pick}, rounds={found.name: final}, only=[found.name]
    )
    return Explanation(
        cell=found,
        drafts=drafts,
        finals=tuple(finals),
        settings=tuple(_used_first(loaded, unnamed)),
        money=loaded.campaign.money,
    )


def _used_first(loaded: LoadedCampaign, unnamed: UnnamedCell) -> list[ExplainedValue]:
    """Return every value: those that the cell's templates name come first, in the same order."""
    variant, sources = loaded.variants[unnamed.variant], loaded.templates.sources
    chosen = [variant.prompt, *(name for _, name in variant.texts), *variant.references]
    included = [name for name, source in sources.items() if source.place.file == name]
    text = "\n".join(sources[name].text for name in (*chosen, *included) if name in sources)
    values = [*_settings(loaded, unnamed)]
    used = [_is_named(one.name, text) for one in values]
    first = [one for one, named in zip(values, used, strict=True) if named]
    return [*first, *(one for one, named in zip(values, used, strict=True) if not named)]


def _is_named(name: str, text: str) -> bool:
    """Return whether a template names a value: `product.look`, `product['look']` or `season`."""
    owner, _, column = name.removeprefix("vars.").partition(".")
    if not column:
        return re.search(rf"\{{[{{%][^}}]*\b{re.escape(owner)}\b(?!\s*[.\[])", text) is not None
    key = re.escape(column)
    return re.search(rf"\b{re.escape(owner)}(\.{key}\b|\[['\"]{key}['\"]\])", text) is not None


def _settings(loaded: LoadedCampaign, unnamed: UnnamedCell) -> Iterator[ExplainedValue]:
    yield from _axes(loaded, unnamed)
    yield from _tables(loaded, unnamed)
    yield from _vars(loaded, unnamed)
    yield from _templates(loaded, unnamed)
    yield from _stages(loaded, unnamed)


def _axes(loaded: LoadedCampaign, unnamed: UnnamedCell) -> Iterator[ExplainedValue]:
    for axis, position in zip(loaded.matrix.axes, unnamed.point, strict=True):
        at, row = axis.origin(position)
        origin = _location(at, row)
        yield ExplainedValue(name=axis.name, value=axis.ids[position], origin=origin)
        named = axis.named(position)
        for column in axis.columns(position):
            value = named[column]
            yield ExplainedValue(name=f"{axis.name}.{column}", value=_text(value), origin=origin)


def _tables(loaded: LoadedCampaign, unnamed: UnnamedCell) -> Iterator[ExplainedValue]:
    for join, row in zip(loaded.joins, unnamed.rows, strict=True):
        table = join.table
        if row == EMPTY_ROW:
            yield ExplainedValue(
                name=table.name, value="", origin=f"{table.file}, no row: on_missing"
            )
            continue
        origin = _location(Place(table.file), table.numbers[row])
        for column, value in table.row(row).items():
            yield ExplainedValue(name=f"{table.name}.{column}", value=_text(value), origin=origin)


def _vars(loaded: LoadedCampaign, unnamed: UnnamedCell) -> Iterator[ExplainedValue]:
    variant = loaded.variants[unnamed.variant]
    for name, value in variant.vars.items():
        yield _setting(loaded, unnamed, ("vars", name), _text(value))


def _templates(loaded: LoadedCampaign, unnamed: UnnamedCell) -> Iterator[ExplainedValue]:
    variant = loaded.variants[unnamed.variant]
    source = loaded.templates.sources[variant.prompt]
    setting = _setting(loaded, unnamed, ("prompt",), source.text.strip())
    if not source.path:
        setting = ExplainedValue(
            name="prompt",
            value=setting.value,
            origin=_location(source.place),
            override=setting.override,
        )
    yield setting
    for key, name in variant.texts:
        text = loaded.templates.sources[name].text
        yield _setting(loaded, unnamed, ("text", key), text)
    if variant.references:
        names = [loaded.templates.sources[name].text for name in variant.references]
        yield _setting(loaded, unnamed, ("references",), ", ".join(names))
    if variant.mask:
        yield _setting(loaded, unnamed, ("mask",), loaded.templates.sources[variant.mask].text)
    yield _setting(loaded, unnamed, ("background",), variant.background)
    if variant.output_format is not None:
        yield _setting(loaded, unnamed, ("output_format",), variant.output_format)
    if variant.compression is not None:
        yield _setting(loaded, unnamed, ("compression",), str(variant.compression))


def _stages(loaded: LoadedCampaign, unnamed: UnnamedCell) -> Iterator[ExplainedValue]:
    for stage, settings in loaded.variants[unnamed.variant].stages.items():
        words = {"quality": settings.quality, "takes": str(settings.takes)}
        words |= {"review": settings.review} if stage is Stage.DRAFT else {"mode": settings.mode}
        for name, value in words.items():
            steps = ("stages", stage.value, name)
            yield _setting(loaded, unnamed, steps, value)
    yield _setting(loaded, unnamed, ("provider",), loaded.profile.name)
    path = loaded.path and loaded.templates.sources[loaded.path].text
    yield _setting(loaded, unnamed, ("output", "path"), path or "CELL-tTAKE")


def _setting(
    loaded: LoadedCampaign, unnamed: UnnamedCell, steps: tuple[Step, ...], value: str
) -> ExplainedValue:
    """Return a setting, from the last override that sets it or from the file."""
    opened, name = loaded.checked, dotted(steps)
    for number in reversed(loaded.variants.overrides_of(unnamed.variant)):
        inside = ("overrides", number, "set", *steps)
        if has_value(opened.document, inside):
            origin = _location(opened.place(*inside))
            return ExplainedValue(
                name=name, value=value, origin=origin, override=f"overrides[{number}]"
            )
    origin = _location(opened.place(*steps)) if has_value(opened.document, steps) else DEFAULT
    return ExplainedValue(name=name, value=value, origin=origin)


def _location(at: Place, row: int = 0) -> str:
    if row:
        return f"{at.file} row {row}"
    return f"{at.file}:{at.line}" if at.line else at.file


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Unusable):
        return f"({value.reason})"
    return "(empty)" if value is None else str(value)
