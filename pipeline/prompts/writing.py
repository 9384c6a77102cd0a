"""Prompts written in batches by the child, kept small, then turned into jobs one by one."""

import itertools
import json
import zlib
from array import array
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from pipeline.campaign.loading import LoadedCampaign
from pipeline.campaign.matrix.ids import folded
from pipeline.campaign.resolved import CompressedPrompts, PromptBatch, UnnamedCell
from pipeline.model.campaign import CellName, Stage
from pipeline.model.request import Reference
from pipeline.prompts.batches import CellBatch
from pipeline.prompts.cells import BATCH, name_of, with_templates
from pipeline.prompts.output_paths import Collisions, doubled, finished, path_complaint
from pipeline.prompts.problems import Problems
from pipeline.prompts.references import References
from pipeline.templates.template_process import TemplateProcess, TemplateProcessDied


class PlannedImage(NamedTuple):
    """One image to be planned."""

    spot: UnnamedCell
    round: int
    take: int
    note: str


class WrittenPrompt(NamedTuple):
    """What the child wrote for one image."""

    shot: PlannedImage
    prompt: str
    texts: Mapping[str, str]
    references: Sequence[str]
    path: str | None


class TemplateInputs(NamedTuple):
    """What of an image its templates name; images alike in it have the same words."""

    axes: tuple[int, ...]
    joins: tuple[int, ...]
    round: bool
    take: bool


class RequestedBatch(NamedTuple):
    """A batch on its way: some images ask for the same words as an earlier one."""

    shots: Sequence[PlannedImage]
    pages: Sequence[int]
    """For each image, which of the words that are written are its own."""


Shots = Callable[[TemplateProcess], Iterator[PlannedImage]]


