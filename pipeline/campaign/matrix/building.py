"""The matrix as a whole: axes, zips, samples, exclusions and inclusions."""

import math
from collections.abc import Mapping, Sequence

from pipeline.campaign.cell_globs import composed
from pipeline.campaign.findings import Findings, Place
from pipeline.campaign.grammar.campaign_file import OverridePart
from pipeline.campaign.grammar.matrix import MatrixPart
from pipeline.campaign.matrix.axes import AxisContext, add_value, build_axes
from pipeline.campaign.matrix.axis import Axis
from pipeline.campaign.matrix.rules import build_rule
from pipeline.campaign.matrix.sizes import size_id
from pipeline.campaign.reading.located import LocatedMap, Step, dotted, place_at
from pipeline.campaign.resolved import CellRule, Matrix, Point, Sample
from pipeline.suggestions import did_you_mean, listing

MOST_CELLS = 20_000_000
"""Most cells of one campaign, before exclusions."""


def build_matrix(matrix: MatrixPart, context: AxisContext) -> Matrix:
    """Build the matrix from the file; report what is wrong."""
    axes = build_axes(matrix, context)
    zips = _zips(matrix, axes, context)
    includes = _includes(matrix, axes, context)
    samples = _samples(matrix, axes, zips, context)
    _check_extent(axes, zips, samples, context)
    return Matrix(
        axes=axes,
        zips=zips,
        samples=samples,
        excludes=_excludes(matrix, axes, context),
        includes=includes,
    )


def _check_extent(
    axes: Sequence[Axis],
    zips: Sequence[tuple[int, ...]],
    samples: Sequence[Sample],
    context: AxisContext,
) -> None:
    """Refuse a cross product that is too large before anything iterates over it."""
    followers = {number for group in zips for number in group[1:]}
    kept = {sample.axis: sample.n for sample in samples}
    counts = [
        min(axis.crossed, kept.get(number, axis.crossed))
        for number, axis in enumerate(axes)
        if number not in followers
    ]
    cells = math.prod(counts)
    if cells > MOST_CELLS:
        spelled = " × ".join(str(count) for count in counts)
        complaint = f"{spelled} are {cells} cells; at most {MOST_CELLS} are planned"
        context.findings.error(complaint, at=context.document.place, path="matrix", code="extent")


def override_rules(
    overrides: Sequence[OverridePart],
    axes: Sequence[Axis],
    document: LocatedMap,
    findings: Findings,
) -> tuple[CellRule, ...]:
    """Return a rule with the cells that each override applies to."""
    return tuple(
        build_rule(
            override.match,
            axes,
            findings,
            at=_key_places(document, ("overrides", number, "match"), override.match),
            place=place_at(document, ("overrides", number)),
            path=f"overrides[{number}].match",
        )
        for number, override in enumerate(overrides)
    )


def _key_places(
    document: LocatedMap, steps: tuple[Step, ...], keys: Mapping[str, object]
) -> dict[str, Place]:
    return {key: place_at(document, (*steps, key), key=True) for key in keys}


def _excludes(
    matrix: MatrixPart, axes: Sequence[Axis], context: AxisContext
) -> tuple[CellRule, ...]:
    rules = []
    for number, wanted in enumerate(matrix.exclude):
        path = f"matrix.exclude[{number}]"
        place = place_at(context.document, ("exclude", number))
        if not wanted:
            context.findings.error("is empty", at=place, path=path, code="empty")
        rules.append(
            build_rule(
                {name: pattern for name, pattern in wanted.items() if name != "if"},
                axes,
                context.findings,
                at=_key_places(context.document, ("exclude", number), wanted),
                place=place,
                path=path,
                condition=f"{path}.if" if "if" in wanted else "",
            )
        )
    return tuple(rules)


def _zips(
    matrix: MatrixPart, axes: Sequence[Axis], context: AxisContext
) -> tuple[tuple[int, ...], ...]:
    groups: list[tuple[int, ...]] = []
    taken: set[int] = set()
    for number, names in enumerate(matrix.zip):
        steps = ("zip", number)
        at, path = place_at(context.document, steps), dotted(("matrix", *steps))
        group = [_number(name, axes, context, at=at, path=path) for name in names]
        known = sorted({one for one in group if one is not None})
        if len(known) < len(names):
            continue
        counts = {axes[one].name: axes[one].crossed for one in known}
        if len(known) < 2:  # noqa: PLR2004  one axis cannot walk together
            context.findings.error("needs two axes or more", at=at, path=path, code="zip")
        elif taken & set(known):
            context.findings.error("an axis can be in one zip only", at=at, path=path, code="zip")
        elif len(set(counts.values())) > 1:
            spelled = listing((f"{name} has {count}" for name, count in counts.items()), last="and")
            complaint = f"axes in a zip need the same number of values: {spelled}"
            context.findings.error(complaint, at=at, path=path, code="zip")
        else:
            taken |= set(known)
            groups.append(tuple(known))
    return tuple(groups)


def _number(
    name: str, axes: Sequence[Axis], context: AxisContext, *, at: Place, path: str
) -> int | None:
    names = [axis.name for axis in axes]
    if name in names:
        return names.index(name)
    complaint = f"there is no axis {name}{did_you_mean(name, names)}"
    context.findings.error(complaint, at=at, path=path, code="unknown-axis")
    return None


def _samples(
    matrix: MatrixPart,
    axes: Sequence[Axis],
    zips: Sequence[tuple[int, ...]],
    context: AxisContext,
) -> tuple[Sample, ...]:
    samples = []
    zipped = {number for group in zips for number in group}
    for name, part in matrix.sample.items():
        path = f"matrix.sample.{name}"
        at = place_at(context.document, ("sample", name), key=True)
        number = _number(name, axes, context, at=at, path=path)
        if number in zipped:
            complaint = f"{name} is in a zip with another axis and cannot be sampled"
            context.findings.error(complaint, at=at, path=path, code="sample")
        elif number is not None:
            samples.append(Sample(axis=number, n=part.n, seed=part.seed))
    return tuple(samples)


def _includes(
    matrix: MatrixPart, axes: Sequence[Axis], context: AxisContext
) -> tuple[tuple[Point, Place], ...]:
    points: list[tuple[Point, Place]] = []
    names = [axis.name for axis in axes]
    for number, wanted in enumerate(matrix.include):
        path = f"matrix.include[{number}]"
        place = place_at(context.document, ("include", number))
        for name in wanted:
            if name not in names:
                at = place_at(context.document, ("include", number, name), key=True)
                _number(name, axes, context, at=at, path=f"{path}.{name}")
        absent = [name for name in names if name not in wanted]
        if absent:
            complaint = f"must name every axis; {listing(absent, last='and')} is missing"
            context.findings.error(complaint, at=place, path=path, code="include")
            continue
        point = []
        for axis in axes:
            at = place_at(context.document, ("include", number, axis.name))
            point.append(_position(axis, wanted[axis.name], context, at=at, path=path))
        known = tuple(position for position in point if position is not None)
        if len(known) == len(axes):
            points.append((known, place))
    return tuple(points)


def _position(
    axis: Axis, value: object, context: AxisContext, *, at: Place, path: str
) -> int | None:
    """Return the position of an included value on its axis; append it if it is new."""
    if not isinstance(value, Mapping):
        word = size_id(str(value)) if axis.name == "size" else str(value)
        same = [n for n, known in enumerate(axis.ids) if composed(known) == composed(word)]
        if same:
            return same[0]
    return add_value(axis, value, context, at=at, path=f"{path}.{axis.name}")
