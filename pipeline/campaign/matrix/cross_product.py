"""The cells of a matrix, one at a time: cross product, exclude, include."""

import hashlib
import itertools
from collections.abc import Iterator, Sequence

from pipeline.campaign.resolved import CellRule, Matrix, Point, Sample


def cell_points(matrix: Matrix) -> Iterator[Point]:
    """Yield the cells that no axis rule excludes, in canonical order, then the included ones.

    Exclusions with a condition are not applied here.
    """
    samplers = [_Sampler(matrix, sample) for sample in matrix.samples]
    rules = [rule.masks for rule in matrix.excludes if rule.masks and not rule.condition]
    for point in _product(matrix):
        if samplers and not all(sampler.keeps(point) for sampler in samplers):
            continue
        if rules and _any_fits(rules, point):
            continue
        yield point
    for point in dict.fromkeys(point for point, _ in matrix.includes):
        crossed = _crosses(matrix, point) and all(sampler.keeps(point) for sampler in samplers)
        if not crossed or _any_fits(rules, point):
            yield point


def _crosses(matrix: Matrix, point: Point) -> bool:
    """Return whether the cross product has a cell without `include`."""
    return all(
        position < axis.crossed for axis, position in zip(matrix.axes, point, strict=True)
    ) and all(len({point[axis] for axis in group}) == 1 for group in matrix.zips)


def fits(rule: CellRule, point: Point) -> bool:
    """Return whether the axes of a cell match a rule, apart from the rule's condition."""
    return all(mask[point[axis]] for axis, mask in rule.masks)


def _any_fits(rules: Sequence[tuple[tuple[int, bytes], ...]], point: Point) -> bool:
    for masks in rules:
        for axis, mask in masks:
            if not mask[point[axis]]:
                break
        else:
            return True
    return False


def _product(matrix: Matrix) -> Iterator[Point]:
    """Yield the cross product; zipped axes advance together, in the place of the first one."""
    leaders = {group[0]: group for group in matrix.zips}
    followers = {axis for group in matrix.zips for axis in group[1:]}
    order = [number for number in range(len(matrix.axes)) if number not in followers]
    counts = [range(matrix.axes[number].crossed) for number in order]
    if not followers:
        for first in counts[0]:
            yield from itertools.product((first,), *counts[1:])
        return
    point = [0] * len(matrix.axes)
    for first in counts[0]:
        for chosen in itertools.product((first,), *counts[1:]):
            for number, position in zip(order, chosen, strict=True):
                for axis in leaders.get(number, (number,)):
                    point[axis] = position
            yield tuple(point)


class _Sampler:
    """The values of one axis that are sampled for each combination of the others."""

    def __init__(self, matrix: Matrix, sample: Sample) -> None:
        self.matrix = matrix
        self.sample = sample
        self._others: tuple[int, ...] = ()
        self._kept: frozenset[int] = frozenset()

    def keeps(self, point: Point) -> bool:
        axis = self.sample.axis
        others = (*point[:axis], *point[axis + 1 :])
        if others != self._others or not self._kept:
            self._others, self._kept = others, self._choose(point)
        return point[axis] in self._kept

    def _choose(self, point: Point) -> frozenset[int]:
        """Choose by a hash of the ids, so that the choice does not depend on other combinations."""
        chosen = self.matrix.axes[self.sample.axis]
        names = [
            f"{axis.name}={axis.ids[position]}"
            for axis, position in zip(self.matrix.axes, point, strict=True)
            if axis is not chosen
        ]
        start = "\0".join([str(self.sample.seed), *names])

        def rank(position: int) -> bytes:
            return hashlib.sha256(f"{start}\0{chosen.ids[position]}".encode()).digest()

        ranked = sorted(range(chosen.crossed), key=rank)
        return frozenset(ranked[: self.sample.n])