class WrittenPrompts:
    """All prompts of one stage, checked; a few bytes each, so that a million can wait."""

    def __init__(self, loaded: LoadedCampaign, stage: Stage) -> None:
        self.loaded = loaded
        self.stage = stage
        self.references = References(loaded)
        self._compressed = CompressedPrompts((), frozenset())
        self._chapters: list[PromptBatch] = []
        self._prints = array("q")
        axes = loaded.matrix.axes
        self._size_axis = next(number for number, axis in enumerate(axes) if axis.name == "size")
        self._ratios = [size.ratio for size in axes[self._size_axis].sizes]
        self._gists: dict[int, TemplateInputs] = {}
        self._problems = Problems(loaded)
        self._collisions = Collisions()

    def write(self, shots: Shots, *, wanted: Hashable = None) -> None:
        """Write every prompt; `CampaignError` with every one that cannot be.

        What was written for the same `wanted` before is taken from the shelf.
        """
        shelf = self.loaded.shelf
        compressed = shelf.find((self.stage, wanted)) if wanted is not None else None
        if compressed is None:
            compressed = self._written(shots)
            shelf.keep((self.stage, wanted), compressed)
        self._compressed = compressed

    def _written(self, shots: Shots) -> CompressedPrompts:
        with TemplateProcess() as template_process:
            with_templates(self.loaded, template_process)
            coming = shots(template_process)
            before: tuple[RequestedBatch, bytes] | None = None
            while some := list(itertools.islice(coming, BATCH)):
                asked = self._ask(template_process, some)
                if before is not None:
                    self._keep(*before)
                before = asked, self._answered(template_process, asked)
            if before is not None:
                self._keep(*before)
        self._problems.settle()
        self._check_collisions()
        return CompressedPrompts(tuple(self._chapters), frozenset(doubled(self._prints)))

    def read(self) -> Iterator[WrittenPrompt]:
        """Everything in order."""
        for chapter in self._compressed.chapters:
            yield from self._unfold(chapter)

    @property
    def doubled(self) -> frozenset[int]:
        """Hashes of requests that more than one image has."""
        return self._compressed.doubled

    def fingerprint(self, written: WrittenPrompt) -> int:
        """A hash that equal requests of one take share."""
        spot, round_, take, _ = written.shot
        return hash((written.prompt, self.ratio(spot), round_, take, *written.references))

    def ratio(self, spot: UnnamedCell) -> str:
        """The ratio that the images of a cell are rendered in."""
        return self._ratios[spot.point[self._size_axis]]

    def found(self, written: WrittenPrompt) -> tuple[Reference, ...]:
        """The images that go with a request."""
        templates = self.loaded.variants[written.shot.spot.variant].references
        named = zip(templates, written.references, strict=True)
        found = (self.references.find(template, name) for template, name in named if name)
        return tuple(one for one in found if isinstance(one, Reference))

    def _ask(
        self, template_process: TemplateProcess, shots: Sequence[PlannedImage]
    ) -> RequestedBatch:
        batch = CellBatch(self.loaded)
        kits: dict[int, int] = {}
        known: dict[Hashable, int] = {}
        pages: list[int] = []
        wanted: list[tuple[int, list[int], int, int, str]] = []
        last: UnnamedCell | None = None
        for spot, round_, take, note in shots:
            if spot is not last:
                last, gist = spot, self._gist(spot.variant)
                named = [spot.point[axis] for axis in gist.axes]
                named += [spot.rows[join] for join in gist.joins]
                alike = (spot.variant, *named)
            words = (alike, note, round_ if gist.round else 0, take if gist.take else 0)
            page = known.get(words)
            if page is None:
                page = known[words] = len(wanted)
                kit = kits.setdefault(spot.variant, len(kits))
                wanted.append((kit, batch.numbers(spot), take, round_, note))
            pages.append(page)
        asked = RequestedBatch(shots, pages)
        head = {
            "op": "write",
            "stage": self.stage,
            "kits": [self._kit(variant) for variant in kits],
            "shots": wanted,
        }
        try:
            template_process.post(head, batch.values)
        except TemplateProcessDied as died:
            self._died(died, asked)
        return asked

    def _gist(self, variant: int) -> TemplateInputs:
        gist = self._gists.get(variant)
        if gist is None:
            prompt, texts, references, path = self._kit(variant)
            templates = [prompt, *(name for _, name in texts), *references]
            said = self.loaded.library.vocabulary.said([*templates, *([path] if path else [])])
            axes, joins = self.loaded.matrix.axes, self.loaded.joins
            gist = self._gists[variant] = TemplateInputs(
                axes=tuple(number for number, axis in enumerate(axes) if axis.name in said),
                joins=tuple(number for number, one in enumerate(joins) if one.table.name in said),
                round="round" in said,
                take="take" in said,
            )
        return gist

    def _kit(
        self, variant: int
    ) -> tuple[str, Sequence[tuple[str, str]], Sequence[str], str | None]:
        chosen = self.loaded.variants[variant]
        return chosen.prompt, chosen.texts, chosen.references, self.loaded.path

    def _answered(self, template_process: TemplateProcess, asked: RequestedBatch) -> bytes:
        try:
            return template_process.raw_answer()
        except TemplateProcessDied as died:
            return self._died(died, asked)

    def _died(self, died: TemplateProcessDied, asked: RequestedBatch) -> NoReturn:
        shot = asked.shots[asked.pages.index(died.number)]
        template = self.loaded.variants[shot.spot.variant].prompt
        problem = {"template": template, "line": 1, "complaint": died.reason}
        self._note(problem, shot)
        self._problems.settle()
        raise died

    def _note(self, problem: Mapping[str, Any], shot: PlannedImage) -> None:
        self._problems.note(problem, shot.spot, name_of(self.loaded, shot.spot.point))

    def _keep(self, asked: RequestedBatch, reply: bytes) -> None:
        """Check what came and put it away."""
        answer = json.loads(reply)
        for problem in answer["problems"]:
            for shot, page in zip(asked.shots, asked.pages, strict=True):
                if page == problem["shot"]:
                    self._note(problem, shot)
        written = answer["written"]
        heads = array("i")
        for shot, page in zip(asked.shots, asked.pages, strict=True):
            spot, round_, take, _ = shot
            heads.extend((*spot.point, spot.variant, round_, take, page))
            if written[page] is not None:
                self._check(WrittenPrompt(shot, *written[page]))
        chapter = PromptBatch(zlib.compress(heads.tobytes(), 1), zlib.compress(reply, 1))
        self._chapters.append(chapter)

    def _unfold(self, chapter: PromptBatch) -> Iterator[WrittenPrompt]:
        """What one batch was; images of a cell share their spot, and their words in memory."""
        heads = array("i")
        heads.frombytes(zlib.decompress(chapter.heads))
        pages = json.loads(zlib.decompress(chapter.pages))["written"]
        axes = len(self.loaded.matrix.axes)
        spot: UnnamedCell | None = None
        for facts in zip(*[iter(heads)] * (axes + 4), strict=True):
            point, (variant, round_, take, page) = facts[:axes], facts[axes:]
            if spot is None or spot.point != point or spot.variant != variant:
                spot = UnnamedCell(point, (), variant)
            yield WrittenPrompt(PlannedImage(spot, round_, take, ""), *pages[page])

    def _check(self, written: WrittenPrompt) -> None:
        self._prints.append(self.fingerprint(written))
        shot = written.shot
        if written.references:
            templates = self.loaded.variants[shot.spot.variant].references
            for template, named in zip(templates, written.references, strict=True):
                found = self.references.find(template, named) if named else None
                if isinstance(found, str):
                    self._note({"template": template, "line": 1, "complaint": found}, shot)
        if written.path is not None:
            complaint = path_complaint(written.path)
            if complaint:
                problem = {"template": self.loaded.path, "line": 1, "complaint": complaint}
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
                cell = name_of(self.loaded, written.shot.spot.point)
                other = first.setdefault(folded(path), cell)
                if other is not cell:
                    complaint = f"{path} would be written twice, also for {_told(other, cell)}"
                    problem = {"template": self.loaded.path, "line": 1, "complaint": complaint}
                    self._note(problem, written.shot)
        self._problems.settle()


def _told(other: CellName, cell: CellName) -> str:
    return "another take of it: name {{ take }} in the path" if other == cell else str(other)
