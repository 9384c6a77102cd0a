"""Prompts written in batches by the child, kept small, then turned into jobs one by one."""

import itertools
import json
import zlib
from array import array
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from pipeline.model.campaign import CellName, Stage
from pipeline.model.request import Reference
from pipeline.planning.batches import Batch
from pipeline.planning.blueprint import Blueprint
from pipeline.planning.expansion import BATCH, name_of, taught
from pipeline.planning.matrix.ids import folded
from pipeline.planning.output_paths import Collisions, doubled, finished, path_complaint
from pipeline.planning.problems import Problems
from pipeline.planning.prompts.scribe import Scribe, ScribeDied
from pipeline.planning.references import References
from pipeline.planning.resolved import Chapter, Folio, Spot


class Shot(NamedTuple):
    """One image to be planned."""

    spot: Spot
    round: int
    take: int
    note: str


class Written(NamedTuple):
    """What the child wrote for one image."""

    shot: Shot
    prompt: str
    texts: Mapping[str, str]
    references: Sequence[str]
    path: str | None


Shots = Callable[[Scribe], Iterator[Shot]]


class Manuscript:
    """All prompts of one stage, checked; a few bytes each, so that a million can wait."""

    def __init__(self, blueprint: Blueprint, stage: Stage) -> None:
        self.blueprint = blueprint
        self.stage = stage
        self.references = References(blueprint)
        self._folio = Folio((), frozenset())
        self._chapters: list[Chapter] = []
        self._prints = array("q")
        axes = blueprint.matrix.axes
        self._size_axis = next(number for number, axis in enumerate(axes) if axis.name == "size")
        self._ratios = [size.ratio for size in axes[self._size_axis].sizes]
        self._problems = Problems(blueprint)
        self._collisions = Collisions()

    def write(self, shots: Shots, *, wanted: Hashable = None) -> None:
        """Write every prompt; `CampaignError` with every one that cannot be.

        What was written for the same `wanted` before is taken from the shelf.
        """
        shelf = self.blueprint.shelf
        folio = shelf.find((self.stage, wanted)) if wanted is not None else None
        if folio is None:
            folio = self._written(shots)
            shelf.keep((self.stage, wanted), folio)
        self._folio = folio

    def _written(self, shots: Shots) -> Folio:
        with Scribe() as scribe:
            taught(self.blueprint, scribe)
            coming = shots(scribe)
            before: tuple[list[Shot], bytes] | None = None
            while some := list(itertools.islice(coming, BATCH)):
                self._ask(scribe, some)
                if before is not None:
                    self._keep(*before)
                before = some, self._answered(scribe, some)
            if before is not None:
                self._keep(*before)
        self._problems.settle()
        self._check_collisions()
        return Folio(tuple(self._chapters), frozenset(doubled(self._prints)))

    def read(self) -> Iterator[Written]:
        """Everything in order."""
        for chapter in self._folio.chapters:
            yield from self._unfold(chapter)

    @property
    def doubled(self) -> frozenset[int]:
        """Hashes of requests that more than one image has."""
        return self._folio.doubled

    def fingerprint(self, written: Written) -> int:
        """A hash that equal requests of one take share."""
        spot, round_, take, _ = written.shot
        return hash((written.prompt, self.ratio(spot), round_, take, *written.references))

    def ratio(self, spot: Spot) -> str:
        """The ratio that the images of a cell are rendered in."""
        return self._ratios[spot.point[self._size_axis]]

    def found(self, written: Written) -> tuple[Reference, ...]:
        """The images that go with a request."""
        templates = self.blueprint.variants[written.shot.spot.variant].references
        named = zip(templates, written.references, strict=True)
        found = (self.references.find(template, name) for template, name in named if name)
        return tuple(one for one in found if isinstance(one, Reference))

    def _ask(self, scribe: Scribe, shots: Sequence[Shot]) -> None:
        batch = Batch(self.blueprint)
        kits: dict[int, int] = {}
        asked = []
        last: Spot | None = None
        kit, numbers = 0, [0]
        for spot, round_, take, note in shots:
            if spot is not last:
                kit, numbers = kits.setdefault(spot.variant, len(kits)), batch.numbers(spot)
                last = spot
            asked.append((kit, numbers, take, round_, note))
        head = {
            "op": "write",
            "stage": self.stage,
            "kits": [self._kit(variant) for variant in kits],
            "shots": asked,
        }
        try:
            scribe.post(head, batch.values)
        except ScribeDied as died:
            self._died(died, shots)

    def _kit(self, variant: int) -> tuple[str, object, object, str | None]:
        chosen = self.blueprint.variants[variant]
        return chosen.prompt, chosen.texts, chosen.references, self.blueprint.path

    def _answered(self, scribe: Scribe, shots: Sequence[Shot]) -> bytes:
        try:
            return scribe.raw_answer()
        except ScribeDied as died:
            return self._died(died, shots)

    def _died(self, died: ScribeDied, shots: Sequence[Shot]) -> NoReturn:
        shot = shots[died.number]
        template = self.blueprint.variants[shot.spot.variant].prompt
        problem = {"template": template, "line": 1, "complaint": died.reason}
        self._note(problem, shot)
        self._problems.settle()
        raise died

    def _note(self, problem: Mapping[str, Any], shot: Shot) -> None:
        self._problems.note(problem, shot.spot, name_of(self.blueprint, shot.spot.point))

    def _keep(self, shots: Sequence[Shot], reply: bytes) -> None:
        """Check what came and put it away."""
        answer = json.loads(reply)
        for problem in answer["problems"]:
            self._note(problem, shots[problem["shot"]])
        pages = answer["pages"]
        heads = array("i")
        for shot, page in zip(shots, answer["written"], strict=True):
            if page is not None:
                spot, round_, take, _ = shot
                heads.extend((*spot.point, spot.variant, round_, take, page))
                self._check(Written(shot, *pages[page]))
        chapter = Chapter(zlib.compress(heads.tobytes(), 1), zlib.compress(reply, 1))
        self._chapters.append(chapter)

    def _unfold(self, chapter: Chapter) -> Iterator[Written]:
        """What one batch was; images of a cell share their spot, and their words in memory."""
        heads = array("i")
        heads.frombytes(zlib.decompress(chapter.heads))
        pages = json.loads(zlib.decompress(chapter.pages))["pages"]
        axes = len(self.blueprint.matrix.axes)
        spot: Spot | None = None
        for facts in zip(*[iter(heads)] * (axes + 4), strict=True):
            point, (variant, round_, take, page) = facts[:axes], facts[axes:]
            if spot is None or spot.point != point or spot.variant != variant:
                spot = Spot(point, (), variant)
            yield Written(Shot(spot, round_, take, ""), *pages[page])

    def _check(self, written: Written) -> None:
        self._prints.append(self.fingerprint(written))
        shot = written.shot
        if written.references:
            templates = self.blueprint.variants[shot.spot.variant].references
            for template, named in zip(templates, written.references, strict=True):
                found = self.references.find(template, named) if named else None
                if isinstance(found, str):
                    self._note({"template": template, "line": 1, "complaint": found}, shot)
        if written.path is not None:
            complaint = path_complaint(written.path)
            if complaint:
                problem = {"template": self.blueprint.path, "line": 1, "complaint": complaint}
                self._note(problem, shot)
            self._collisions.add(finished(self.stage, written.path, round_=shot.round))

    def _check_collisions(self) -> None:
        suspects = self._collisions.doubled()
        if not suspects:
            return
        first: dict[str, CellName] = {}
        for chapter in self._chapters:
            for written in self._unfold(chapter):
                path = finished(self.stage, written.path or "", round_=written.shot.round)
                if hash(folded(path)) not in suspects:
                    continue
                cell = name_of(self.blueprint, written.shot.spot.point)
                other = first.setdefault(folded(path), cell)
                if other is not cell:
                    complaint = f"{path} would be written twice, also for {_told(other, cell)}"
                    problem = {"template": self.blueprint.path, "line": 1, "complaint": complaint}
                    self._note(problem, written.shot)
        self._problems.settle()


def _told(other: CellName, cell: CellName) -> str:
    return "another take of it: name {{ take }} in the path" if other == cell else str(other)
