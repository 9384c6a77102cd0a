"""Compiling globs over axes into masks: one byte for each value of an axis."""

from collections.abc import Mapping, Sequence

from pipeline.campaign.cell_globs import Globs, canonical_glob, composed
from pipeline.campaign.findings import Findings, Place
from pipeline.campaign.matrix.axis import Axis
from pipeline.campaign.resolved import CellRule
from pipeline.suggestions import did_you_mean


def build_rule(
    wanted: Mapping[str, object],
    axes: Sequence[Axis],
    findings: Findings,
    *,
    at: Mapping[str, Place],
    place: Place,
    path: str,
    condition: str = "",
) -> CellRule:
    """Compile a rule; report unknown axes, and globs that fit no value."""
    numbers = {axis.name: number for number, axis in enumerate(axes)}
    masks: list[tuple[int, bytes]] = []
    for name, pattern in wanted.items():
        where = at.get(name, place)
        number = numbers.get(name)
        if number is None:
            complaint = f"there is no axis {name}{did_you_mean(name, numbers)}"
            findings.error(complaint, at=where, path=f"{path}.{name}", code="unknown-axis")
            continue
        mask = _mask(axes[number], pattern)
        if not any(mask):
            complaint = f"no value of {name} fits {_shown(pattern)}"
            findings.warning(complaint, at=where, path=f"{path}.{name}", code="idle-glob")
        masks.append((number, mask))
    return CellRule(masks=tuple(masks), condition=condition, place=place, path=path)


def _shown(pattern: object) -> str:
    if isinstance(pattern, list):
        return ", ".join(str(one) for one in pattern)
    if isinstance(pattern, Mapping):
        return ", ".join(f"{column}: {_shown(one)}" for column, one in pattern.items())
    return str(pattern)


def _mask(axis: Axis, pattern: object) -> bytes:
    if isinstance(pattern, Mapping):
        globs = {composed(column): Globs(_words(one)) for column, one in pattern.items()}
        return bytes(_columns_fit(axis, position, globs) for position in range(len(axis.ids)))
    words = _words(pattern)
    if axis.name == "size":
        words = [canonical_glob(word) for word in words]
    fits = Globs(words).match
    return bytes(fits(identity) is not None for identity in axis.ids)


def _columns_fit(axis: Axis, position: int, globs: Mapping[str, Globs]) -> bool:
    return all(one.match(axis.text(position, column)) for column, one in globs.items())


def _words(pattern: object) -> list[str]:
    return [str(one) for one in pattern] if isinstance(pattern, list) else [str(pattern)]
